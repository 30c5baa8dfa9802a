select person, quarter, employer, finding, version, status, essence, contract, body
from rules.finding
where person = any(%(persons)b::bytea[]) and (quarter >= %(quarter)b or employer = '')
