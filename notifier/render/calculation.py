"""Lays out the calculation behind a letter: the steps of the trace as they are, with nothing added."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from notifier.notice_content import Notice, NoticeFinding, NoticeStep
from notifier.render import words
from notifier.render.document import DocumentBlock, heading, note, subheading, table
from notifier.render.figures import place
from notifier.render.texts import Texts

NOT_SHOWN = {"certainty", "undetermined"}
"""Said in words already."""
WIDE = "3fr"


def for_citizen(notice: Notice, texts: Texts) -> list[DocumentBlock]:
    """Every step, finding by finding; what is taken anew for each month has a column for each."""
    blocks: list[DocumentBlock] = []
    for entry in notice.findings:
        steps = _steps(entry)
        if not steps:
            continue
        if not blocks:
            blocks += [heading(texts.say("letter.calculation")), note(texts.say("letter.calculation_intro"))]
        blocks.append(subheading(texts.say(f"{texts.rule(entry.rule, notice.side)}.title")))
        where = place(notice, entry, texts)
        blocks += [note(where)] if where else []
        once = [step for step in steps if words.month(step.step) is None]
        if once:
            rows = [[_label(step, texts), _value(step, texts), step.source] for step in once]
            blocks.append(table(texts.get("letter.columns"), ["left", "right", "left"], [WIDE, "auto", WIDE], rows))
        blocks += [_by_month(part, texts) for part in _months(steps)]
    return blocks


def _months(steps: Sequence[NoticeStep]) -> Iterator[list[NoticeStep]]:
    """The steps of months, begun anew where a step comes a second time, as with two occupations."""
    part: list[NoticeStep] = []
    for step in steps:
        if words.month(step.step) is None:
            continue
        if any(step.step == other.step for other in part):
            yield part
            part = []
        part.append(step)
    if part:
        yield part


def _by_month(steps: Sequence[NoticeStep], texts: Texts) -> DocumentBlock:
    months = list(dict.fromkeys(month for step in steps if (month := words.month(step.step))))
    rows: dict[str, dict[str, str]] = defaultdict(dict)
    sources: dict[str, dict[str, None]] = defaultdict(dict)
    for step in steps:
        base = words.base(step.step)
        rows[base][words.month(step.step) or ""] = _value(step, texts)
        sources[base][step.source] = None
    item, _, source = texts.get("letter.columns")
    header = [item, *(words.month_name(month, texts) for month in months), source]
    return table(
        header, ["left", *("right" for _ in months), "left"], [WIDE, *("auto" for _ in months), WIDE],
        [
            [_monthly_label(base, texts), *(values.get(month, "") for month in months), "; ".join(sources[base])]
            for base, values in rows.items()
        ],
    )  # fmt: skip


def for_employer(notice: Notice, texts: Texts) -> list[DocumentBlock]:
    """Every step for an employer: a row per worker, and a list of the signs with what is the same for everyone."""
    traces = [(entry, _steps(entry)) for entry in notice.findings if entry.tells != "withdrawn"]
    values: dict[str, list[str]] = defaultdict(list)
    sources: dict[str, dict[str, None]] = defaultdict(dict)
    for _, steps in traces:
        for step in steps:
            values[step.step].append(_value(step, texts))
            sources[step.step][step.source] = None
    if not values:
        return []
    shared = _shared([steps for _, steps in traces], values)
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


def _shared(traces: Sequence[Sequence[NoticeStep]], values: Mapping[str, list[str]]) -> dict[str, str]:
    """What is the same for several workers, step by step: each of them has the step, and only once."""
    once = [{name for name, number in Counter(step.step for step in steps).items() if number == 1} for steps in traces]
    everybody = set.intersection(*once) if len(traces) > 1 else set()
    return {step: said[0] for step, said in values.items() if step in everybody and len(set(said)) == 1}


def _line(steps: Sequence[NoticeStep], shared: Mapping[str, str], texts: Texts) -> str:
    own = (step for step in steps if step.step not in shared)
    return " · ".join(f"{_name(step, texts)} {_value(step, texts)}".replace(" ", words.UNBROKEN) for step in own)


def _name(step: NoticeStep, texts: Texts) -> str:
    return words.sign(step.step) or words.label(step.step, texts)


def _value(step: NoticeStep, texts: Texts) -> str:
    return words.judged(words.quantity(step.value, step.unit, texts), step.outcome, texts)


def _worker(entry: NoticeFinding) -> str:
    parts = (words.person_number(entry.person), entry.occupation)
    return f" {words.UNBROKEN}".join(part for part in parts if part)


def _label(step: NoticeStep, texts: Texts) -> str:
    label, sign = words.label(step.step, texts), words.sign(step.step)
    return f"{label} ({sign})" if sign else label


def _monthly_label(base: str, texts: Texts) -> str:
    label, sign = texts.get("month_steps").get(base, base), words.sign(base)
    return f"{label} ({sign})" if sign else label


def _steps(entry: NoticeFinding) -> list[NoticeStep]:
    if entry.tells == "withdrawn":
        return []
    shown = (step for step in entry.trace if step.step not in NOT_SHOWN)
    return [step for step in shown if entry.states_amounts or step.unit != words.EURO]
