-- What was handed in and what was accepted, with its facts on their way out, all in the transaction that accepts them.

create schema if not exists register;

create table register.submission (
    id text primary key,
    digest bytea not null unique check (length(digest) = 32),
    received_at timestamptz not null default now(),
    accepted boolean not null,
    declarations jsonb not null,
    anomalies jsonb not null
);
comment on table register.submission is 'One file, known by the SHA-256 of its bytes; a refused one is kept with its anomalies.';

create table register.declaration (
    id text not null,
    version int not null check (version > 0),
    submission text not null references register.submission,
    kind text not null check (kind in ('dmfa', 'decision')),
    status text not null check (status in ('original', 'changed', 'cancelled', 'reactivated')),
    employer text not null,
    quarter text not null,
    trusteeship boolean not null,
    persons int not null,
    digest bytea not null,
    content jsonb not null,
    primary key (id, version)
);
comment on table register.declaration is
    'One version of a declaration. The id names employer, quarter and trusteeship, or institution and decision: so the '
    'same original cannot be accepted twice.';
comment on column register.declaration.content is 'What concerns no single person: head, vehicles, contributions.';
comment on column register.declaration.digest is 'Of a decision: SHA-256 of its content, to see whether it changed.';

create table register.outbox (
    id bigint generated always as identity primary key,
    tx xid8 not null default pg_current_xact_id(),
    topic text not null,
    key bytea not null,
    value bytea not null
);
create index outbox_order on register.outbox (tx, id);

grant usage on schema register to intake, relay, inspector;
grant select, insert on register.submission, register.declaration to intake;
grant insert on register.outbox to intake;
grant select on register.outbox to relay;
grant select (id, tx, topic) on register.outbox to inspector;
grant select (accepted, received_at) on register.submission to inspector;
grant select (kind, version, status, quarter, persons) on register.declaration to inspector;
