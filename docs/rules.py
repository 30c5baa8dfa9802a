"""Writes `docs/rules.md` from the catalogue: law, figures by period and label, what is unknown, what was corrected.

Run `make rules` when the catalogue changes; a contract test compares.
"""

from collections.abc import Iterator
from datetime import date
from itertools import groupby
from pathlib import Path

from rules.catalogue import HISTORY_RULES, RULES
from rules.law.dated_figures import Parameters, Series, Span
from rules.law.law import Law
from rules.law.load import parameter_files, shipped_law

PAGE = Path(__file__).parent / "rules.md"
UNKNOWN = "unknown"
HEAD = ("| figures | periods by label | unknown | corrected |", "|---|---|---|---|")
INTRODUCTION = """# The rules

Made from the catalogue (`rules/catalogue/*.yaml`) by `make rules`; not edited by hand. [How the rules
decide](deciding.md) says what the law leaves open, and what is then done.

A figure holds for a period. It carries its source, since when it is known here, and how well it was read:
**OFF** official page, **SEC** secondary source, **REPO** public code that quotes one of them, **DER** derived
by us, **MEM** from memory. A finding that rests on a REPO figure is "likely" at most, on DER or MEM "to check"
at most, whatever the rule says. Where nothing was found the answer is "undetermined", with the reason, and
never 0. A corrected figure stays in the catalogue as what was known before: `kruispunt rules show RULE --on DAY
--known-on DAY` has both.
"""


def page(law: Law) -> str:
    """The whole page."""
    every = [*RULES, *HISTORY_RULES]
    shared = [name for name in parameter_files() if name not in every]
    parts = [INTRODUCTION, _overview(law, every)]
    for title, names in (
        ("Rules over one quarter at one employer", RULES),
        ("Rules over the history of a person", HISTORY_RULES),
        ("Figures that several rules share", shared),
    ):
        parts.append(f"## {title}\n")
        parts += [_rule(name, law[name]) for name in names]
    return "\n".join(parts)


def _overview(law: Law, names: list[str]) -> str:
    rows = [f"| [`{name}`](#{name}) | {_cell(law[name].statute)} | {_cell(law[name].unseen)} |" for name in names]
    return "\n".join(["| rule | law | what it cannot see |", "|---|---|---|", *rows, ""])


def _rule(name: str, parameters: Parameters) -> str:
    lines = [f"### {name}\n", f"{parameters.statute}.\n", *HEAD]
    for series in parameters.series.values():
        cells = (series.name, "; ".join(_labels(series)), "; ".join(_unknown(series)), "; ".join(_corrected(series)))
        lines.append(f"| {' | '.join(map(_cell, cells))} |")
    return "\n".join([*lines, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _labels(series: Series) -> Iterator[str]:
    """Periods of neighbouring rows with one label."""

    def label(span: Span) -> str:
        return UNKNOWN if span.row.unknown else str(span.row.quality)

    for name, spans in groupby(series.timeline, key=label):
        some = list(spans)
        if name != UNKNOWN:
            yield f"{name} {_period(some[0].start, some[-1].end)}"
    if series.ended:
        yield f"ended: {series.ended}"


def _unknown(series: Series) -> Iterator[str]:
    for span in series.timeline:
        if span.row.unknown:
            yield f"{_period(span.start, span.end)}: {span.row.unknown}"


def _corrected(series: Series) -> Iterator[str]:
    """Periods for which another row was known before."""
    first = min(row.known for row in series.written)
    corrected: list[Span] = [span for span in series.timeline if span.row.known > first]
    for known, spans in groupby(sorted(corrected, key=lambda span: span.row.known), key=lambda span: span.row.known):
        yield f"known since {known}: {', '.join(_period(span.start, span.end) for span in spans)}"


def _period(start: date, end: date | None) -> str:
    return f"from {start}" if end is None else f"{start} to {end}"


if __name__ == "__main__":
    PAGE.write_text(page(shipped_law()), "utf-8")
