-- What rules over several quarters see of a person: working time by quarter and employer, made of the facts held.

create table rules.history (person bytea primary key, body bytea not null);
comment on table rules.history is 'Working time of each person by quarter and employer, without wages; kept as long as the facts it is made of.';
comment on column rules.history.person is 'Pseudonym, as in the keys of the topics.';
comment on column rules.history.body is 'JSON, as rules/view/history.py packs it.';

grant select, insert, update on rules.history to rules;
