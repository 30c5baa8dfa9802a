"""Shows why a finding was made, for a citizen or a jurist, and decides it again from its evidence."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from typing import Any

from rich.markup import escape

from backbone import postgres
from backbone.schema_topic import published_book
from backbone.settings import Settings
from kruispunt import settings
from kruispunt.commands.rules.law import formula, names
from kruispunt.output import Exit, as_json, console, euro, fail, table
from notifier.render import words
from notifier.render.texts import Texts, texts
from rules.law.law import Law
from rules.law.load import shipped_law
from rules.questions import reproduce as reproducing
from rules.questions.looks import Action, RecordedLook
from rules.questions.reproduce import Reproduction
from rules.stream.evidence import FactReader
from rules.stream.finding_changes import WITHDRAWN, FindingState
from rules.stream.held_facts import Slot
from schemas.identifiers import ungrouped
from schemas.languages import Language
from schemas.roles import Role

"""The role that may look at findings and facts; each look is recorded."""


@contextmanager
def _looking(
    finding: str, action: Action, *, numbers: bool = False
) -> Iterator[tuple[Settings, RecordedLook, Slot, FindingState]]:
    """A finding with the slot it was found in; the look is recorded first."""
    config = settings.load()
    with postgres.connect(config, Role.JURIST) as connection:
        look = RecordedLook.at_finding(connection, action, ungrouped(finding), numbers=numbers)
        if look is None:
            fail(Exit.NO, f"There is no finding {finding}.", "`kruispunt notices --json` has those of each notice.")
        yield config, look, *look.finding()


def explain(finding: str, *, audience: str, language: Language, person: bool, json: bool) -> None:
    """The command `rules explain`: every condition with its inputs, for a citizen, a jurist or a program."""
    with _looking(finding, "explained a finding", numbers=person) as (_, _, _, state):
        record = state.record()
    law = shipped_law()
    if json:
        as_json(as_document(record, law, person=person))
    elif audience == "citizen":
        _for_citizen(record, texts(language))
    else:
        _for_jurist(record, language, law)
    if person and not json:
        console.print(f"\nnational number: {escape(record['person'])}")


def as_document(record: dict[str, Any], law: Law, *, person: bool = False) -> dict[str, Any]:
    """A finding as JSON; the person's number only on request."""
    rule, parameters = record["rule"], record["parameters"]
    return {
        **{name: record[name] for name in ("finding", "version", "status", "rule", "side", "employer")},
        "person": record["person"] if person else None,
        **{name: record[name] for name in ("quarter", "occupation", "deduction_code")},
        **{name: euro(record[name]) for name in ("amount", "claimed", "missing")},
        "certainty": record["certainty"].replace("_", " "),
        "found_at": f"{record['found_at'].astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z",
        "names": names(law[rule]),
        "law": law[rule].statute,
        "formula": formula(rule),
        "trace": [
            {
                **step,
                "outcome": (step.get("outcome") or "").replace("_", " ") or None,
                "parameters": [parameters[number] for number in step.get("parameters", ())],
            }
            for step in record["trace"]
        ],
        "causes": record["causes"],
        "evidence": record["evidence"],
    }


def _for_citizen(record: dict[str, Any], said: Texts) -> None:
    """Short sentences first, then every figure with what it is called in the language."""
    name = said.rule(record["rule"], record["side"])
    console.print(f"[bold]{escape(said.say(f'{name}.title'))}[/]\n")
    text = f"{name}.{record['side']}"
    if record["status"] == WITHDRAWN:
        console.print(escape(said.say("says.withdrawn" if record["side"] == "citizen" else "says.withdrawn_employer")))
        return
    console.print(escape(said.say(f"{text}.found")))
    certainty = record["certainty"]
    sure = certainty in ("certain", "likely")
    sentence = said.say(f"says.{certainty}" if sure else "says.to_check")
    console.print(f"\n{escape(sentence)}")
    if sure and record["amount"] is not None:
        for figure in ("due", "claimed", "missing"):
            cents = record["amount" if figure == "due" else figure]
            console.print(f"  {escape(said.say(f'letter.{figure}'))}: [bold]{escape(words.money(cents, said))}[/]")
    elif not sure:
        console.print(escape(said.say("says.no_amount")))
    console.print(f"\n[bold]{escape(said.say('headings.do'))}[/]")
    for deed in said.get(f"{text}.do"):
        console.print(f"  - {escape(str(deed))}")
    console.print(f"\n[bold]{escape(said.say('letter.calculation'))}[/]")
    shown = table(*said.get("letter.columns"))
    for step in record["trace"]:
        if step["step"] != "certainty":
            value = words.judged(words.quantity(step["value"], step["unit"], said), step.get("outcome"), said)
            shown.add_row(escape(words.label(step["step"], said)), escape(value), escape(step["source"]))
    console.print(shown)
    console.print(f"\n[bold]{escape(said.say('headings.decision'))}[/]\n{escape(said.say('decision'))}")


def _spoken(outcome: str | None, language: Language) -> str:
    """The outcome of a condition in a language; empty for a figure."""
    return str(texts(language).get("outcomes")[outcome]) if outcome else ""


def _for_jurist(record: dict[str, Any], language: Language, law: Law) -> None:
    """The law, every step in its own names with the row of figures behind it, the doubts, and the events."""
    rule = record["rule"]
    console.print(f"[bold]{escape(names(law[rule])[language])}[/]  {rule}")
    console.print(f"{escape(law[rule].statute)}\n\n{escape(formula(rule))}\n", soft_wrap=True)
    place = f"employer {record['employer'] or 'none'}, {record['quarter']}, occupation {record['occupation'] or 'none'}"
    console.print(
        f"{record['status']}, version {record['version']}, {record['found_at']:%Y-%m-%d %H:%M:%S} UTC; {place}"
    )
    amounts = ", ".join(
        f"{figure} {euro(record[figure]) or 'not known'}" for figure in ("amount", "claimed", "missing")
    )
    console.print(f"{amounts}; [bold]{record['certainty'].replace('_', ' ')}[/]\n")
    steps = table("step", "value", "unit", "outcome", "figures", "source", title="Trace", right=("value",))
    for step in record["trace"]:
        if step["step"] != "certainty":
            rows = ", ".join(f"{number + 1}" for number in step.get("parameters", ()))
            outcome = _spoken(step.get("outcome"), language)
            steps.add_row(
                escape(step["step"]), escape(step["value"]), step["unit"] or "", outcome, rows, escape(step["source"])
            )
    console.print(steps)
    doubts = [step for step in record["trace"] if step["step"] == "certainty"]
    if doubts:
        console.print("\n[bold]Why it is not certain[/]")
        for doubt in doubts:
            outcome = _spoken(doubt.get("outcome"), language)
            said = f"{doubt['value']}: {doubt['source']}" + (f" ({outcome})" if outcome else "")
            console.print(f"  {escape(said)}", soft_wrap=True)
    figures = table("", "file | series | in force from | known since | label | digest", title="\nFigures")
    for number, version in enumerate(record["parameters"], start=1):
        figures.add_row(f"{number}", escape(version))
    console.print(figures)
    events = table("event", "SHA-256 of the copy that was read", title="\nEvents")
    for one in record["evidence"]:
        events.add_row(escape(one["event"]), one["sha256"])
    console.print(events)


def reproduce(finding: str, *, json: bool) -> int:
    """The command `rules replay`: 0 when the same events give the same bytes, 1 with the difference."""
    with _looking(finding, "replayed a finding") as (config, look, slot, state):
        facts = look.evidence()
    reader = FactReader(published_book(config, Role.JURIST))
    outcome = reproducing.reproduce(slot, state, facts, reader, shipped_law())
    if json:
        as_json(
            {
                "finding": finding,
                "version": state.version,
                "same": outcome.same,
                "bytes": len(state.body),
                "events": len(state.record()["evidence"]),
                "problem": outcome.problem or None,
                "differences": [
                    {"field": one.field, "told": _masked(one.field, one.published), "now": _masked(one.field, one.now)}
                    for one in outcome.differences
                ],
            }
        )
    else:
        _show_reproduction(finding, state, outcome)
    return Exit.DONE if outcome.same else Exit.NO


def _show_reproduction(finding: str, state: FindingState, outcome: Reproduction) -> None:
    if outcome.same:
        events, size = len(state.record()["evidence"]), len(state.body)
        told = f"{finding}, version {state.version}"
        console.print(f"[bold green]✓[/] {told}: {events} events give the same {size:,} bytes", soft_wrap=True)
        return
    if outcome.problem:
        fail(
            Exit.NO,
            f"{finding} cannot be decided again: {outcome.problem}.",
            "`kruispunt rules explain` shows it as it was sent.",
        )
    shown = table("what", "as told", "now", title=f"{finding} comes out differently")
    for one in outcome.differences:
        shown.add_row(one.field, escape(_masked(one.field, one.published)), escape(_masked(one.field, one.now)))
    console.print(shown)
    print("The law or the rule has changed since, or what is stored was changed.", file=sys.stderr)


def _masked(field: str, value: str) -> str:
    """A difference is shown; a person's number is not."""
    return "(a national number)" if field == "person" else value
