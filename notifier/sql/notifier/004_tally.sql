-- What came in, was settled, opened and announced, summed up in the transaction that does it.

create function notifier.mark(identifier bytea) returns bigint language sql immutable parallel safe
return ('x' || encode(substring(sha256(identifier) from 1 for 8), 'hex'))::bit(64)::bigint;
comment on function notifier.mark is 'The number that stands for a member of a set: the first 64 bits of its SHA-256.';

create table notifier.tally (
    what text not null check (what in ('received', 'settled', 'opened', 'announced')),
    partition int not null,
    writer int not null,
    number bigint not null,
    digest numeric not null,
    primary key (what, partition, writer)
);
comment on table notifier.tally is
    'How many, and the sum of their marks: versions of findings received, and settled; notices opened; messages about '
    'notices put in the outbox. A row per backend, so that nobody waits for another one''s transaction.';

create function notifier.tally_findings() returns trigger language plpgsql as $$
begin
    insert into notifier.tally as kept (what, partition, writer, number, digest)
    select what, partition, pg_backend_pid(), sum(number), sum(number * notifier.mark((finding || '@' || version)::bytea))
    from (
        select 'received' as what, partition, finding, version, 1 as number from added
        union all
        select 'settled', partition, finding, version, 1 from added where settled
    ) as change
    group by what, partition
    order by what, partition
    on conflict (what, partition, writer) do update
    set number = kept.number + excluded.number, digest = kept.digest + excluded.digest;
    return null;
end
$$;
create trigger tally_added after insert on notifier.finding referencing new table as added
    for each statement execute function notifier.tally_findings();

create function notifier.tally_settled() returns trigger language plpgsql as $$
begin
    insert into notifier.tally as kept (what, partition, writer, number, digest)
    select 'settled', partition, pg_backend_pid(), sum(number), sum(number * notifier.mark((finding || '@' || version)::bytea))
    from (
        select partition, finding, version, 1 as number from after where settled
        union all
        select partition, finding, version, -1 from before where settled
    ) as change
    group by partition
    order by partition
    on conflict (what, partition, writer) do update
    set number = kept.number + excluded.number, digest = kept.digest + excluded.digest;
    return null;
end
$$;
create trigger tally_changed after update on notifier.finding referencing old table as before new table as after
    for each statement execute function notifier.tally_settled();

create function notifier.tally_removed() returns trigger language plpgsql as $$
begin
    insert into notifier.tally as kept (what, partition, writer, number, digest)
    select what, partition, pg_backend_pid(), -count(*), -sum(notifier.mark((finding || '@' || version)::bytea))
    from removed, unnest(array['received', 'settled']) as what
    where what = 'received' or settled
    group by what, partition
    order by what, partition
    on conflict (what, partition, writer) do update
    set number = kept.number + excluded.number, digest = kept.digest + excluded.digest;
    return null;
end
$$;
create trigger tally_removed after delete on notifier.finding referencing old table as removed
    for each statement execute function notifier.tally_removed();

create function notifier.tally_opened() returns trigger language plpgsql as $$
begin
    insert into notifier.tally as kept (what, partition, writer, number, digest)
    select 'opened', partition, pg_backend_pid(), count(*), sum(notifier.mark(notice::bytea))
    from added
    group by partition
    order by partition
    on conflict (what, partition, writer) do update
    set number = kept.number + excluded.number, digest = kept.digest + excluded.digest;
    return null;
end
$$;
create trigger tally_added after insert on notifier.notice referencing new table as added
    for each statement execute function notifier.tally_opened();

create function notifier.tally_announced() returns trigger language plpgsql as $$
begin
    insert into notifier.tally as kept (what, partition, writer, number, digest)
    select 'announced', 0, pg_backend_pid(), count(*), sum(notifier.mark(value))
    from added
    where topic = 'notices.status'
    having count(*) > 0
    on conflict (what, partition, writer) do update
    set number = kept.number + excluded.number, digest = kept.digest + excluded.digest;
    return null;
end
$$;
create trigger tally_added after insert on notifier.outbox referencing new table as added
    for each statement execute function notifier.tally_announced();

insert into notifier.tally (what, partition, writer, number, digest)
select what, partition, 0, count(*), sum(notifier.mark((finding || '@' || version)::bytea))
from notifier.finding, unnest(array['received', 'settled']) as what
where what = 'received' or settled
group by what, partition;
insert into notifier.tally (what, partition, writer, number, digest)
select 'opened', partition, 0, count(*), sum(notifier.mark(notice::bytea)) from notifier.notice group by partition;
insert into notifier.tally (what, partition, writer, number, digest)
select 'announced', 0, 0, count(*), sum(notifier.mark(value))
from notifier.outbox where topic = 'notices.status' having count(*) > 0;

-- A batch of letters is summed up from its manifest as it lies on the disk: the printer may take the folder away.
create table notifier.manifest (
    batch text primary key,
    number bigint not null,
    digest numeric not null
);
comment on table notifier.manifest is 'The letters that the manifest of a batch names, read back before it was handed over.';
insert into notifier.manifest (batch, number, digest)
select batch, count(*), sum(notifier.mark(notice::bytea))
from notifier.notice where channel = 'letter' and batch is not null and state in ('handing over', 'handed over')
group by batch;

-- What the notices are now, summed up; no name, no number of a person.
create view notifier.notice_tally as
    select state, channel, count(*) as number, sum(notifier.mark(notice::bytea)) as digest
      from notifier.notice group by state, channel;

grant select, insert, update on notifier.tally, notifier.manifest to notifier;
-- Findings counted anew, from the findings themselves.
create view notifier.recounted as
    select count(*) as number, sum(notifier.mark((finding || '@' || version)::bytea)) as digest from notifier.finding;

grant select on notifier.tally, notifier.manifest, notifier.notice_tally, notifier.recounted to inspector;
