insert into rules.finding as kept (person, quarter, employer, finding, version, status, essence, body)
select *
from unnest(%b::bytea[], %s::text[], %s::text[], %s::text[], %s::int[], %s::text[], %s::text[], %b::bytea[])
on conflict (person, quarter, finding) do update
set version = excluded.version, status = excluded.status, essence = excluded.essence, body = excluded.body
