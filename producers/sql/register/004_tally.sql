-- What was accepted, summed up in the transaction that accepts it: the ledger compares it with what was published.

create function register.mark(identifier bytea) returns bigint language sql immutable parallel safe
return ('x' || encode(substring(sha256(identifier) from 1 for 8), 'hex'))::bit(64)::bigint;
comment on function register.mark is 'The number that stands for a member of a set: the first 64 bits of its SHA-256.';

create function register.event(value bytea) returns bytea language sql immutable parallel safe
return case when length(value) > 5 then substring(value from 7 for get_byte(value, 5) / 2) else value end;
comment on function register.event is
    'The identifier a framed record begins with, after byte 0, the schema id and its length; never fails.';

create table register.tally (
    day timestamptz not null,
    writer int not null,
    number bigint not null,
    digest numeric not null,
    primary key (day, writer)
);
comment on table register.tally is
    'How many facts were accepted in 24 hours that begin at `day`, and the sum of the marks of their events; a row per backend, so that '
    'nobody waits for another one''s transaction.';

create function register.tally_added() returns trigger language plpgsql as $$
begin
    insert into register.tally as kept (day, writer, number, digest)
    select date_bin('1 day', now(), timestamptz '1970-01-01 00:00:00Z'), pg_backend_pid(), count(*), sum(register.mark(register.event(value)))
    from added
    having count(*) > 0
    on conflict (day, writer) do update
    set number = kept.number + excluded.number, digest = kept.digest + excluded.digest;
    return null;
end
$$;

create trigger tally_added after insert on register.outbox referencing new table as added
    for each statement execute function register.tally_added();

insert into register.tally (day, writer, number, digest)
select timestamptz '1970-01-01 00:00:00Z', 0, count(*), sum(register.mark(register.event(value))) from register.outbox having count(*) > 0;

-- Whether a message is a fact that was accepted, for whoever has it in hand; shows nothing of any other.
create view register.fact_digest as select sha256(value) as digest from register.outbox;

-- The same counted anew, from the facts themselves.
create view register.recounted as
    select count(*) as number, sum(register.mark(register.event(value))) as digest from register.outbox;

grant select, insert, update on register.tally to intake;
grant select on register.tally, register.fact_digest, register.recounted to inspector;
