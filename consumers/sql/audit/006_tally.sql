-- What was exchanged, delivered and logged, summed up with the log itself: topics expire, this does not.

create function audit.mark(identifier bytea) returns bigint language sql immutable parallel safe
return ('x' || encode(substring(sha256(identifier) from 1 for 8), 'hex'))::bit(64)::bigint;
comment on function audit.mark is 'The number that stands for a member of a set: the first 64 bits of its SHA-256.';

create table audit.tally (
    what text not null check (what in ('exchanged', 'unreadable', 'accounted', 'delivered', 'logged')),
    recipient text not null,
    deliberation text not null,
    partition int not null,
    day timestamptz not null,
    number bigint not null,
    digest numeric,
    primary key (what, recipient, deliberation, partition, day)
);
comment on table audit.tally is
    'How many events, and the sum of their marks. Exchanged: read by the exchange; unreadable: messages it set aside; '
    'accounted: delivered to a recipient or refused; delivered: copies as they left; logged: rows of audit.disclosure. '
    'The 24 hours that begin at `day` are those of the exchange, of copies those of the event; 1970-01-01 where none is kept.';
comment on column audit.tally.digest is 'Null where it was counted before there were digests.';

create function audit.tally_logged() returns trigger language plpgsql as $$
begin
    insert into audit.tally as kept (what, recipient, deliberation, partition, day, number, digest)
    select 'logged', recipient, deliberation, partition, timestamptz '1970-01-01 00:00:00Z', count(*), sum(audit.mark(event::bytea))
    from changed
    group by recipient, deliberation, partition
    order by recipient, deliberation, partition
    on conflict (what, recipient, deliberation, partition, day) do update
    set number = kept.number + excluded.number, digest = kept.digest + excluded.digest;
    return null;
end
$$;

create trigger tally_logged after insert on audit.disclosure referencing new table as changed
    for each statement execute function audit.tally_logged();

-- What an earlier version logged: what was delivered is what was logged; of what concerned nobody there is a number only.
insert into audit.tally (what, recipient, deliberation, partition, day, number, digest)
select what, recipient, deliberation, partition, timestamptz '1970-01-01 00:00:00Z', count(*), sum(audit.mark(event::bytea))
from audit.disclosure, unnest(array['logged', 'delivered']) as what
group by 1, 2, 3, 4;

insert into audit.tally (what, recipient, deliberation, partition, day, number, digest)
select 'accounted', recipient, '', partition, timestamptz '1970-01-01 00:00:00Z', sum(number), null
from (
    select recipient, partition, count(distinct event) as number from audit.disclosure
    where not replay and recipient <> 'rules' group by 1, 2
    union all
    select recipient, partition, sum(events) from audit.refusal group by 1, 2
) as outcome
group by recipient, partition;

-- Unreadable messages were counted as exchanged; whatever could be read was accounted for to every institution.
with seen as (
    select partition, sum(exchanged)::bigint as messages from audit.segment group by 1
), readable as (
    select partition, max(number) as number from audit.tally where what = 'accounted' group by 1
), copied as (
    select partition, count(*) as number, sum(audit.mark(event::bytea)) as digest
    from (select distinct partition, event from audit.disclosure where not replay) as event group by 1
)
insert into audit.tally (what, recipient, deliberation, partition, day, number, digest)
select 'exchanged', '', '', partition, timestamptz '1970-01-01 00:00:00Z', coalesce(readable.number, 0),
    case when copied.number = readable.number then copied.digest end
from seen left join readable using (partition) left join copied using (partition)
union all
select 'unreadable', '', '', partition, timestamptz '1970-01-01 00:00:00Z', messages - coalesce(readable.number, 0), null
from seen left join readable using (partition)
where messages > coalesce(readable.number, 0);

-- Whoever recounts asks when an event was judged.
grant select (partition, number, at) on audit.segment to replay;
grant select, insert, update on audit.tally to audit;
grant select on audit.tally to inspector;
