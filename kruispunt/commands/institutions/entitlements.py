"""Says who may receive which fields on which legal basis: on a day, at an institution, about a person."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from backbone import postgres
from consumers import deliberations
from consumers.deliberations import RULES, Deliberation, store
from consumers.deliberations.reading import ordered
from kruispunt import settings
from kruispunt.commands.institutions.person_lookup import OPERATOR, look_up, not_on_file
from kruispunt.output import Exit, as_json, console, fail, table
from schemas.institutions import INSTITUTIONS
from schemas.legal_day import legal_today


def _recipient(name: str) -> str:
    if name not in (*INSTITUTIONS, RULES):
        known = ", ".join((*INSTITUTIONS, RULES))
        fail(Exit.WRONG_USE, f"There is no recipient {name!r}.", f"Choose one of: {known}.")
    return name


def _known(day: date | None) -> Iterator[Deliberation]:
    """The deliberations that are kept, where there is a stack; else those this version ships.

    Without a day none that is withdrawn; with one, those not withdrawn before it.
    """
    config = settings.load()
    if not (config.home / settings.SETTINGS_FILE).exists():
        yield from deliberations.load()
        return
    with postgres.connect(config, OPERATOR) as connection, connection.cursor() as cursor:
        held = store.current(cursor).held
    for one in held:
        if one.could_be_used_on(day) if day else one.withdrawn is None:
            yield one.deliberation


def _about(number: str, institution: str | None, day: date) -> dict[str, set[str]]:
    """The qualities in which a person is on file on a day, by institution; one of them, or all."""
    found: dict[str, set[str]] = {}
    for one in look_up(settings.load(), number, institution, day):
        found.setdefault(one.institution, set()).add(one.quality)
    return found


def _seen(entries: list[dict[str, Any]], qualities: dict[str, set[str]]) -> Iterator[dict[str, Any]]:
    """The entries that hold for a person on file in these qualities, with those that admit it."""
    for one in entries:
        population = one["population"]
        if isinstance(population, str):
            yield one | {"qualities": []}
        elif admitting := sorted(qualities.get(one["recipient"], set()).intersection(population)):
            yield one | {"qualities": admitting}


def entitlements(*, on: date | None, institution: str | None, person: str | None, json: bool) -> int:
    """Who may receive which fields of which kind of event, on which deliberation.

    `on` leaves those in force that day; a `person` those that admit it as it is on file that day, by default today:
    then 1 when the person is not on file at the institution that is named.
    """
    recipient = institution and _recipient(institution)
    day = on or (legal_today() if person else None)
    everything = deliberations.entitlements(ordered(_known(day)), day)
    found = [one for one in everything if recipient in {None, one["recipient"]}]
    known: dict[str, set[str]] | None = None
    if person and day:
        at = recipient if recipient in INSTITUTIONS else None
        known = _about(person, at, day)
        found = list(_seen(found, known))
    if json:
        as_json(found)
    else:
        _show(found)
    return not_on_file() if known == {} and recipient in INSTITUTIONS else Exit.DONE


def _show(found: list[dict[str, Any]]) -> None:
    shown = table("recipient", "deliberation", "kind", "fields", "about whom", "kept", "purpose")
    for one in found:
        population = one.get("qualities") or one["population"]
        about = population if isinstance(population, str) else " ".join(population)
        shown.add_row(
            one["recipient"], one["deliberation"], one["kind"].removeprefix("declarations."), str(len(one["fields"])),
            about, f"{one['retention']} y", one["purpose"],
        )  # fmt: skip
    console.print(shown if found else "Nobody may receive anything.")
    if found:
        console.print("The fields themselves: `kruispunt entitlements --json`.")
