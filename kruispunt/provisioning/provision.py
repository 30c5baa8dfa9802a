"""Brings everything to what is declared and justified: looks, shows the plan, writes down what it will change, does it.

What was written down and not done, because something failed in between, is done and written down by the next run;
nothing is ever done that is not written down.
"""

from collections.abc import Collection, Iterator
from contextlib import closing
from functools import partial
from importlib.resources import files
from typing import Any

from psycopg import Connection
from rich.markup import escape

from backbone import postgres
from backbone import provision as cluster
from backbone.cluster.plan import PlanLine, PlannedChange
from backbone.errors import Retry
from backbone.offsets import Offsets
from backbone.process import with_retry
from backbone.schema_topic import published
from backbone.settings import Settings
from backbone.stack import credentials, roles, strays
from backbone.stack.places import Places
from backbone.stack.readiness import READY_S
from consumers import acts
from consumers.directory import alarms
from kruispunt import settings
from kruispunt.output import Exit, as_json, console, errors, table, working
from kruispunt.provisioning.cluster_blueprint import BLUEPRINT
from kruispunt.provisioning.databases import DATABASES
from kruispunt.provisioning.declared_state import OWNED, begin_with_shipped, migrate, wanted
from kruispunt.provisioning.justified_access import Justified, alone, justified
from schemas.institutions import HOSTED, INSTITUTIONS
from schemas.registration import missing
from schemas.roles import Role
from schemas.topics import DECLARATIONS, SCHEMAS

MARKS: dict[PlannedChange, str] = {
    "add": "[green]+ add[/]", "change": "[yellow]~ change[/]", "remove": "[red]- remove[/]", "keep": "  keep"
}  # fmt: skip
POSTGRESQL = {"role", "database"}
"""Kinds of things that its superuser alone can change."""
WORDS: dict[PlannedChange, str] = {"add": "added", "change": "changed", "remove": "removed"}


def _note(connection: Connection[Any], about: str, lines: list[PlanLine], **more: Any) -> None:
    """Write down what is about to be changed: things in words, never a secret."""
    said = {word: [line.what for line in lines if line.change == change] for change, word in WORDS.items()}
    acts.note(connection, "provisioned", about, **{word: what for word, what in said.items() if what}, **more)


def _migrations(config: Settings) -> Iterator[PlanLine]:
    with postgres.connect(config, Role.OWNER) as connection:
        for package, schema in OWNED:
            for name in postgres.pending(connection, files(package) / "sql" / schema):
                yield PlanLine("add", "migration", name)
    for institution in HOSTED:
        try:
            with postgres.connect(config, institution, institution) as connection:
                for name in postgres.pending(connection, files("consumers") / "sql" / "store"):
                    yield PlanLine("add", "migration", f"{name} of {institution}")
        except Retry:
            if institution not in config.postgres_elsewhere:
                raise
            host = config.postgres_server(institution).host
            yield PlanLine("add", "database", f"{institution}: its server {host} does not let it in")


def _schemas(config: Settings, due: Justified, *, there: bool) -> Iterator[PlanLine]:
    present = list(published(config, Role.ADMIN)) if there else []
    for version in missing(present, wanted(due.deliberations)):
        yield PlanLine("add", "schema", f"{version.subject}, version {version.version}")


def _limits(config: Settings) -> Iterator[PlanLine]:
    with postgres.connect(config, Role.OWNER) as connection:
        now = alarms.limit(connection)
    if now not in {None, config.mass_integrations}:
        yield PlanLine(
            "change", "limit", f"integrations in an hour before an alarm: {now} to {config.mass_integrations}"
        )


def look(config: Settings) -> list[PlanLine]:
    """Everything with what is to become of it; changes nothing.

    Raises Retry when a server does not answer, Stop when it refuses.
    """
    databases = strays.look(config, DATABASES)
    migrations = list(_migrations(config))
    with postgres.connect(config, Role.OWNER) as connection:
        due = justified(connection)
    brokers = cluster.look(config, BLUEPRINT, entitled=due.entitled)
    there = not any(line.change == "add" and (line.kind, line.what) == ("topic", SCHEMAS) for line in brokers)
    return [
        *databases,
        *migrations,
        *_limits(config),
        *brokers,
        *_schemas(config, due, there=there),
        *(PlanLine("add", "deliberation", f"{one.id} for {one.recipient}") for one in due.new),
    ]


def bring(config: Settings) -> None:
    """Do all of it; again = no change.

    Raises Retry when a server does not answer, Stop when it refuses.
    """
    if strays.can_change(config):
        roles.apply(config, DATABASES)
    with alone(config, Role.OWNER) as connection:
        migrate(config)
        if strays.can_change(config) and (given := [line for line in strays.look(config, DATABASES) if line.to_do]):
            _note(connection, "PostgreSQL", given)
            strays.remove(config, given)
        if changed := list(_limits(config)):
            with connection.transaction():
                _note(connection, "directory", changed)
                alarms.set_limit(connection, config.mass_integrations)
        due = justified(connection)
        cluster.apply(config, BLUEPRINT, entitled=due.entitled, announce=partial(_note, connection, "Kafka"))
        with closing(Offsets(config, Role.ADMIN)) as offsets:
            # The one group whose position lies with the broker alone.
            offsets.begin(Role.EXCHANGE, DECLARATIONS, config.partitions)
        begin_with_shipped(config, due.deliberations)


def bring_embedded(config: Settings) -> None:
    """As `bring`, for the embedded stack: its servers have only just started, and passwords are made here."""
    places = Places(config.home)
    credentials.ensure(places, "kafka", BLUEPRINT.users)
    credentials.ensure(places, "postgres", roles.names(DATABASES))
    with_retry(lambda: bring(config), READY_S)


def follow(config: Settings, recipients: Collection[str], because: str) -> Iterator[tuple[str, list[PlanLine]]]:
    """Bring the access rules of these institutions in line with the stored deliberations; yields what was changed.

    Raises Retry when a server does not answer, Stop when it refuses.
    """
    institutions = sorted(INSTITUTIONS.keys() & set(recipients))
    if not institutions:
        return
    with alone(config, Role.OPERATOR) as connection:
        due = justified(connection)
        for name in institutions:
            announce = partial(_note, connection, name, because=because)
            if changed := cluster.apply_access_rules(config, name, BLUEPRINT, entitled=due.entitled, announce=announce):
                yield name, changed


def _show(lines: list[PlanLine]) -> None:
    shown = table("change", "what", "which")
    for line in lines:
        if line.to_do or line.odd:
            shown.add_row(MARKS[line.change], line.kind, escape(line.what))
    if shown.row_count:
        console.print(shown)
    kept = sum(not line.to_do for line in lines)
    console.print(f"{kept} things are as declared")


def _as_json(lines: list[PlanLine]) -> None:
    as_json(
        {
            "to_do": sum(line.to_do for line in lines),
            "lines": [{"change": line.change, "kind": line.kind, "what": line.what} for line in lines],
        }
    )


def plan(*, json: bool) -> int:
    """The command `provision --dry-run`: 1 when there is something to do."""
    with working("comparing what is there with what is declared"):
        lines = look(settings.load())
    to_do = any(line.to_do for line in lines)
    if json:
        _as_json(lines)
    else:
        _show(lines)
        console.print("Nothing was changed. `kruispunt provision` applies this." if to_do else "nothing to do")
    return Exit.NO if to_do else Exit.DONE


def provision(*, json: bool) -> int:
    """The command `provision`: shows the plan, carries it out, and looks whether anything is left."""
    config = settings.load()
    with working("comparing what is there with what is declared"):
        lines = look(config)
    if json:
        _as_json(lines)
    else:
        _show(lines)
    with working("applying the changes"):
        bring(config)
        left = [line for line in look(config) if line.to_do]
    for line in left:
        errors.print(f"[bold yellow]…[/] still to {line.change}: {line.kind} {escape(line.what)}", soft_wrap=True)
    if left and not strays.can_change(config) and {line.kind for line in left} <= POSTGRESQL:
        errors.print("  Only PostgreSQL's administrator can do that; everything else is as declared.")
        return Exit.DONE
    if left:
        errors.print("  Another process changes the same things. Run this again.")
        return Exit.NO
    if not json:
        done = any(line.to_do for line in lines)
        console.print("[bold green]✓[/] everything is as declared now" if done else "[bold green]✓[/] nothing to do")
    return Exit.DONE
