-- What an institution received, in its own database: each delivery once, as it came.

create schema if not exists store;

create table store.position (topic text, partition int, next bigint not null, primary key (topic, partition));

create table store.record (
    partition int not null,
    "offset" bigint not null,
    event text not null,
    deliberation text not null,
    declaration text not null,
    version int not null,
    status text not null,
    quarter text not null,
    employer text not null,
    person text not null,
    occurred_at timestamptz not null,
    kind text not null,
    content jsonb not null,
    primary key (partition, "offset")
);
comment on column store.record.content is 'The permitted fields; money in eurocents, days and hours times a hundred.';
create index record_person on store.record (person, quarter);

create view store.current as
select distinct on (person, declaration, kind, deliberation) *
from store.record
order by person, declaration, kind, deliberation, version desc, partition, "offset" desc;
comment on view store.current is 'The version that holds of each declaration; a cancelled one stays to be seen as such.';

grant usage on schema store to inspector;
grant select on store.position to inspector;
grant select (kind) on store.record to inspector;
