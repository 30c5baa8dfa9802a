"""Shows the law as the rules have it: their names, formulas, and figures in force on a day."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from rich.markup import escape
from rich.padding import Padding

from kruispunt.output import Exit, as_json, console, fail, table
from notifier.render.texts import texts
from rules.casebook.case_file import WrittenCase, shipped_cases
from rules.casebook.trial import attempt, read
from rules.catalogue import HISTORY_RULES, RULES
from rules.catalogue import formula as rules_formula
from rules.law.dated_figures import Figure, FigureRow, NoLaw, Parameters, Series, SourceQuality
from rules.law.knowledge import first_known, known_on
from rules.law.law import Law
from rules.law.load import parameter_files, shipped_law
from rules.law.parse import CODES
from rules.law.variants import recording
from schemas.identifiers import quarter_of
from schemas.languages import LANGUAGES

EVERY = {**RULES, **HISTORY_RULES}
NO_LAW = "no law on that day"
INDENT = 2


def names(parameters: Parameters) -> dict[str, str]:
    """The name of a rule in each language: its own, else what notices call it."""
    titles = {language: texts(language).get("rules").get(parameters.rule, {}).get("title") for language in LANGUAGES}
    return {
        language: parameters.names.get(language) or titles[language] or parameters.rule.replace("_", " ")
        for language in LANGUAGES
    }


def formula(rule: str) -> str:
    """What a rule says, in its own words; empty for figures that several rules share."""
    return rules_formula(rule) if rule in EVERY else ""


@cache
def _cases() -> dict[str, list[WrittenCase]]:
    found: dict[str, list[WrittenCase]] = {rule: [] for rule in EVERY}
    for written in shipped_cases(set(EVERY)):
        found[written.rule].append(written)
    return found


def _shared(rule: str, law: Law) -> list[str]:
    """The files of shared figures that a rule reads, found by running its cases."""
    seen: set[FigureRow] = set()
    recorded = recording(law, seen)
    for written in _cases()[rule]:
        attempt(read(written), recorded)
    return sorted({row.file.removesuffix(".yaml") for row in seen} - {rule})


def _labels(parameters: Parameters) -> dict[str, int]:
    counted = Counter(
        "unknown" if row.unknown else str(row.quality) for series in parameters.series.values() for row in series.rows
    )
    return dict(sorted(counted.items()))


def _summary(name: str, law: Law) -> dict[str, Any]:
    parameters = law[name]
    cases = _cases().get(name, [])
    quarters = sorted(written.content.get("quarter") or quarter_of(written.content["on"]) for written in cases)
    return {
        "rule": name,
        "kind": "rule" if name in EVERY else "shared figures",
        "names": names(parameters),
        "law": parameters.statute,
        "labels": _labels(parameters),
        "cases": len(quarters),
        "first_quarter": quarters[0] if quarters else None,
        "last_quarter": quarters[-1] if quarters else None,
    }


def rules_list(*, json: bool) -> None:
    """The command `rules list`: every rule, and the figures that rules share."""
    law = shipped_law()
    rules = [_summary(name, law) for name in [*EVERY, *(name for name in parameter_files() if name not in EVERY)]]
    if json:
        as_json(rules)
        return
    for one in rules:
        console.print(f"[bold]{one['rule']}[/]" + ("" if one["kind"] == "rule" else f"  [dim]{one['kind']}[/]"))
        console.print("  " + escape(" · ".join(one["names"].values())), soft_wrap=True)
        console.print(f"  {escape(one['law'])}", soft_wrap=True)
        sources = ", ".join(f"{number} {label}" for label, number in one["labels"].items())
        cases = f"; {one['cases']} cases, {one['first_quarter']} to {one['last_quarter']}" if one["cases"] else ""
        console.print(f"  figures by label: {sources}{cases}\n", style="dim", soft_wrap=True)
    console.print("Formula and figures of a day: [bold]kruispunt rules show RULE --on DAY[/]")


def as_known(day: date | None, law: Law) -> Law:
    """The law as it was known here on a day, as it is known now where none is given."""
    if day is None:
        return law
    if day < (first := first_known(law)):
        fail(Exit.WRONG_USE, f"On {day} no law was known here.", f"The first figures are known since {first}.")
    return known_on(day, law)


def rules_show(rule: str, *, on: date, known: date | None = None, json: bool) -> None:
    """The command `rules show`: one rule as it stands on a day, as it was known on another."""
    name = rule.replace("-", "_")
    if name not in parameter_files():
        fail(Exit.NO, f"There is no rule {rule}.", f"There are {', '.join(parameter_files())}.")
    law = as_known(known, shipped_law())
    if name not in law.parameters:
        fail(Exit.NO, f"Nothing of {rule} was known on {known}.", "Without --known-on it is shown as it is known now.")
    parameters = law[name]
    series = [_in_force(one, on) for one in parameters.series.values()]
    if json:
        shared = _shared(name, law) if name in EVERY else []
        said = {"on": on.isoformat(), "formula": formula(name), "reads": shared, "series": series}
        as_json({**_summary(name, law), **said})
    else:
        _show(name, law, on, series)


def _in_force(series: Series, on: date) -> dict[str, Any]:
    """What holds of a series on a day, or why nothing does."""
    shared = {"series": series.name, "about": series.about}
    try:
        row = series.at(on)
    except NoLaw as error:
        return {**shared, "law": False, "reason": error.reason, "source": error.source or None, "figures": []}
    return {
        **shared,
        "law": True,
        "reason": None,
        "source": row.source,
        "article": row.article or None,
        "label": str(row.quality),
        "firm": row.quality.firm,
        "from": row.start.isoformat(),
        "until": row.end.isoformat() if row.end else None,
        "known": row.known.isoformat(),
        "published": row.published.isoformat() if row.published else None,
        "version": row.version,
        "figures": list(_figures(row)),
    }


def _figures(row: FigureRow) -> Iterator[dict[str, Any]]:
    for name, value in row.figures.items():
        yield {"figure": name, "value": _value(value), "unit": row.units[name]}


def _value(value: Figure) -> str | list[str]:
    return f"{value}" if isinstance(value, Decimal) else sorted(value)


def _show(rule: str, law: Law, on: date, series: list[dict[str, Any]]) -> None:
    parameters = law[rule]
    for language, name in names(parameters).items():
        console.print(f"{language}  [bold]{escape(name)}[/]")
    console.print(f"\n{escape(parameters.statute)}", soft_wrap=True)
    if rule in EVERY:
        console.print(f"\n{escape(formula(rule))}", soft_wrap=True)
        if shared := _shared(rule, law):
            console.print(
                f"\nAlso reads the shared figures [bold]{', '.join(shared)}[/] (`kruispunt rules show` has them)"
            )
    console.print(f"\n[bold]Figures in force on {on}[/]")
    for one in series:
        _show_series(one)
    if any(one["law"] and not one["firm"] for one in series):
        console.print("\n[yellow]![/] derived or from memory: findings that rest on it are “to check” at most")
    if any(one["law"] and one["label"] == SourceQuality.REPO for one in series):
        console.print("\n[yellow]![/] read in public code (REPO): findings that rest on it are “likely” at most")


def _show_series(one: dict[str, Any]) -> None:
    console.print(f"\n[bold]{escape(one['series'])}[/]" + (f"  [dim]{escape(one['about'])}[/]" if one["about"] else ""))
    if not one["law"]:
        console.print(f"  [yellow]{NO_LAW}[/]: {escape(one['reason'])}", soft_wrap=True)
        if one["source"]:
            console.print(f"  [dim]{escape(one['source'])}[/]", soft_wrap=True)
        return
    shown = table("figure", "value", "unit", right=("value",))
    for figure in one["figures"]:
        value = figure["value"]
        if figure["unit"] == CODES:
            continue
        shown.add_row(escape(figure["figure"]), escape(value), escape(figure["unit"]))
    if shown.row_count:
        console.print(Padding(shown, (0, 0, 0, INDENT)))
    for figure in one["figures"]:
        if figure["unit"] == CODES:
            codes = f"{escape(figure['figure'])}: {escape(', '.join(figure['value']))}"
            console.print(Padding(codes, (0, 0, 0, INDENT)))
    mark = "" if one["firm"] else "[yellow]![/] "
    until = f" until {one['until']}" if one["until"] else ""
    article = f"{escape(one['article'])} · " if one["article"] else ""
    known = f"known since {one['known']}"
    told = f"{mark}[dim]from {one['from']}{until} · {known} · {one['label']} · {article}{escape(one['source'])}[/]"
    console.print(Padding(told, (0, 0, 0, INDENT)))
