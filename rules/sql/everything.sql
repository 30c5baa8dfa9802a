select person, quarter, declaration, kind, employer, version, contract, body from rules.fact order by person
