"""Prints the report on a person: per recipient and basis what it received, then who received nothing, and why."""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Any

from rich.padding import Padding
from rich.text import Text

from consumers.audit.report_texts import phrase
from kruispunt.output import console
from schemas.fields import DELIBERATION, ENVELOPE, REPLAY, TRAIL
from schemas.languages import Language
from schemas.legal_day import in_belgium, legal_day

ALWAYS = {*ENVELOPE, *TRAIL, DELIBERATION["name"], REPLAY["name"]}


def show(told: dict[str, Any]) -> None:
    """All of it for a person: per recipient and basis what it received; then who received nothing, and why."""
    language: Language = told["language"]
    if not told["disclosures"] and not told["refusals"]:
        console.print(phrase("nothing", language))
        return
    console.print(Text(phrase("title", language), style="bold underline"))
    console.print(Text(phrase("always", language), style="dim"))
    for name, copies in _grouped(told["disclosures"], "name"):
        console.print(Text(f"\n{name}", style="bold"))
        for _, about in _grouped(copies, "deliberation"):
            _show_basis(about, language)
    if told["refusals"]:
        console.print(Text(f"\n{phrase('refused', language)}", style="bold underline"))
        for name, ones in _grouped(told["refusals"], "name"):
            console.print(Text(name, style="bold"))
            for why, same in _grouped(ones, "explanation"):
                last = max(one["at"] for one in same)
                times = f"{len(same)} {phrase('times', language)}, {phrase('last', language)} {_day(last)}"
                console.print(Padding(Text.assemble((f"{why} ", "yellow"), (f"({times})", "dim")), (0, 0, 0, 2)))


def _show_basis(copies: list[dict[str, Any]], language: Language) -> None:
    first = copies[0]
    lines = Text.assemble((first["title"] or "", "cyan"), f" ({first['deliberation']})")
    for word in ("purpose", "basis"):
        if first[word]:
            lines.append(f"\n{phrase(word, language)}: ", "dim").append(first[word])
    console.print(Padding(lines, (0, 0, 0, 2)))
    for _, same in _grouped(copies, "contract"):
        _show_kind(same, language)


def _show_kind(copies: list[dict[str, Any]], language: Language) -> None:
    fields = [one for one in copies[0]["fields"] if one["field"] not in ALWAYS]
    shown = Text(phrase(copies[0]["kind"], language), style="green")
    for one in copies:
        late = f"; {phrase('replay', language)}" if one["replay"] else ""
        event = f"{phrase('event', language)} {one['event']}, {one['chain']}:{one['segment']}"
        shown.append(f"\n{phrase('received', language)} {_time(one['at'])}{late} ", "default")
        shown.append(f"({event})", "dim")
    console.print(Padding(shown, (0, 0, 0, 4)))
    means = "; ".join(dict.fromkeys(_short(one) for one in fields))
    listed = Text.assemble((f"{len(fields)} {phrase('fields', language)}: ", "dim"), means)
    console.print(Padding(listed, (0, 0, 0, 6)))


def _day(moment: str) -> str:
    return str(legal_day(datetime.fromisoformat(moment)))


def _time(moment: str) -> str:
    return f"{in_belgium(datetime.fromisoformat(moment)):%Y-%m-%d %H:%M}"


def _short(field: dict[str, str]) -> str:
    """The first sentence of what a field means, without its stop; the name before it, where that is a list of codes."""
    means = field["means"].partition(". ")[0].removesuffix(".")
    name = field["field"].rpartition(".")[2].replace("_", " ")
    return f"{name} ({means})" if means[:1].isdigit() else means


def _grouped(found: list[dict[str, Any]], key: str) -> Iterator[tuple[Any, list[dict[str, Any]]]]:
    """By a key, in the order in which its values first come."""
    order = {value: place for place, value in reversed(list(enumerate(one[key] for one in found)))}
    for value, group in groupby(sorted(found, key=lambda one: order[one[key]]), lambda one: one[key]):
        yield value, list(group)
