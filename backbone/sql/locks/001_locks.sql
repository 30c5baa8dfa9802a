-- Advisory locks by role: a role takes the locks that are its own, so that nobody else keeps a process from its work.

create schema if not exists locks;

create table locks.holder (
    lock int not null,
    role name not null,
    primary key (lock, role)
);
comment on table locks.holder is 'Which role may take which lock; the numbers are those of backbone.postgres.Lock.';

create function locks.take(lock int, number int, for_transaction boolean, wait boolean) returns boolean
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if not exists (
        select from locks.holder where holder.lock = take.lock and holder.role = session_user
    ) then
        raise exception 'The lock % is not one of %.', lock, session_user using errcode = 'insufficient_privilege';
    end if;
    if wait then
        case
            when for_transaction and number is null then perform pg_advisory_xact_lock(lock);
            when for_transaction then perform pg_advisory_xact_lock(lock, number);
            when number is null then perform pg_advisory_lock(lock);
            else perform pg_advisory_lock(lock, number);
        end case;
        return true;
    end if;
    return case
        when for_transaction and number is null then pg_try_advisory_xact_lock(lock)
        when for_transaction then pg_try_advisory_xact_lock(lock, number)
        when number is null then pg_try_advisory_lock(lock)
        else pg_try_advisory_lock(lock, number)
    end;
end
$$;
comment on function locks.take is
    'Whether the lock was taken: the same as by pg_advisory_lock, which is withheld from all but the owner.';
revoke execute on function locks.take from public;
