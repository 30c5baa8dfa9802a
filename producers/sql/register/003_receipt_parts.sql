-- A receipt may name more declarations than one value can hold: what is beyond the first part has rows of its own.

create table register.receipt_part (
    submission text not null references register.submission,
    number int not null check (number > 0),
    declarations jsonb not null,
    primary key (submission, number)
);
comment on table register.receipt_part is
    'What follows register.submission.declarations in a long receipt, in the order of number.';

grant select, insert on register.receipt_part to intake;
