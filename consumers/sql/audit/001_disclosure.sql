-- The record of every disclosure and refusal: it can be added to, never changed, and a chain of hashes shows it.

create schema if not exists audit;

create table audit.position (topic text, partition int, next bigint not null, primary key (topic, partition));

create table audit.segment (
    partition int not null,
    number bigint not null,
    at timestamptz not null,
    exchanged int not null,
    refused int not null,
    contract int not null,
    body bytea not null,
    previous bytea not null,
    hash bytea not null,
    primary key (partition, number)
);
comment on column audit.segment.body is 'The disclosures record as it came, Avro without framing; `contract` says which.';
comment on column audit.segment.hash is
    'SHA-256 over the previous hash of this partition, partition, number, contract and body.';

create table audit.disclosure (
    partition int not null,
    number bigint not null,
    event text not null,
    person bytea not null,
    recipient text not null,
    deliberation text not null,
    contract int not null
);
comment on table audit.disclosure is 'Who received what about whom on which basis; contract is the schema, so which fields.';
create index disclosure_person on audit.disclosure (person);

create table audit.refusal (
    partition int not null,
    number bigint not null,
    recipient text not null,
    reason text not null,
    events int not null,
    primary key (partition, number, recipient, reason)
);
comment on table audit.refusal is 'How many events a recipient did not get and why; which ones stands in the segment.';

create function audit.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'The record of disclosures cannot be changed.' using errcode = 'restrict_violation';
end
$$;

create trigger append_only before update or delete or truncate on audit.segment
    for each statement execute function audit.refuse_change();
create trigger append_only before update or delete or truncate on audit.disclosure
    for each statement execute function audit.refuse_change();
create trigger append_only before update or delete or truncate on audit.refusal
    for each statement execute function audit.refuse_change();

grant usage on schema audit to audit, inspector;
grant select, insert on audit.segment, audit.disclosure, audit.refusal to audit;
grant select, insert, update on audit.position to audit;
grant select on audit.position, audit.refusal to inspector;
grant select (partition, number, at, exchanged, refused) on audit.segment to inspector;
grant select (recipient, deliberation, contract) on audit.disclosure to inspector;
