-- Which publication of each outbox was the last: Kafka has the same number and token with the position, but never first.

create table register.mark (
    source text primary key,
    number bigint not null,
    token text not null,
    before text not null,
    tx bigint not null,
    id bigint not null,
    ends jsonb not null default '[]',
    at timestamptz not null default now()
);
comment on column register.mark.before is 'The token of the publication before: Kafka may not have the last one yet.';
comment on column register.mark.tx is
    'Up to here (tx, id) all is published, and lies on the topics before `ends`: what is compared after a restore begins here.';
comment on column register.mark.ends is 'Topic, partition and offset: [["declarations.wages", 0, 31415], …].';

grant select, insert, update on register.mark to relay, replay;
grant usage on schema register to exchange, notifier;
grant select on register.mark to exchange, notifier, inspector;

-- What was published and is not in the register any more, because the database was put back to an earlier moment.
create table register.lost (
    event text primary key,
    declaration text not null,
    version int not null,
    submission text not null
);
create index lost_declaration on register.lost (declaration);
create index lost_submission on register.lost (submission);
comment on table register.lost is
    'The same file handed in again brings its declarations back, and none of these events a second time.';

grant select, insert on register.lost to intake;
-- A file that was lost is taken in through a temporary table.
do $$ begin execute format('grant temporary on database %I to intake', current_database()); end $$;
