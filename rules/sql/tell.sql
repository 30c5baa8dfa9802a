insert into rules.outbox (topic, key, value) select * from unnest(%b::text[], %b::bytea[], %b::bytea[])
