-- What the rules hold of each person (the narrowed facts, highest version), what they found, and how far they have read.

create schema if not exists rules;

create table rules.position (topic text, partition int, next bigint not null, primary key (topic, partition));

create table rules.fact (
    person bytea not null,
    quarter text not null,
    declaration text not null,
    kind text not null,
    employer text not null,
    version int not null,
    contract int not null,
    body bytea not null,
    primary key (person, quarter, declaration, kind)
);
comment on table rules.fact is 'The highest version of each narrowed event: all that the rules know.';
comment on column rules.fact.person is 'Pseudonym, as in the keys of the topics.';
comment on column rules.fact.quarter is 'Empty for a decision of an institution, which has a period of its own.';
comment on column rules.fact.body is 'Avro without framing, as it came; `contract` is the id of its schema.';

create table rules.finding (
    person bytea not null,
    quarter text not null,
    employer text not null,
    finding text not null,
    version int not null,
    status text not null,
    essence text not null,
    body bytea not null,
    primary key (person, quarter, finding)
);
comment on table rules.finding is 'The last state of each finding, withdrawn ones included.';
comment on column rules.finding.essence is 'What makes it another finding when it changes: amounts and certainty.';

create table rules.outbox (
    id bigint generated always as identity primary key,
    tx xid8 not null default pg_current_xact_id(),
    topic text not null,
    key bytea not null,
    value bytea not null
);
create index outbox_order on rules.outbox (tx, id);

grant usage on schema rules to rules, relay, inspector;
grant select, insert, update on rules.position, rules.fact, rules.finding to rules;
grant insert on rules.outbox to rules;
grant select on rules.outbox to relay;
grant select on rules.position to inspector;
grant select (id, tx, topic) on rules.outbox to inspector;
grant select (quarter, version, status) on rules.finding to inspector;
grant select (kind, version) on rules.fact to inspector;
