-- What was published is removed some time after it was written.

alter table rules.outbox add at timestamptz not null default now();
grant delete on rules.outbox to relay;
