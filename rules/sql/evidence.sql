select person, quarter, declaration, kind, employer, version, contract, body from rules.fact where person = %(person)s
union all
select person, quarter, declaration, kind, employer, version, contract, body from rules.earlier where person = %(person)s
