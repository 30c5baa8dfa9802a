-- What was published is removed some time after it was written.

alter table notifier.outbox add at timestamptz not null default now();
grant delete on notifier.outbox to relay;
