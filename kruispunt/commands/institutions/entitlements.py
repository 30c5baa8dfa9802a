"""Says who may receive which fields on which legal basis: on a day, at an institution, about a person."""

from datetime import date
from typing import Any

from backbone import postgres
from consumers import deliberations
from consumers.consultation import entitlements as consultation
from consumers.deliberations import RULES, Deliberation
from kruispunt import settings
from kruispunt.commands.institutions.person_lookup import look_up, not_on_file
from kruispunt.output import Exit, as_json, console, fail, table
from schemas.institutions import INSTITUTIONS
from schemas.legal_day import legal_today
from schemas.roles import Role


def _recipient(name: str) -> str:
    if name not in (*INSTITUTIONS, RULES):
        known = ", ".join((*INSTITUTIONS, RULES))
        fail(Exit.WRONG_USE, f"There is no recipient {name!r}.", f"Choose one of: {known}.")
    return name


def _known(day: date | None) -> list[Deliberation]:
    """The deliberations that are kept, where there is a stack; else those this version ships."""
    config = settings.load()
    if not (config.home / settings.SETTINGS_FILE).exists():
        return list(deliberations.load())
    with postgres.connect(config, Role.OPERATOR) as connection:
        return list(consultation.usable(connection, day))


def entitlements(*, on: date | None, institution: str | None, person: str | None, json: bool) -> int:
    """Who may receive which fields of which kind of event, on which deliberation.

    `on` leaves those in force that day; a `person` those that admit it as it is on file that day, by default today:
    then 1 when the person is not on file at the institution that is named.
    """
    recipient = institution and _recipient(institution)
    day = on or (legal_today() if person else None)
    found = consultation.of_recipient(_known(day), recipient, day)
    known: dict[str, set[str]] | None = None
    if person and day:
        at = recipient if recipient in INSTITUTIONS else None
        known = consultation.qualities(look_up(settings.load(), person, at, day))
        found = list(consultation.about_person(found, known))
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
