-- What was published is removed some time after it was written.

alter table audit.outbox add at timestamptz not null default now();
grant delete on audit.outbox to relay;
