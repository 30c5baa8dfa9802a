-- Every finding can be decided again from the events it rested on: those that were replaced since are kept, too.

create table rules.earlier (
    person bytea not null,
    quarter text not null,
    declaration text not null,
    kind text not null,
    employer text not null,
    version int not null,
    contract int not null,
    body bytea not null,
    primary key (person, quarter, declaration, kind, version)
);
comment on table rules.earlier is 'Facts as they were before a higher version came; columns as in rules.fact.';

alter table rules.finding add column contract int not null default 929517946;
alter table rules.finding alter column contract drop default;
comment on column rules.finding.contract is 'The id of the schema of `body`.';
create index finding_name on rules.finding (finding);

grant insert on rules.earlier to rules;
grant usage on schema rules to auditor;
grant select on rules.fact, rules.earlier, rules.finding to auditor;
