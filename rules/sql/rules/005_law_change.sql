-- Law that changed backwards: what it touches is decided again, person by person, on record.

create table rules.law_change (
    change text primary key,
    since date not null,
    parameters text[] not null,
    quarter text not null,
    begun_at timestamptz not null default clock_timestamp(),
    persons int not null,
    decided int not null default 0,
    changed int not null default 0
);
comment on table rules.law_change is 'Each change of the law that was applied to what was decided before.';
comment on column rules.law_change.since is 'Figures known on this day or later are new.';
comment on column rules.law_change.parameters is 'The rows that became known, by version: only a process that has them all may decide.';
comment on column rules.law_change.quarter is 'The first quarter in which they may change anything.';
comment on column rules.law_change.decided is 'How many persons were decided again, those with a problem included.';
comment on column rules.law_change.changed is 'How many findings were found, replaced or withdrawn.';

create table rules.redecision (
    change text not null references rules.law_change,
    person bytea not null,
    problem text,
    primary key (change, person)
);
create index redecision_waiting on rules.redecision (change, person) where problem is null;
comment on table rules.redecision is 'The persons that wait to be decided again, and those that could not be, with the reason.';

create function rules.begin_redecision(change text, since date, parameters text[], quarter text, reason text) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    number int;
begin
    delete from rules.redecision r where r.change = begin_redecision.change;
    insert into rules.law_change as held (change, since, parameters, quarter, persons)
    values (begin_redecision.change, begin_redecision.since, begin_redecision.parameters, begin_redecision.quarter, 0)
    on conflict on constraint law_change_pkey do update
    set begun_at = clock_timestamp(), persons = 0, decided = 0, changed = 0;
    -- Persons about whom something was declared since that quarter, and those about whom only decisions are held.
    insert into rules.redecision (change, person)
    select distinct begin_redecision.change, fact.person from rules.fact
     where fact.quarter >= begin_redecision.quarter or fact.quarter = '';
    get diagnostics number = row_count;
    update rules.law_change held set persons = number where held.change = begin_redecision.change;
    insert into audit.act (line) values (jsonb_build_object(
        'action', 'had persons decided again by changed law', 'about', begin_redecision.change,
        'detail', jsonb_build_object(
            'known_since', begin_redecision.since, 'figures', to_jsonb(begin_redecision.parameters),
            'from_quarter', begin_redecision.quarter, 'persons', number, 'reason', begin_redecision.reason
        )
    )::text);
    return number;
end
$$;
comment on function rules.begin_redecision is
    'Lets the persons whom a change of the law may touch be decided again, with an act; gives their number.';
revoke execute on function rules.begin_redecision from public;
grant usage on schema rules to operator;
grant execute on function rules.begin_redecision to operator;
grant select on rules.law_change to operator, inspector;
grant select (change, problem) on rules.redecision to operator;

grant select on rules.law_change to rules;
grant update (decided, changed) on rules.law_change to rules;
grant select, insert, delete, update (problem) on rules.redecision to rules;
