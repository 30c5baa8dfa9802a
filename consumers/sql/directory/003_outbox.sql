-- Answers to the institutions, in the transaction of what they are about; the relay publishes them.

create table directory.outbox (
    id bigint generated always as identity primary key,
    tx xid8 not null default pg_current_xact_id(),
    topic text not null,
    key bytea not null,
    value bytea not null
);
create index outbox_order on directory.outbox (tx, id);

grant usage on schema directory to relay;
grant select on directory.outbox to relay;
grant insert on directory.outbox to dossiers;
grant select (id, tx, topic) on directory.outbox to inspector;
