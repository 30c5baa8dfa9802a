-- What people and commands did: each act is chained to the one before it, and can be added only.

create table audit.act (
    number bigint primary key,
    line text not null,
    previous bytea not null,
    hash bytea not null
);
comment on column audit.act.line is 'JSON: number, at, by, action, about, detail; exactly the text that is hashed.';
comment on column audit.act.hash is 'SHA-256 of the previous hash and the line.';

-- Whoever adds gives action, about and detail as JSON; number, moment, role and chain are not for them to say.
create function audit.chain_act() returns trigger language plpgsql as $$
declare
    last record;
begin
    perform pg_advisory_xact_lock(5019779);
    select number, hash into last from audit.act order by number desc limit 1;
    new.number := coalesce(last.number, 0) + 1;
    new.previous := coalesce(last.hash, decode(repeat('00', 32), 'hex'));
    new.line := jsonb_build_object(
        'number', new.number,
        'at', to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        'by', session_user,
        'action', new.line::jsonb ->> 'action',
        'about', new.line::jsonb ->> 'about',
        'detail', new.line::jsonb -> 'detail'
    )::text;
    new.hash := sha256(new.previous || convert_to(new.line, 'UTF8'));
    return new;
end
$$;

create trigger chain before insert on audit.act for each row execute function audit.chain_act();
create trigger append_only before update or delete or truncate on audit.act
    for each statement execute function audit.refuse_change();

create table audit.outbox (
    id bigint generated always as identity primary key,
    tx xid8 not null default pg_current_xact_id(),
    topic text not null,
    key bytea not null,
    value bytea not null
);
create index outbox_order on audit.outbox (tx, id);

grant usage on schema audit to operator, dossiers, replay, auditor, relay;
grant select (number, hash), insert (line) on audit.act to operator, dossiers, auditor, audit;
grant select on audit.outbox to relay;
grant insert on audit.outbox to audit;
grant select (id, tx, topic) on audit.outbox to inspector;
