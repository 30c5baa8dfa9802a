-- What came to the rules and what became of it, summed up with the position of each bundle.

create table rules.tally (
    what text not null check (what in ('received', 'decided', 'set aside', 'told')),
    deliberation text not null,
    partition int not null,
    number bigint not null,
    digest numeric,
    primary key (what, deliberation, partition)
);
comment on table rules.tally is
    'How many, and the sum of their marks. Facts are marked by their event; what is told, by finding and version.';
comment on column rules.tally.digest is 'Null where it was counted before there were digests.';

-- What an earlier version decided: facts say their events in their bodies only, so there are numbers.
insert into rules.tally (what, deliberation, partition, number, digest)
select what, '', -1, count(*), null
from (select from rules.fact union all select from rules.earlier) as fact, unnest(array['received', 'decided']) as what
group by what
having count(*) > 0;

insert into rules.tally (what, deliberation, partition, number, digest)
select 'told', '', -1, count(*), null from rules.outbox where topic = 'findings' having count(*) > 0;

create function rules.mark(identifier bytea) returns bigint language sql immutable parallel safe
return ('x' || encode(substring(sha256(identifier) from 1 for 8), 'hex'))::bit(64)::bigint;
comment on function rules.mark is 'The number that stands for a member of a set: the first 64 bits of its SHA-256.';

-- Every version of every finding that was told, from the state each is in.
create view rules.recounted as
    select count(*) as number, sum(rules.mark((finding || '@' || told)::bytea)) as digest
      from rules.finding, generate_series(1, version) as told;

grant select, insert, update on rules.tally to rules;
grant select on rules.tally, rules.recounted to inspector;
