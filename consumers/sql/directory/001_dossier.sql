-- The reference directory: who is on file where, in which quality, and when. It says nothing of what is in the file.

create schema if not exists directory;

create table directory.dossier (
    person text not null,
    institution text not null,
    quality text not null,
    since date not null,
    until date check (until >= since),
    primary key (person, institution, quality, since)
);
comment on table directory.dossier is
    'One line: a person on file at an institution in a quality during a period, both days included.';

-- Lines of a file on their way in; emptied in the transaction that fills it.
create unlogged table directory.incoming (
    person text not null,
    institution text not null,
    quality text not null,
    since date not null,
    until date
);

grant usage on schema directory to exchange, operator;
grant select on directory.dossier to exchange;
grant select, insert, update on directory.dossier to operator;
grant select, insert, delete, truncate on directory.incoming to operator;
