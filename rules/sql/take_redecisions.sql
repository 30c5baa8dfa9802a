delete from rules.redecision
where (change, person) in (
    select change, person from rules.redecision
    where change = %s and problem is null
    order by person
    limit %s
    for update skip locked
)
returning person
