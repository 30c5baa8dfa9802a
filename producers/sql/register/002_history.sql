-- When each fact was accepted, and a way to all facts of a person: what was published before somebody came on file.

alter table register.outbox add at timestamptz not null default now();
comment on column register.outbox.at is 'When it was accepted; the deliberations of that day say who could have it then.';
create index outbox_person on register.outbox (key);

grant usage on schema register to replay;
grant select on register.outbox to replay;
