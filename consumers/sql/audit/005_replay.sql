-- Tells replays apart: their events were counted where they were first exchanged.

alter table audit.disclosure add replay boolean not null default false;
comment on column audit.disclosure.replay is
    'Published before the person came on file at the recipient, and disclosed afterwards.';

grant select (replay) on audit.disclosure to inspector;
grant select on audit.disclosure, audit.position to replay;
