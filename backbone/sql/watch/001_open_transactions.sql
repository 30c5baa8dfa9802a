-- Who holds back publication, and since when: nothing of what they do, and of nobody who holds no transaction here.
-- What PostgreSQL shows of other roles' sessions takes a right that those who ask do not have.

create schema watch;
create function watch.open_transactions(wanted integer[])
    returns table (pid integer, role text, application text, state text, since timestamptz)
    language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select pid, usename::text, application_name, state, xact_start from pg_stat_activity
    where pid = any (wanted) and backend_xid is not null and datname = current_database()
    order by xact_start, pid
$$;
revoke all on function watch.open_transactions from public;
