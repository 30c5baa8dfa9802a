select person, quarter, employer, finding, version, status, essence, contract, body
from rules.finding
where person = any(%(persons)b::bytea[])
  and (quarter = any(%(quarters)b::text[]) or person = any(%(decided)b::bytea[]) or employer = '')
