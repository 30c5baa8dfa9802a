"""Writes and queries the answers to submissions; every write belongs to its caller's transaction."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import orjson
from psycopg import Connection
from psycopg.types.json import Jsonb

from producers.intake.submission_answers import AnsweredAnomaly, SubmissionAnswer

ANSWERS = "copy register.answer (submission, number, result, about, anomalies) from stdin"
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


def add(connection: Connection[Any], submission: str, answers: Iterable[SubmissionAnswer]) -> None:
    """Store all answers to a submission."""
    with connection.cursor() as cursor, cursor.copy(ANSWERS) as copy:
        for answer in answers:
            anomalies = [asdict(anomaly) for anomaly in answer.anomalies]
            copy.write_row((submission, answer.number, answer.result, _json(answer.about), _json(anomalies)))


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
