-- Who came on file, in the order in which it was committed: what was published before is replayed to their institution.

create table directory.integration (
    id bigint generated always as identity primary key,
    tx xid8 not null default pg_current_xact_id(),
    person text not null,
    institution text not null,
    quality text not null,
    since date not null,
    until date,
    at timestamptz not null default now()
);
create index integration_order on directory.integration (tx, id);
comment on table directory.integration is
    'One line per dossier that is new, or whose period grew; read in order (tx, id), never past a running transaction.';

grant usage on schema directory to dossiers, replay, inspector;
grant insert on directory.integration to operator, dossiers;
grant select on directory.integration, directory.dossier to replay;
grant select (id, tx) on directory.integration to inspector;
