-- Who is told, what is told, and what became of it.

create schema if not exists notifier;

create table notifier.profile (
    recipient text primary key,
    kind text not null check (kind in ('citizen', 'employer')),
    first_name text not null default '',
    name text not null,
    street text not null,
    number text not null,
    box text not null,
    postcode text not null,
    town text not null,
    country text not null,
    language text not null check (language in ('nl', 'fr', 'de', 'en')),
    email text,
    email_activated boolean not null default false
);
comment on column notifier.profile.email_activated is
    'Whether the recipient officially chose to be told by e-mail; an address alone is no consent.';

-- Every version of every finding that was read; nothing in it changes but `settled`.
create table notifier.finding (
    finding text not null,
    version int not null,
    status text not null check (status in ('found', 'replaced', 'withdrawn')),
    rule text not null,
    side text not null check (side in ('citizen', 'employer')),
    recipient text not null,
    recipient_id text not null,
    employer text not null,
    person text not null,
    quarter text not null,
    occupation text,
    deduction_code text,
    amount bigint,
    claimed bigint not null,
    missing bigint,
    certainty text not null,
    trace jsonb not null,
    found_at timestamptz not null,
    partition int not null,
    received_at timestamptz not null default now(),
    settled boolean not null default false,
    primary key (finding, version)
);
create index finding_unsettled on notifier.finding (partition, side, recipient, quarter) where not settled;

create table notifier.notice (
    notice text primary key,
    side text not null,
    recipient text not null,
    recipient_id text not null,
    quarter text not null,
    sequence int not null,
    partition int not null,
    language text not null,
    channel text check (channel in ('e-mail', 'letter')),
    state text not null,
    reason text not null default '',
    attempts int not null default 0,
    due_at timestamptz not null default now(),
    batch text,
    created_at timestamptz not null default now(),
    unique (side, recipient, quarter, sequence)
);
comment on column notifier.notice.sequence is '1 for the first notice of an occasion, 2 for its first follow-up.';
create index notice_open on notifier.notice (partition, state, due_at)
    where state not in ('handed over', 'suppressed', 'cannot be told', 'in doubt');

-- What a notice tells of each finding: also `nothing`, so that every settled version leads to a notice.
create table notifier.telling (
    notice text not null references notifier.notice,
    finding text not null,
    version int not null,
    tells text not null check (tells in ('found', 'changed', 'withdrawn', 'nothing')),
    primary key (notice, finding),
    foreign key (finding, version) references notifier.finding
);
create index telling_finding on notifier.telling (finding, version);

create table notifier.notice_state (
    id bigint generated always as identity primary key,
    notice text not null references notifier.notice,
    state text not null,
    channel text,
    reason text not null,
    at timestamptz not null
);
create index notice_state_notice on notifier.notice_state (notice);

create table notifier.position (
    topic text not null,
    partition int not null,
    next bigint not null,
    primary key (topic, partition)
);

create table notifier.outbox (
    id bigint generated always as identity primary key,
    tx xid8 not null default pg_current_xact_id(),
    topic text not null,
    key bytea not null,
    value bytea not null
);
create index outbox_order on notifier.outbox (tx, id);

-- What may be known outside: no number, no name, no address.
create view notifier.notices as
    select n.notice, n.state, n.channel, n.recipient_id as recipient, n.language, n.side, n.quarter, n.sequence,
           n.reason, n.created_at,
           (select coalesce(array_agg(distinct f.rule order by f.rule), '{}')
              from notifier.telling t join notifier.finding f using (finding, version)
             where t.notice = n.notice) as rules
      from notifier.notice n;

create view notifier.counts as
    select 'findings received' as what, count(distinct finding) as number from notifier.finding
    union all
    select 'findings settled', count(distinct finding)
      from notifier.finding f
     where not exists (select from notifier.finding g where g.finding = f.finding and not g.settled)
    union all
    select 'versions received', count(*) from notifier.finding
    union all
    select 'versions settled', count(*) from notifier.finding where settled
    union all
    select 'notices', count(*) from notifier.notice
    union all
    select 'unfinished', (select count(*) from notifier.finding where not settled)
         + (select count(*) from notifier.notice
             where state not in ('handed over', 'suppressed', 'cannot be told', 'in doubt'));

create view notifier.states as select state, count(*) as number from notifier.notice group by state;

grant usage on schema notifier to notifier, operator, relay, inspector;
grant select on notifier.profile to notifier;
grant select, insert, update on notifier.profile to operator;
grant select, insert on notifier.finding, notifier.telling, notifier.notice_state, notifier.outbox to notifier;
grant update (settled) on notifier.finding to notifier;
grant select, insert, update on notifier.notice, notifier.position to notifier;
grant select on notifier.notices, notifier.counts, notifier.states to notifier, inspector;
grant select on notifier.outbox to relay;
grant select on notifier.position to inspector;
grant select (finding, version, settled) on notifier.finding to inspector;
grant select (notice, state, channel) on notifier.notice to inspector;

-- Profiles are loaded through a temporary table.
do $$ begin execute format('grant temporary on database %I to operator', current_database()); end $$;
grant select (id, tx, topic) on notifier.outbox to inspector;
