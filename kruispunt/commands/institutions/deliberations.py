"""Lists, shows, loads and withdraws deliberations; the exchange follows immediately."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from backbone import postgres
from backbone.errors import Retry, Stop
from backbone.settings import Settings
from consumers import acts
from consumers.deliberations import store
from kruispunt import settings
from kruispunt.output import Exit, as_json, console, fail, readable, table, working
from kruispunt.provisioning import provision as provisioning
from kruispunt.provisioning.declared_state import register
from schemas.institutions import INSTITUTIONS
from schemas.legal_day import legal_today
from schemas.roles import Role
from schemas.topics import delivery


def listing(*, json: bool) -> None:
    """Every version that is kept, with its state."""
    today = legal_today()
    with postgres.connect(settings.load(), Role.OPERATOR) as connection, connection.cursor() as cursor:
        kept = store.current(cursor)
    if json:
        as_json([one.as_document(today) for one in kept.held])
        return
    shown = table("deliberation", "recipient", "state", "from", "until", "purpose")
    for one in kept.held:
        what = one.deliberation
        shown.add_row(
            what.id, what.recipient, one.state_on(today), str(what.since), str(what.until or ""), what.purpose
        )  # fmt: skip
    console.print(shown)
    console.print(f"revision {kept.revision}")


def _files(config: Settings, paths: list[Path]) -> Iterator[tuple[str, str]]:
    """The (name, YAML) pairs of files and of the .yaml files of folders; one that is no text is a refusal on record."""
    found = [file for path in paths for file in (sorted(path.glob("*.yaml")) if path.is_dir() else [path])]
    if not found:
        fail(Exit.WRONG_USE, "There is no .yaml file there.", "Nothing was loaded.")
    readable(found)
    for file in found:
        try:
            yield file.name, file.read_text("utf-8")
        except UnicodeDecodeError:
            with postgres.connect(config, Role.OPERATOR) as connection:
                acts.note(connection, "was refused deliberations", "deliberations", faults=1, reason="not UTF-8")
            fail(Exit.WRONG_USE, f"{file} is not UTF-8.", "Nothing was loaded.")


def _follow(config: Settings, recipients: Iterable[str], done: str) -> None:
    """Let the broker know at once who may read its deliveries now; what is done stays done where it cannot be told."""
    concerned = sorted(set(recipients) & INSTITUTIONS.keys())
    followed, problem = [], None
    with working("updating the access rules of the broker"):
        try:
            for one in provisioning.follow(config, concerned, done):
                followed.append(one)  # noqa: PERF402 - what is done before something fails is kept
        except (Retry, Stop) as error:
            problem = error
    for name, changed in followed:
        taken = any(line.change == "remove" for line in changed)
        says = "has no deliberation left, and can no longer read" if taken else "can read"
        console.print(f"[bold green]✓[/] {name} {says} {delivery(name)}")
    if problem:
        fail(
            Exit.UNREACHABLE,
            f"The broker could not be updated: {problem}",
            f"The above is done. `kruispunt provision` updates the access rules of {', '.join(concerned)}.",
        )


def load(paths: list[Path]) -> None:
    """Take versions in, all or none; who has a deliberation again may read its deliveries at once."""
    config = settings.load()
    texts = list(_files(config, paths))
    with postgres.connect(config, Role.OPERATOR) as connection:
        changed = store.add(connection, texts, reason="loaded by command", register=register(config))
    for one in changed:
        console.print(f"[bold green]✓[/] {one.id} for {one.recipient}, from {one.since} until {one.until or 'further'}")
    if not changed:
        console.print("nothing new: all versions are known already")
    _follow(config, (one.recipient for one in changed), f"loaded {', '.join(one.id for one in changed)}")


def show(name: str) -> None:
    """The text of a version, as it was given."""
    with postgres.connect(settings.load(), Role.OPERATOR) as connection, connection.cursor() as cursor:
        text = store.text(cursor, name)
    if text is None:
        fail(Exit.NO, f"No deliberation {name!r} is kept.", "`kruispunt deliberations` lists them.")
    sys.stdout.write(text)


def withdraw(names: list[str], reason: str) -> None:
    """Withdraw versions: nothing is copied on them from the next batch on; whoever has none left reads no more."""
    config = settings.load()
    with postgres.connect(config, Role.OPERATOR) as connection:
        gone = store.withdraw(connection, names, reason=reason)
    for one in gone:
        console.print(f"[bold green]✓[/] {one} is withdrawn: no copy is made on it from now on")
    with postgres.connect(config, Role.OPERATOR) as connection, connection.cursor() as cursor:
        known = store.current(cursor).by_id
    _follow(config, (known[one].recipient for one in gone), f"withdrew {', '.join(gone)}")
