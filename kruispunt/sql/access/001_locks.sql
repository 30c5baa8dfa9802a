-- Which role may take which lock: the mechanism is the backbone's (locks.take), who does what is known here.

insert into locks.holder values
    (5019772, 'relay'),
    (5019773, 'notifier'),
    (5019774, 'exchange'),
    (5019775, 'audit'),
    (5019776, 'operator'),
    (5019777, 'operator'), (5019777, 'dossiers'),
    (5019778, 'replay'),
    (5019785, 'audit'),
    (5019790, 'operator'),
    (5019791, 'replay')
on conflict do nothing;
comment on table locks.holder is
    'Which role may take which lock; the numbers are those of backbone.postgres.Lock and schemas.locks.StageLock.';
grant usage on schema locks to relay, notifier, exchange, audit, operator, dossiers, replay;
grant execute on function locks.take to relay, notifier, exchange, audit, operator, dossiers, replay;
