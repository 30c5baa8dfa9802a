-- The chain is the owner's work: whoever adds an act neither takes its lock nor reads where it ends.

alter function audit.chain_act() security definer;
alter function audit.chain_act() set search_path = pg_catalog, pg_temp;
revoke execute on function audit.chain_act() from public;
revoke select (number, hash) on audit.act from operator, dossiers, notifier;
