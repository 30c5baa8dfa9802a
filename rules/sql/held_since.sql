select person, quarter, declaration, kind, employer, version, contract, body
from rules.fact
where person = any(%(persons)b::bytea[])
  and (
      quarter >= %(quarter)b
      or quarter = ''
      or not exists (select from rules.history where history.person = fact.person)
  )
