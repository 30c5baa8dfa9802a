-- Dossiers have versions and can be ended; what an institution says about them is taken in once, and answered once.

alter table directory.dossier
    add column version int not null default 1 check (version >= 1),
    add column ended timestamptz;
comment on column directory.dossier.ended is
    'Since when nothing is delivered on it any more; the line stays, to look back on earlier days.';

-- What has ended makes room for a new dossier from the same day, and is in nobody's way when a batch is looked up.
alter table directory.dossier drop constraint dossier_pkey;
-- A batch is looked up in the index alone: its pages are half of what would have to be at hand.
create unique index dossier_live on directory.dossier (person, institution, quality, since) include (until)
    where ended is null;
create index dossier_ended on directory.dossier (person, institution, quality, since) where ended is not null;

create function directory.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'A dossier that has ended cannot be changed.' using errcode = 'restrict_violation';
end
$$;
create trigger ended_stays before update on directory.dossier
    for each row when (old.ended is not null) execute function directory.refuse_change();

create table directory.change (
    institution text not null,
    change text not null,
    digest bytea not null,
    code text not null,
    reason text not null,
    version int not null,
    at timestamptz not null,
    primary key (institution, change)
);
comment on table directory.change is
    'What became of each change an institution named; the digest says whether the same name comes with other content.';

create table directory.position (topic text, partition int, next bigint not null, primary key (topic, partition));

truncate directory.incoming;
alter table directory.incoming add column line int not null;

-- Whose a dossier is and from which day is never changed, and no dossier is removed.
revoke update on directory.dossier from operator;
grant update (until, version, ended) on directory.dossier to operator, dossiers;
grant select, insert on directory.dossier, directory.change to dossiers;
grant select, insert, update on directory.position to dossiers;
grant select on directory.position to inspector;
