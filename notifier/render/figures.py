"""Sets the figures of a letter: each is a value of a finding or of its trace, and none is made up here."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from notifier.content import Notice, Step, Told
from notifier.render import words
from notifier.render.document import Block, figures, heading, note, paragraph, subheading, table
from notifier.render.texts import Texts

CITIZEN = "citizen"
NOT_SHOWN = {"certainty", "undetermined"}
"""Said in words already."""


def amounts(notice: Notice, told: Sequence[Told], texts: Texts) -> list[Block]:
    """The amounts of findings of one rule: large for a citizen, a row per worker for an employer."""
    if notice.side != CITIZEN:
        codes = sorted({entry.deduction_code for entry in told if entry.deduction_code})
        named = [paragraph(f"{texts.say('letter.code')}: {', '.join(codes)}")] if codes else []
        return [*named, _workers(told, texts)]
    blocks: list[Block] = []
    for entry in told:
        blocks.append(paragraph(_place(notice, entry, texts)))
        if entry.states_amounts and entry.amount is not None:
            header = [texts.say(f"letter.{name}") for name in ("due", "claimed", "missing")]
            blocks.append(figures(header, _cells(entry, texts)))
    return blocks


def which(notice: Notice, told: Sequence[Told], texts: Texts) -> list[Block]:
    """Which findings are withdrawn, without their amounts."""
    if notice.side == CITIZEN:
        return [paragraph(_place(notice, entry, texts)) for entry in told]
    header = texts.get("letter.workers_columns")[:2]
    rows = [[words.person_number(entry.person), entry.occupation or ""] for entry in told]
    return [table(header, ["left", "left"], ["1fr", "2fr"], rows)]


def calculations(notice: Notice, texts: Texts) -> list[Block]:
    """Every step for a citizen, one table for each finding."""
    blocks: list[Block] = []
    for entry in notice.told:
        rows = [[_label(step, texts), _value(step, texts), step.source] for step in _steps(entry)]
        if not rows:
            continue
        if not blocks:
            blocks += [heading(texts.say("letter.calculation")), note(texts.say("letter.calculation_intro"))]
        title = texts.say(f"{texts.rule(entry.rule, notice.side)}.title")
        blocks.append(subheading(title))
        blocks.append(note(_place(notice, entry, texts)))
        blocks.append(table(texts.get("letter.columns"), ["left", "right", "left"], ["3fr", "auto", "3fr"], rows))
    return blocks


def calculations_by_worker(notice: Notice, texts: Texts) -> list[Block]:
    """Every step for an employer: a row per worker, and a list of the signs with what is the same for everyone."""
    traces = [(entry, _steps(entry)) for entry in notice.told]
    values: dict[str, list[str]] = defaultdict(list)
    sources: dict[str, dict[str, None]] = defaultdict(dict)
    for _, steps in traces:
        for step in steps:
            values[step.step].append(_value(step, texts))
            sources[step.step][step.source] = None
    if not values:
        return []
    everyone = len(traces)
    shared = {step: said[0] for step, said in values.items() if everyone > 1 and said == said[:1] * everyone}
    lines = [(_worker(entry), _line(steps, shared, texts)) for entry, steps in traces]
    rows = [[worker, line] for worker, line in lines if line]
    return [
        heading(texts.say("letter.workers_calculation")),
        note(texts.say("letter.workers_calculation_intro")),
        table(texts.get("letter.workers_calculation_columns"), ["left", "left"], ["auto", "1fr"], rows),
        subheading(texts.say("letter.legend")),
        table(
            texts.get("letter.legend_columns"), ["left", "left", "right", "left"], ["auto", "2fr", "auto", "3fr"],
            [
                [words.sign(step), words.label(step, texts), shared.get(step, ""), "; ".join(sources[step])]
                for step in values
            ],
        ),
    ]  # fmt: skip


def _line(steps: Sequence[Step], shared: Mapping[str, str], texts: Texts) -> str:
    own = (step for step in steps if step.step not in shared)
    return " · ".join(f"{_name(step, texts)} {_value(step, texts)}".replace(" ", words.UNBROKEN) for step in own)


def _name(step: Step, texts: Texts) -> str:
    return words.sign(step.step) or words.label(step.step, texts)


def _value(step: Step, texts: Texts) -> str:
    return words.quantity(step.value, step.unit, texts)


def _workers(told: Sequence[Told], texts: Texts) -> Block:
    rows = [
        [words.person_number(entry.person), entry.occupation or "", *_cells(entry, texts), _certainty(entry, texts)]
        for entry in told
    ]
    return table(
        texts.get("letter.workers_columns"), ["left", "left", "right", "right", "right", "left"],
        ["auto", "auto", "1fr", "1fr", "1fr", "auto"], rows,
    )  # fmt: skip


def _cells(entry: Told, texts: Texts) -> list[str]:
    if not entry.states_amounts:
        return [texts.say("letter.no_amount"), "", ""]
    stated = (entry.amount, entry.claimed, entry.missing)
    return ["" if amount is None else words.money(amount, texts) for amount in stated]


def _certainty(entry: Told, texts: Texts) -> str:
    return str(texts.get("certainty")[entry.certainty])


def _worker(entry: Told) -> str:
    parts = (words.person_number(entry.person), entry.occupation)
    return f" {words.UNBROKEN}".join(part for part in parts if part)


def _place(notice: Notice, entry: Told, texts: Texts) -> str:
    parts = []
    if entry.employer:
        number = words.employer_number(entry.employer)
        name = notice.names.get(entry.employer)
        parts.append(texts.say("letter.at", name=f"{name} ({number})" if name else number))
    if entry.occupation:
        parts.append(f"{texts.say('letter.occupation')} {entry.occupation}")
    if entry.deduction_code:
        parts.append(f"{texts.say('letter.code')} {entry.deduction_code}")
    return " · ".join(parts)


def _label(step: Step, texts: Texts) -> str:
    label, sign = words.label(step.step, texts), words.sign(step.step)
    return f"{label} ({sign.split(' ')[0] if ',' in label else sign})" if sign else label


def _steps(entry: Told) -> list[Step]:
    shown = [step for step in entry.trace if step.step not in NOT_SHOWN]
    if entry.tells == "withdrawn":
        return []
    return [step for step in shown if entry.states_amounts or step.unit != words.EURO]
