insert into rules.tally as kept (what, deliberation, partition, number, digest)
select * from unnest(%s::text[], %s::text[], %s::int[], %s::bigint[], %s::numeric[])
on conflict (what, deliberation, partition) do update
set number = kept.number + excluded.number, digest = kept.digest + excluded.digest
