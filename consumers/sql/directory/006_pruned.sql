-- What was published is removed some time after it was written.

alter table directory.outbox add at timestamptz not null default now();
grant delete on directory.outbox to relay;
