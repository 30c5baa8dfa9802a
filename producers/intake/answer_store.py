"""Writes and queries the answers to submissions; every write belongs to its caller's transaction."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson
from psycopg import Connection
from psycopg.types.json import Jsonb

from producers.intake.submission_answers import AnsweredAnomaly, SubmissionAnswer

FEW = """
insert into register.answer (submission, number, result, about, anomalies)
select %s, number, result, about, anomalies
from unnest(%s::int[], %s::text[], %s::jsonb[], %s::jsonb[]) as new (number, result, about, anomalies)
"""
MANY = "copy register.answer (submission, number, result, about, anomalies) from stdin"
AT_ONCE = 100
"""Up to so many answers, one statement is faster than a COPY, which talks to the server three times."""
OF_TICKET = """
select at, number, result, about, anomalies from register.answer where submission = %s order by number
"""
SUBMISSION = "select id, received_at, accepted, judged from register.submission where id = %s"
LATEST = """
select id, received_at, accepted, judged from register.submission order by received_at desc, id limit %s
"""


@dataclass(frozen=True, slots=True)
class AnsweredSubmission:
    """A submission as a list of them shows it. `judged` is None where it came before answers were stored."""

    ticket: str
    at: datetime
    accepted: bool
    judged: int | None


def add(connection: Connection[Any], submission: str, answers: Sequence[SubmissionAnswer]) -> None:
    """Store all answers to a submission, of which there is at least the acknowledgement."""
    if len(answers) <= AT_ONCE:
        connection.execute(FEW, (submission, *map(list, zip(*map(_row, answers), strict=True))))
        return
    with connection.cursor() as cursor, cursor.copy(MANY) as copy:
        for answer in answers:
            copy.write_row((submission, *_row(answer)))


def _row(answer: SubmissionAnswer) -> tuple[int, str, Jsonb, Jsonb]:
    anomalies = [asdict(anomaly) for anomaly in answer.anomalies]
    return answer.number, answer.result, _json(answer.about), _json(anomalies)


def _json(value: Any) -> Jsonb:
    return Jsonb(value, dumps=orjson.dumps)


def submission(connection: Connection[Any], ticket: str) -> AnsweredSubmission | None:
    """The submission with this ticket; None when there is none."""
    row = connection.execute(SUBMISSION, (ticket,)).fetchone()
    return AnsweredSubmission(*row) if row else None


def latest(connection: Connection[Any], most: int) -> list[AnsweredSubmission]:
    """The latest submissions, the oldest of them first."""
    return [AnsweredSubmission(*row) for row in connection.execute(LATEST, (most,)).fetchall()][::-1]


def of_ticket(connection: Connection[Any], ticket: str) -> Iterator[tuple[datetime, SubmissionAnswer]]:
    """Each answer with its moment, the acknowledgement first; one at a time, as there may be very many."""
    with connection.cursor() as cursor:
        for at, number, result, about, anomalies in cursor.stream(OF_TICKET, (ticket,)):
            kept = tuple(AnsweredAnomaly(**anomaly) for anomaly in anomalies)
            yield at, SubmissionAnswer(number, result, about, kept)
