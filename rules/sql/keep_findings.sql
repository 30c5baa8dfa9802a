insert into rules.finding as kept (person, quarter, employer, finding, version, status, essence, contract, body)
select *
from unnest(
    %b::bytea[], %b::text[], %b::text[], %b::text[], %b::int[], %b::text[], %b::text[], %b::int[], %b::bytea[]
)
on conflict (person, quarter, finding) do update
set version = excluded.version, status = excluded.status, essence = excluded.essence, contract = excluded.contract,
    body = excluded.body
