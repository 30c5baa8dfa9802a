"""Shows the answers to a submission, stored with it: for a payroll clerk, as XML forms, or as JSON."""

import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import Any

import orjson
from rich.markup import escape

from backbone import postgres
from consumers import acts
from kruispunt import settings
from kruispunt.commands.intake.receipt_words import phrase
from kruispunt.output import Exit, as_json, console, fail, moment, table
from producers.intake import answer_store
from producers.intake.answer_store import AnsweredSubmission
from producers.intake.answer_xml import document
from producers.intake.submission_answers import AnsweredAnomaly, SubmissionAnswer
from schemas.dmfa.anomaly_texts import remedy, text
from schemas.identifiers import ungrouped
from schemas.languages import Language
from schemas.legal_day import in_belgium, legal_day
from schemas.roles import Role

LATEST = 20
"""Submissions that are listed without a ticket."""
SHOWN = 20
"""Anomalies of one answer shown to a person; the others are in the JSON."""

Answered = tuple[datetime, SubmissionAnswer]


def receipts(ticket: str | None, *, xml: bool, json: bool, language: Language) -> int:
    """The command `receipts`: 1 when there is no such submission, or it has no answers. Each look is an act."""
    if xml and json:
        fail(Exit.WRONG_USE, "An answer is printed as XML or as JSON, not as both.", "Leave one of them out.")
    if ticket is None:
        if xml:
            fail(Exit.WRONG_USE, "The XML forms are those of one submission.", "Name its ticket.")
        return _latest(json=json, language=language)
    wanted = ungrouped(ticket.strip())
    with postgres.connect(settings.load(), Role.INTAKE, autocommit=True) as connection:
        submission = answer_store.submission(connection, wanted) if wanted.isascii() else None
        if submission is None:
            # What was asked for may be anything, also somebody's number.
            reason = "there is no such submission"
            acts.note(connection, "was refused a look", "a receipt", reason=reason)
            fail(Exit.NO, "There is no submission with this ticket.", "`kruispunt receipts` lists the latest.")
        acts.note(connection, "looked at the receipts of a submission", submission.ticket)
        if submission.judged is None:
            verdict = "accepted" if submission.accepted else "refused"
            fail(
                Exit.NO,
                f"This submission was {verdict} on {legal_day(submission.at)}, before answers were stored.",
                "Submit the same file again: it gets its first receipt, and nothing is registered twice.",
            )
        found = answer_store.of_ticket(connection, submission.ticket)
        if xml:
            _write(document(submission.ticket, *one, partial(text, language=language)) for one in found)
        elif json:
            _as_json(submission.ticket, found, language)
        else:
            _show(submission, found, language)
    return Exit.DONE


def _write(parts: Iterable[bytes]) -> None:
    for part in parts:
        sys.stdout.buffer.write(part)
    sys.stdout.flush()


def _as_json(ticket: str, found: Iterable[Answered], language: Language) -> None:
    """A list of all answers, one at a time: there may be very many."""

    def parts() -> Iterator[bytes]:
        for number, (at, answer) in enumerate(found):
            yield (b",\n" if number else b"[\n") + orjson.dumps(as_document(ticket, at, answer, language))
        yield b"\n]\n"

    _write(parts())


def as_document(ticket: str, at: datetime, answer: SubmissionAnswer, language: Language) -> dict[str, Any]:
    """An answer as in the JSON output. What it is about is null where it is about no declaration, or is not known."""
    about = answer.about
    named = ("employer", "quarter", "declaration", "version", "status", "persons", "place")
    return {
        "ticket": ticket,
        "at": moment(at),
        "kind": answer.kind,
        "form": "ACRF001" if answer.kind == "acknowledgement" else "NOTI001",
        "result": answer.result,
        **{name: about.get(name) for name in named},
        "anomalies": [_anomaly(anomaly, language) for anomaly in answer.anomalies],
    }


def _anomaly(anomaly: AnsweredAnomaly, language: Language) -> dict[str, str]:
    return {
        "code": anomaly.code,
        "zone": anomaly.code.rpartition("-")[0],
        "label": anomaly.label,
        "severity": anomaly.severity,
        "path": anomaly.path,
        "text": text(anomaly.code, language),
        "remedy": remedy(anomaly.code, language),
    }


def _latest(*, json: bool, language: Language) -> int:
    """The latest submissions, the oldest of them first."""
    with postgres.connect(settings.load(), Role.INTAKE, autocommit=True) as connection:
        acts.note(connection, "listed the latest submissions", "register.submission")
        found = answer_store.latest(connection, LATEST)
    if json:
        as_json([_entry(one) for one in found])
        return Exit.DONE
    if not found:
        console.print(phrase("none yet", language))
        return Exit.DONE
    shown = table(*(phrase(word, language) for word in ("moment", "ticket", "result", "declarations")))
    shown.columns[1].no_wrap = True
    for one in found:
        result = phrase("accepted" if one.accepted else "refused", language)
        judged = phrase("before answers", language) if one.judged is None else f"{one.judged:,}"
        shown.add_row(_time(one.at), one.ticket, result, judged)
    console.print(shown)
    return Exit.DONE


def _entry(one: AnsweredSubmission) -> dict[str, Any]:
    answered = None if one.judged is None else one.judged + 1
    return {"ticket": one.ticket, "at": moment(one.at), "accepted": one.accepted, "answers": answered}


def _show(submission: AnsweredSubmission, found: Iterable[Answered], language: Language) -> None:
    for at, answer in found:
        if answer.kind == "acknowledgement":
            said = phrase("received" if answer.result == "received" else "file refused", language)
            title = phrase("acknowledgement", language)
            console.print(
                f"[bold]{title}[/]  {_time(at)}  {phrase('ticket', language)} {submission.ticket}", soft_wrap=True
            )
            console.print(said, soft_wrap=True)
        else:
            _show_notification(at, answer, language)
        _show_anomalies(answer, language)


def _show_notification(at: datetime, answer: SubmissionAnswer, language: Language) -> None:
    about = answer.about
    colour = "green" if answer.result == "accepted" else "bold red"
    result = f"[{colour}]{phrase(answer.result, language)}[/]"
    named = [
        f"{phrase(word, language)} {escape(str(about[word]))}"
        for word in ("employer", "quarter", "persons", "version")
        if about.get(word)
    ]
    title = phrase("notification", language)
    console.print(f"\n[bold]{title} {answer.number:,}[/]  {_time(at)}  {result}  {', '.join(named)}", soft_wrap=True)
    console.print(f"  [dim]{phrase('place', language)}: {escape(about['place'])}[/]", soft_wrap=True)
    if answer.result == "refused" and not any(one.severity == "blocking" for one in answer.anomalies):
        console.print(f"  {phrase('refused with others', language)}", soft_wrap=True)
    elif not answer.anomalies:
        console.print(f"  {phrase('no anomalies', language)}")


def _show_anomalies(answer: SubmissionAnswer, language: Language) -> None:
    """What blocks first: what it means, where it is, and what to do."""
    ordered = sorted(answer.anomalies, key=lambda one: one.severity != "blocking")
    for one in ordered[:SHOWN]:
        colour = "red" if one.severity == "blocking" else "yellow"
        said = f"{escape(one.label)}: {escape(text(one.code, language))} ({phrase(one.severity, language)})"
        console.print(f"  [{colour}]{one.code}[/] {said}", soft_wrap=True)
        console.print(f"      [dim]{escape(one.path)}[/]", soft_wrap=True)
        if what := remedy(one.code, language):
            console.print(f"      {phrase('what to do', language)}: {escape(what)}", soft_wrap=True)
    if len(ordered) > SHOWN:
        console.print(f"  {phrase('more', language).format(number=f'{len(ordered) - SHOWN:,}')}")


def _time(at: datetime) -> str:
    return f"{in_belgium(at):%Y-%m-%d %H:%M:%S}"
