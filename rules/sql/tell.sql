insert into rules.outbox (topic, key, value) select * from unnest(%s::text[], %b::bytea[], %b::bytea[])
