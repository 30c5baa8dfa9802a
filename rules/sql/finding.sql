select person, quarter, employer, finding, version, status, essence, contract, body
from rules.finding
where finding = %s
