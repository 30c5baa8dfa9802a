#!/bin/bash
# Makes the roles and databases when the server starts for the first time. psql reads each password from its file
# itself, so that none stands in an argument, in the environment or in the server's log.
set -euo pipefail

inside="intake operator relay exchange dossiers replay audit auditor rules notifier inspector jurist"
hosted="rva rjv nic fpd famifed fedris"

export PGOPTIONS="-c log_statement=none -c log_min_error_statement=panic"
run() { psql -v ON_ERROR_STOP=1 --quiet --no-psqlrc --username postgres --dbname postgres "$@"; }

for role in owner $inside $hosted; do
    ROLE=$role run -v role="$role" <<'SQL'
\set password `cat "${SECRETS:-/run/secrets/postgres}/$ROLE"`
create role :"role" login password :'password';
SQL
done

taking=
for name in pg_{,try_}advisory_{,xact_}lock{,_shared}; do
    taking+="${taking:+, }pg_catalog.$name(bigint), pg_catalog.$name(int, int)"
done

database() { # name, owner, then who else may connect
    run -v name="$1" -v owner="$2" <<'SQL'
create database :"name" owner :"owner";
revoke all on database :"name" from public;
SQL
    # Only the owner takes any advisory lock there; others have a function that takes their own.
    psql -v ON_ERROR_STOP=1 --quiet --no-psqlrc --username postgres --dbname "$1" -v user="$2" <<SQL
revoke execute on function $taking from public;
grant execute on function $taking to :"user";
SQL
    for user in "${@:3}"; do
        run -v name="$1" -v user="$user" <<< 'grant connect on database :"name" to :"user";'
    done
}

# shellcheck disable=SC2086
database kruispunt owner $inside
for institution in $hosted; do
    run -v role="$institution" <<'SQL'
alter role :"role" connection limit 8;
alter role :"role" set idle_in_transaction_session_timeout to '5min';
SQL
    database "$institution" "$institution" inspector
done
# For one function that says since when a transaction is open; nobody logs in as the owner but provisioning.
run <<< 'grant pg_read_all_stats to owner;'
run <<< 'revoke all on database postgres from public; revoke all on database template1 from public;'
