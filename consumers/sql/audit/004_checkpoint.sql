-- Signed checkpoints of all chains, the schemas that let the log explain itself, and the way to one person's refusals.

create table audit.checkpoint (
    number bigint primary key,
    text text not null,
    signature bytea not null
);
comment on table audit.checkpoint is
    'The heads of all chains at one moment; `text` is exactly what is signed. Published on the topic audit.checkpoints.';

create table audit.contract (
    number int primary key,
    schema text not null
);
comment on table audit.contract is
    'Every schema the log names, as canonical JSON; its number is the first 31 bits of the SHA-256 of that text.';

create table audit.refused (
    partition int not null,
    number bigint not null,
    person bytea not null
);
comment on table audit.refused is
    'About whom a segment holds refusals and no disclosure; whoever has both is found by audit.disclosure.';
create index refused_person on audit.refused (person);

create trigger append_only before update or delete or truncate on audit.checkpoint
    for each statement execute function audit.refuse_change();
create trigger append_only before update or delete or truncate on audit.contract
    for each statement execute function audit.refuse_change();
create trigger append_only before update or delete or truncate on audit.refused
    for each statement execute function audit.refuse_change();

grant select, insert on audit.checkpoint, audit.contract to audit;
grant insert on audit.refused to audit;

grant select on audit.segment, audit.disclosure, audit.refusal, audit.refused, audit.contract, audit.checkpoint, audit.act
    to auditor;
grant usage on schema deliberations to auditor;
grant select on deliberations.revision, deliberations.kept, deliberations.withdrawal to auditor;

-- A notice in doubt is resolved with the notifier's rights, and that is an act.
grant usage on schema audit to notifier;
grant select (number, hash), insert (line) on audit.act to notifier;
