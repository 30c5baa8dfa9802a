-- An institution that takes a whole population on file gets its history with it: that raises an alarm, by whatever way
-- the dossiers come. The alarm holds nothing up.

create table directory.alarm_limit (
    "only" boolean primary key default true check ("only"),
    integrations int not null check (integrations > 0)
);
comment on table directory.alarm_limit is
    'More integrations of one institution within an hour raise an alarm; provisioning brings it to the setting.';
insert into directory.alarm_limit (integrations) values (10000);

create table directory.integrated (
    institution text,
    minute timestamptz,
    number bigint not null,
    primary key (institution, minute)
);
comment on table directory.integrated is 'How many integrations each institution had, minute by minute, of the last hour.';

create table directory.alarm (
    number bigint generated always as identity primary key,
    institution text not null,
    since timestamptz not null default clock_timestamp(),
    last timestamptz not null default clock_timestamp(),
    integrations bigint not null,
    most int not null,
    acknowledged timestamptz,
    tx xid8 not null default pg_current_xact_id()
);
comment on table directory.alarm is
    'One line from the moment the limit `most` was passed until there is quiet for an hour; shown until acknowledged.';

create function directory.count_integrations() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    here record;
    hour constant timestamptz := clock_timestamp() - interval '1 hour';
    limit_now int;
    in_the_hour bigint;
begin
    select integrations into limit_now from directory.alarm_limit;
    for here in select institution, count(*) as number from fresh group by institution order by institution loop
        delete from directory.integrated where institution = here.institution and minute < hour;
        insert into directory.integrated as kept values
            (here.institution, date_bin('1 minute', clock_timestamp(), 'epoch'), here.number)
            on conflict (institution, minute) do update set number = kept.number + excluded.number;
        select sum(number) into in_the_hour from directory.integrated where institution = here.institution;
        continue when in_the_hour <= limit_now;
        update directory.alarm set last = clock_timestamp(), integrations = integrations + here.number
            where institution = here.institution and last > hour;
        continue when found;
        insert into directory.alarm (institution, integrations, most)
            values (here.institution, in_the_hour, limit_now);
        insert into audit.act (line) values (jsonb_build_object(
            'action', 'raised an alarm', 'about', here.institution,
            'detail', jsonb_build_object('integrations', in_the_hour, 'within', '1 hour', 'limit', limit_now)
        )::text);
    end loop;
    return null;
end
$$;
revoke execute on function directory.count_integrations from public;

create trigger watched after insert on directory.integration referencing new table as fresh
    for each statement execute function directory.count_integrations();

create function directory.acknowledge_alarms(institution text, reason text) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    open_alarms int[];
begin
    with seen as (
        update directory.alarm set acknowledged = clock_timestamp()
        where alarm.institution = acknowledge_alarms.institution and acknowledged is null
        returning number
    )
    select array_agg(number order by number) into open_alarms from seen;
    if open_alarms is null then
        return 0;
    end if;
    insert into audit.act (line) values (jsonb_build_object(
        'action', 'acknowledged alarms', 'about', institution,
        'detail', jsonb_build_object('alarms', open_alarms, 'reason', reason)
    )::text);
    return cardinality(open_alarms);
end
$$;
comment on function directory.acknowledge_alarms is 'How many alarms of an institution are shown no more; an act with it.';
revoke execute on function directory.acknowledge_alarms from public;
grant execute on function directory.acknowledge_alarms to operator;

grant select on directory.alarm to operator, dossiers, inspector;
