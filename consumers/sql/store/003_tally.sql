-- What is held, summed up in the transaction that changes it: the ledger compares sets without reading a record.

create function store.mark(identifier bytea) returns bigint language sql immutable parallel safe
return ('x' || encode(substring(sha256(identifier) from 1 for 8), 'hex'))::bit(64)::bigint;
comment on function store.mark is 'The number that stands for a member of a set: the first 64 bits of its SHA-256.';

create table store.tally (
    deliberation text not null,
    partition int not null,
    day timestamptz not null,
    number bigint not null,
    digest numeric not null,
    primary key (deliberation, partition, day)
);
comment on table store.tally is
    'How many records are held of the events of 24 hours that begin at `day`, and the sum of the marks of their events. What came before '
    'there were tallies is under 1970-01-01.';

create function store.tally_change() returns trigger language plpgsql as $$
begin
    if tg_op = 'TRUNCATE' then
        delete from store.tally;
        return null;
    end if;
    insert into store.tally as kept (deliberation, partition, day, number, digest)
    select deliberation, partition, date_bin('1 day', occurred_at, timestamptz '1970-01-01 00:00:00Z'),
        case tg_op when 'DELETE' then -count(*) else count(*) end,
        case tg_op when 'DELETE' then -sum(store.mark(event::bytea)) else sum(store.mark(event::bytea)) end
    from changed
    group by 1, 2, 3
    order by 1, 2, 3
    on conflict (deliberation, partition, day) do update
    set number = kept.number + excluded.number, digest = kept.digest + excluded.digest;
    return null;
end
$$;

create trigger tally_added after insert on store.record referencing new table as changed
    for each statement execute function store.tally_change();
create trigger tally_removed after delete on store.record referencing old table as changed
    for each statement execute function store.tally_change();
create trigger tally_emptied after truncate on store.record
    for each statement execute function store.tally_change();

insert into store.tally (deliberation, partition, day, number, digest)
select deliberation, partition, timestamptz '1970-01-01 00:00:00Z', count(*), sum(store.mark(event::bytea)) from store.record group by 1, 2;

-- The same counted anew, from the records themselves.
create view store.recounted as
    select deliberation, partition, count(*) as number, sum(store.mark(event::bytea)) as digest
      from store.record group by 1, 2;

grant select on store.tally, store.recounted to inspector;
