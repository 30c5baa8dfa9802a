-- Nobody sees a finding, or the wages it rests on, without an act: it is committed before anything can be read.
--
-- A look has two steps, each a transaction. The first writes the act, and next to it what may be seen on it. The second
-- reads: it is refused unless the first has committed, so that no rollback leaves a look without its act.

create table rules.look (
    act bigint primary key,
    role name not null default session_user,
    finding text,
    person bytea,
    at timestamptz not null default clock_timestamp(),
    tx xid8 not null default pg_current_xact_id()
);
comment on table rules.look is
    'What may be seen on an act, by the role that made it, for a minute: a finding and the facts of its person, or where '
    'no finding is named everything.';

create function rules.begin_look(action text, finding text, numbers boolean) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    told record;
    act bigint;
    compared constant text := 'compared figures over the stored situations';
begin
    if action not in ('explained a finding', 'replayed a finding', compared)
        or (action = compared) <> (finding is null) then
        raise exception 'There is no such look.' using errcode = 'invalid_parameter_value';
    end if;
    if finding is null then
        insert into audit.act (line) values (jsonb_build_object(
            'action', action, 'about', 'rules.fact', 'detail', jsonb_build_object('numbers', numbers)
        )::text) returning number into act;
        insert into rules.look (act) values (act);
        return act;
    end if;
    select held.finding, held.version, held.person into told from rules.finding held
        where held.finding = begin_look.finding;
    if not found then
        -- What was asked for may be anything, also somebody's number.
        insert into audit.act (line) values (jsonb_build_object(
            'action', 'was refused a look', 'about', 'a finding',
            'detail', jsonb_build_object('reason', 'there is no such finding')
        )::text);
        return null;
    end if;
    insert into audit.act (line) values (jsonb_build_object(
        'action', action, 'about', told.finding,
        'detail', jsonb_build_object('version', told.version, 'numbers', numbers)
    )::text) returning number into act;
    insert into rules.look (act, finding, person) values (act, told.finding, told.person);
    return act;
end
$$;
comment on function rules.begin_look is
    'Writes a look down and gives the number of its act; null, with an act as well, where there is no such finding. '
    '`numbers` says whether national numbers are to be shown.';

create function rules.begun(act bigint) returns rules.look
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    this rules.look;
begin
    -- A row that is visible and not of this transaction is committed.
    select * into this from rules.look
        where look.act = begun.act and look.role = session_user
            and look.at > clock_timestamp() - interval '1 minute'
            and look.tx is distinct from pg_current_xact_id_if_assigned();
    if not found then
        raise exception 'No act that is committed, and made by % within the last minute, allows this look.', session_user
            using errcode = 'insufficient_privilege';
    end if;
    return this;
end
$$;

create function rules.look_at_finding(act bigint) returns table (
    person bytea, quarter text, employer text, finding text, version int, status text, essence text, contract int, body bytea
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    this rules.look := rules.begun(act);
begin
    return query
        select told.person, told.quarter, told.employer, told.finding, told.version, told.status, told.essence,
            told.contract, told.body
        from rules.finding told where told.finding = this.finding;
end
$$;

create function rules.look_at_evidence(act bigint) returns table (
    person bytea, quarter text, declaration text, kind text, employer text, version int, contract int, body bytea
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    this rules.look := rules.begun(act);
begin
    return query
        select held.person, held.quarter, held.declaration, held.kind, held.employer, held.version, held.contract,
            held.body
        from rules.fact held where held.person = this.person
        union all
        select held.person, held.quarter, held.declaration, held.kind, held.employer, held.version, held.contract,
            held.body
        from rules.earlier held where held.person = this.person;
end
$$;

create function rules.look_at_everything(act bigint) returns refcursor
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    this rules.look := rules.begun(act);
    stored refcursor := 'stored';
begin
    if this.finding is not null then
        raise exception 'This look is at one finding.' using errcode = 'insufficient_privilege';
    end if;
    open stored for
        select person, quarter, declaration, kind, employer, version, contract, body from rules.fact order by person;
    return stored;
end
$$;
comment on function rules.look_at_everything is 'A cursor of this transaction over every fact that is held.';

revoke execute on function rules.begin_look, rules.begun, rules.look_at_finding, rules.look_at_evidence,
    rules.look_at_everything from public;
grant usage on schema rules to jurist;
grant execute on function rules.begin_look, rules.look_at_finding, rules.look_at_evidence, rules.look_at_everything
    to jurist;

revoke select on rules.fact, rules.earlier, rules.finding from auditor;
revoke usage on schema rules from auditor;
