insert into rules.fact as kept (person, quarter, declaration, kind, employer, version, contract, body)
select *
from unnest(%b::bytea[], %b::text[], %b::text[], %b::text[], %b::text[], %b::int[], %b::int[], %b::bytea[])
on conflict (person, quarter, declaration, kind) do update
set employer = excluded.employer, version = excluded.version, contract = excluded.contract, body = excluded.body
where kept.version < excluded.version
