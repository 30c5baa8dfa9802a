-- What became of dead letters, and the messages that are put back on the topics they came from.

create schema if not exists dead;

create table dead.closing (
    letter text primary key,
    state text not null check (state in ('replayed', 'dropped')),
    reason text not null default '',
    stage text not null,
    topic text not null,
    partition int not null,
    "offset" bigint not null,
    by text not null default session_user,
    at timestamptz not null default now(),
    check (state <> 'dropped' or btrim(reason) <> '')
);
comment on table dead.closing is 'Each dead letter that is not open any more. A letter without a row is open.';
comment on column dead.closing.letter is 'The first 16 hexadecimal digits of the SHA-256 of the letter as it travels.';
comment on column dead.closing.topic is 'Where the message came from, with partition and offset; a replay puts it back there.';

create function dead.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'A dead letter is closed once.' using errcode = 'restrict_violation';
end
$$;

create trigger append_only before update or delete or truncate on dead.closing
    for each statement execute function dead.refuse_change();

create table dead.outbox (
    id bigint generated always as identity primary key,
    tx xid8 not null default pg_current_xact_id(),
    topic text not null,
    partition int not null,
    key bytea,
    value bytea not null,
    at timestamptz not null default now()
);
create index outbox_order on dead.outbox (tx, id);
comment on table dead.outbox is 'Messages to put back, in the transaction that closes their letters; the relay publishes each once.';

grant usage on schema dead to operator, relay, inspector;
grant select on dead.closing to operator;
-- Who closes a letter, and when, is not for them to say.
grant insert (letter, state, reason, stage, topic, partition, "offset") on dead.closing to operator;
grant insert on dead.outbox to operator;
grant select, delete on dead.outbox to relay;
grant select on dead.closing to inspector;
grant select (id, tx, topic) on dead.outbox to inspector;
