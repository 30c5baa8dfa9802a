-- What your institution received, each record once, as it came. Keep the shape when you replace SQLite by your own database:
-- records and positions in the same database, so that one transaction can hold both.

pragma journal_mode = wal;

create table if not exists record (
    event text not null,
    deliberation text not null,
    declaration text not null,
    version integer not null,
    status text not null,
    quarter text not null,
    employer text not null,
    person text not null,
    replay integer not null,
    occurred_at text not null,
    kind text not null,
    content text not null,
    -- The same event on the same deliberation is the same record, however often you read it.
    primary key (event, deliberation)
);

-- Where to go on reading.
create table if not exists position (
    topic text not null,
    partition integer not null,
    next integer not null,
    primary key (topic, partition)
);

create index if not exists versions on record (declaration, person, kind, deliberation, version);

-- A higher version replaces a lower one, in whatever order they came: a replay may bring an old version after a newer one.
create view if not exists current as
select * from record
where not exists (
    select 1 from record higher
    where higher.declaration = record.declaration and higher.person = record.person and higher.kind = record.kind
      and higher.deliberation = record.deliberation and higher.version > record.version
);

-- What may be relied on: a cancelled declaration no longer, a reactivated one again.
create view if not exists in_force as
select * from current where status <> 'cancelled';
