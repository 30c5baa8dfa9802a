select person, body from rules.history where person = any(%(persons)b::bytea[])
