insert into rules.earlier (person, quarter, declaration, kind, employer, version, contract, body)
select * from unnest(%b::bytea[], %b::text[], %b::text[], %b::text[], %b::text[], %b::int[], %b::int[], %b::bytea[])
