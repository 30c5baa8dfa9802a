insert into rules.history as kept (person, body)
select * from unnest(%b::bytea[], %b::bytea[])
on conflict (person) do update set body = excluded.body
