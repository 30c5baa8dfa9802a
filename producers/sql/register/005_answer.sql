-- Every answer to a submission, stored in the transaction that stores the submission.

alter table register.submission add judged int check (judged >= 0);
comment on column register.submission.judged is
    'How many declarations of the file were judged, each with its answer; null where it came before answers were stored.';
create index submission_received on register.submission (received_at desc, id);

create table register.answer (
    submission text not null references register.submission,
    number int not null check (number >= 0),
    at timestamptz not null default now(),
    result text not null check (case number when 0 then result in ('received', 'refused') else result in ('accepted', 'refused') end),
    about jsonb not null,
    anomalies jsonb not null,
    primary key (submission, number)
);
comment on table register.answer is
    'Number 0 is the acknowledgement of the file, the others answer one declaration each, in the order of the file.';
comment on column register.answer.about is
    'Which declaration: its place in the file, employer, quarter and form. Nothing of its content, and no person.';
comment on column register.answer.anomalies is 'Code, element, severity and place of each. Never a value of the file.';

-- What the ledger compares: what each submission owes, and what is stored. Counted from the rows, by submission.
create view register.answers_due as
    select 'acknowledgements' as what, count(*) as number, sum(register.mark(convert_to(id, 'UTF8'))) as digest
    from register.submission where judged is not null
    union all
    select 'notifications', coalesce(sum(judged), 0), sum(register.mark(convert_to(id, 'UTF8'))::numeric * judged)
    from register.submission where judged is not null;

create view register.answers_stored as
    select case number when 0 then 'acknowledgements' else 'notifications' end as what, count(*) as number,
        sum(register.mark(convert_to(submission, 'UTF8'))) as digest
    from register.answer group by 1;

grant select, insert on register.answer to intake;
grant select on register.answers_due, register.answers_stored to inspector;
