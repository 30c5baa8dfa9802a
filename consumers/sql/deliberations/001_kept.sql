-- Every version of every deliberation, as it was given; added to, never changed, so that any day can be looked back on.

create schema if not exists deliberations;

create table deliberations.revision (
    number bigint primary key,
    at timestamptz not null default clock_timestamp(),
    by name not null default session_user,
    reason text not null
);
comment on table deliberations.revision is
    'One line per load or withdrawal; whoever judges by deliberations takes them anew when there is a higher number.';

create table deliberations.kept (
    revision bigint not null references deliberations.revision,
    number text not null,
    version int not null,
    text text not null,
    primary key (number, version, revision)
);
comment on table deliberations.kept is
    'A version as its YAML says; a later line of the same version differs in its end only.';

create table deliberations.withdrawal (
    revision bigint not null references deliberations.revision,
    number text not null,
    version int not null,
    primary key (number, version)
);
comment on table deliberations.withdrawal is 'A version nothing is delivered on any more, whatever its period says.';

create function deliberations.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'What is kept of deliberations cannot be changed.' using errcode = 'restrict_violation';
end
$$;

create trigger append_only before update or delete or truncate on deliberations.revision
    for each statement execute function deliberations.refuse_change();
create trigger append_only before update or delete or truncate on deliberations.kept
    for each statement execute function deliberations.refuse_change();
create trigger append_only before update or delete or truncate on deliberations.withdrawal
    for each statement execute function deliberations.refuse_change();

grant usage on schema deliberations to exchange, operator, inspector;
grant select on deliberations.revision, deliberations.kept, deliberations.withdrawal to exchange, operator, inspector;
grant insert on deliberations.revision, deliberations.kept, deliberations.withdrawal to operator;
