"""From a finding to a notice in somebody's hands, step by step, against the real database."""

import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest
from confluent_kafka import Message

from backbone import postgres
from backbone.errors import Retry
from backbone.settings import Settings
from notifier import findings, ledger, occasions, profiles
from notifier.channel import Profile
from notifier.ledger import Move, NoticeState
from notifier.letter import glyphs
from notifier.letter import hand_over as by_letter
from notifier.letter.print_folder import MANIFEST, PrintFolder
from notifier.letter.typesetter import Printer, printer
from notifier.mail import hand_over as by_mail
from notifier.mail import smtp as mail
from notifier.mail.message import render_mail
from notifier.mail.smtp import MailPool
from notifier.notice_content import Notice, contents
from notifier.render.compose import for_letter
from notifier.render.texts import texts
from schemas.codec import decode_body, encode, split
from schemas.contracts import contract
from schemas.identifiers import derive, pseudonym
from schemas.registry import SchemaBook
from tests.builders import notices as example
from tests.builders.mail_server import Mailbox, free_port, listening
from tests.builders.persons import ADDRESS, national_number, profile_line

NUMBERS = count(5_000)
PARTITIONS = count(1_000)
"""Partitions that no topic has: each test works on one of its own."""


class Office:
    """One partition of its own with all its steps at hand."""

    def __init__(self, settings: Settings, connection: psycopg.Connection[Any], pool: MailPool, outgoing: Path) -> None:
        self.settings = settings
        self.connection = connection
        self.pool = pool
        self.outgoing = PrintFolder(outgoing)
        self.folder = outgoing
        self.partition = next(PARTITIONS)
        self._offsets = count()

    def person(self, **profile: Any) -> str:
        """Somebody with a profile; gives the number."""
        number = national_number(next(NUMBERS))
        anna = replace(example.profile("nl"), email=f"{number}@mail.example", **profile)
        self.keep(number, anna)
        return number

    def keep(self, number: str, anna: Profile) -> None:
        address = {name: getattr(anna, name) for name in ADDRESS}
        line = profile_line(
            number, name={"first": anna.first_name, "last": anna.name}, address=address, language=anna.language,
            email=anna.email if anna.email_activated else None,
        )  # fmt: skip
        path = self.folder.parent / "one.jsonl"
        path.write_bytes(orjson.dumps(line))
        with postgres.connect(self.settings, "operator") as connection:
            profiles.load(connection, path)

    def arrive(self, person: str, version: int = 1, status: str = "found", name: str = "f", **more: Any) -> None:
        record = {
            "finding": derive(person, name), "version": version, "status": status, "rule": "work_bonus",
            "side": "citizen", "employer": example.EMPLOYER, "person": person, "quarter": "2026Q3",
            "amount": 30_000, "claimed": 10_000, "missing": 20_000, "certainty": "certain", "trace": [], "causes": [],
            "found_at": datetime(2026, 11, 1, tzinfo=UTC),
        }  # fmt: skip
        self.read([encode(contract("findings"), record | more)])

    def read(self, values: Sequence[bytes]) -> None:
        messages = [
            Message(
                topic="findings", partition=self.partition, offset=next(self._offsets), key=b"0" * 16, value=value,
                timestamp=(1, 1_790_000_000_000),
            )
            for value in values
        ]  # fmt: skip
        with self.connection.transaction(), self.connection.cursor() as cursor:
            batch = findings.read(messages, self.settings.pepper(), SchemaBook())
            findings.store(cursor, batch, findings.positions_of(cursor, [self.partition]))

    def settle(self, quiet: float = 0) -> int:
        with self.connection.transaction(), self.connection.cursor() as cursor:
            ripe = occasions.find_ripe(cursor, [self.partition], quiet)
            return occasions.make_notices(cursor, ripe, self.settings.least_change_cents) if ripe else 0

    def choose(self) -> int:
        with self.connection.transaction(), self.connection.cursor() as cursor:
            return occasions.choose_channels(cursor, [self.partition], 100)

    def mail(self) -> int:
        return by_mail.hand_over_mails(self.connection, self.pool, [self.partition], self.settings.smtp_from)

    def post(self) -> int:
        return by_letter.hand_over_letters(self.connection, self.outgoing, printer(), self.partition)

    def make_due(self) -> None:
        """Let the waits of this partition be over."""
        self.connection.execute("update notifier.notice set due_at = now() where partition = %s", (self.partition,))

    def reason(self, person: str) -> str:
        """Why the last notice of somebody is where it is."""
        return self.reasons(person)[-1]

    def reasons(self, person: str) -> list[str]:
        """Every reason that was ever given for a notice of somebody."""
        rows = self.connection.execute(
            "select h.reason from notifier.notice_state h join notifier.notice n using (notice)"
            " where n.recipient = %s order by h.id",
            (person,),
        )
        return [row[0] for row in rows]

    def tell(self) -> None:
        self.settle()
        for _ in range(3):
            self.choose()
            self.mail()
            self.post()

    def states(self, person: str) -> list[tuple[str, str | None]]:
        rows = self.connection.execute(
            "select state, channel from notifier.notice where recipient = %s order by sequence", (person,)
        )
        return [(state, channel) for state, channel in rows]

    def told(self, person: str) -> list[Notice]:
        rows = self.connection.execute(
            "select notice from notifier.notice where recipient = %s order by sequence", (person,)
        ).fetchall()
        with self.connection.transaction(), self.connection.cursor() as cursor:
            return [contents(cursor, [notice])[0] for (notice,) in rows]

    def history(self, person: str) -> list[str]:
        rows = self.connection.execute(
            "select h.state from notifier.notice_state h join notifier.notice n using (notice)"
            " where n.recipient = %s order by h.id",
            (person,),
        )
        return [row[0] for row in rows]

    def letters(self) -> list[str]:
        manifests = self.folder.glob(f"*/{MANIFEST}")
        return [orjson.loads(line)["notice"] for path in manifests for line in path.read_bytes().splitlines()]


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def office(servers: Settings, mailbox: Mailbox, tmp_path: Path) -> Iterator[Office]:
    port = free_port()
    settings = servers.model_copy(update={"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_tls": "none"})
    with (
        listening(mailbox, port),
        postgres.connect(settings, "notifier", autocommit=True) as connection,
        MailPool(settings, 2) as pool,
    ):
        yield Office(settings, connection, pool, tmp_path / "outgoing")


def test_whoever_chose_e_mail_gets_one_and_nothing_by_post(office: Office, mailbox: Mailbox) -> None:
    anna = office.person()
    office.arrive(anna)
    office.tell()
    assert office.states(anna) == [("handed over", "e-mail")]
    assert office.history(anna) == ["settled", "prepared", "handing over", "handed over"]
    assert len(mailbox.contents) == 1
    assert b"X-Kruispunt-Notice: " in mailbox.contents[0]
    assert anna.encode() not in mailbox.contents[0].replace(f"{anna}@mail.example".encode(), b"")
    assert office.letters() == []


def test_whoever_did_not_gets_a_letter(office: Office, mailbox: Mailbox) -> None:
    anna = office.person(email_activated=False)
    office.arrive(anna)
    office.tell()
    assert office.states(anna) == [("handed over", "letter")]
    assert len(office.letters()) == 1
    assert mailbox.contents == []


def test_whoever_cannot_be_reached_is_accounted_for(office: Office) -> None:
    nowhere, unknown = office.person(email_activated=False, street=""), national_number(next(NUMBERS))
    for somebody in (nowhere, unknown):
        office.arrive(somebody)
    office.tell()
    assert office.states(nowhere) == office.states(unknown) == [("cannot be told", None)]


def test_all_findings_of_one_occasion_are_told_in_one_notice(office: Office, mailbox: Mailbox) -> None:
    anna = office.person()
    for name in ("one", "two", "three"):
        office.arrive(anna, name=name)
    office.tell()
    assert office.states(anna) == [("handed over", "e-mail")]
    assert len(mailbox.contents) == 1


def test_what_was_withdrawn_in_time_is_suppressed(office: Office, mailbox: Mailbox) -> None:
    anna = office.person()
    office.arrive(anna)
    office.arrive(anna, version=2, status="withdrawn")
    office.tell()
    assert office.states(anna) == [("suppressed", None)]
    assert mailbox.contents == []


def test_a_withdrawal_is_told_in_a_follow_up(office: Office, mailbox: Mailbox) -> None:
    anna = office.person()
    office.arrive(anna)
    office.tell()
    office.arrive(anna, version=2, status="withdrawn")
    office.tell()
    assert office.states(anna) == [("handed over", "e-mail")] * 2
    assert len(mailbox.contents) == 2
    first, second = office.told(anna)
    assert [one.findings[0].tells for one in (first, second)] == ["found", "withdrawn"]
    assert second.notice.encode() in mailbox.contents[1]
    said = " ".join(block.get("text", "") for block in for_letter(second, texts("nl")).blocks)
    assert "klopt dat niet meer" in said
    assert "klopt dat niet meer" not in mailbox.contents[1].decode().replace("=\r\n", "").replace("\r\n", " ")


def test_the_same_message_read_twice_tells_nobody_twice(office: Office, mailbox: Mailbox) -> None:
    anna = office.person()
    for _ in range(2):
        office.arrive(anna)
        office.tell()
    assert office.states(anna) == [("handed over", "e-mail")]
    assert len(mailbox.contents) == 1


def test_nothing_is_told_before_it_has_come_to_rest(office: Office) -> None:
    anna = office.person()
    office.arrive(anna)
    assert office.settle(quiet=60) == 0
    assert office.states(anna) == []
    assert office.settle(quiet=0) == 1


def test_an_address_the_server_refuses_gets_a_letter(office: Office, mailbox: Mailbox) -> None:
    anna = office.person()
    mailbox.rcpt[f"{anna}@mail.example"] = "550 no such user"
    office.arrive(anna)
    office.tell()
    assert office.states(anna) == [("handed over", "letter")]
    assert office.history(anna) == [
        "settled", "prepared", "handing over", "returned", "prepared", "handing over", "handed over",
    ]  # fmt: skip


def test_what_the_server_cannot_take_now_waits(office: Office, mailbox: Mailbox) -> None:
    anna = office.person()
    mailbox.rcpt[f"{anna}@mail.example"] = "451 later"
    office.arrive(anna)
    office.tell()
    assert office.states(anna) == [("postponed", "e-mail")]
    mailbox.rcpt.clear()
    assert office.mail() == 0, "it waits"
    office.make_due()
    assert office.mail() == 1
    assert office.states(anna) == [("handed over", "e-mail")]


def test_while_no_mail_server_is_there_nothing_moves_and_nothing_is_in_doubt(office: Office) -> None:
    anna = office.person()
    office.arrive(anna)
    office.settle()
    office.choose()
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        closed = office.settings.model_copy(update={"smtp_port": nobody.getsockname()[1]})
        with MailPool(closed) as pool, pytest.raises(Retry):
            by_mail.hand_over_mails(office.connection, pool, [office.partition], closed.smtp_from)
    assert office.states(anna) == [("prepared", "e-mail")]
    office.mail()
    assert office.states(anna) == [("handed over", "e-mail")]


def test_a_name_no_font_can_write_still_gives_a_letter(office: Office) -> None:
    strange, anna = office.person(email_activated=False, name="ᏣᎳᎩ \ue000"), office.person(email_activated=False)
    for somebody in (strange, anna):
        office.arrive(somebody)
    office.tell()
    assert office.states(strange) == office.states(anna) == [("handed over", "letter")]


def test_a_letter_that_cannot_be_set_ends_in_a_named_state_with_the_true_reason(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("in_sentence", "plain"):
        monkeypatch.setattr(glyphs, name, lambda text: text.replace("Vreemd", "\ue000"))
    strange, anna = office.person(email_activated=False, name="Vreemd"), office.person(email_activated=False)
    for somebody in (strange, anna):
        office.arrive(somebody)
    office.tell()
    assert office.states(strange) == [("cannot be told", "letter")]
    assert office.states(anna) == [("handed over", "letter")]
    query = "select reason from notifier.notice where recipient = %s"
    assert office.connection.execute(query, (strange,)).fetchone() == (
        "The letter cannot be typeset, not even in plain characters.",
    )


def test_a_mail_on_its_way_when_the_notifier_died_is_in_doubt_and_never_sent_again(
    office: Office, mailbox: Mailbox
) -> None:
    anna = office.person()
    office.arrive(anna)
    office.settle()
    office.choose()
    _move(office, anna, NoticeState.HANDING_OVER)
    assert by_mail.doubt(office.connection, office.partition) == 1
    office.tell()
    assert office.states(anna) == [("in doubt", "e-mail")]
    assert mailbox.contents == []


def _move(office: Office, person: str, state: NoticeState, batch: str | None = None) -> set[str]:
    with office.connection.transaction(), office.connection.cursor() as cursor:
        cursor.execute("select notice from notifier.notice where recipient = %s", (person,))
        return ledger.move(cursor, [Move(row[0], state, batch=batch) for row in cursor.fetchall()])


@pytest.mark.parametrize(("arrived", "end"), [(True, ("handed over", "e-mail")), (False, ("handed over", "letter"))])
def test_a_doubt_ends_when_somebody_finds_out(office: Office, *, arrived: bool, end: tuple[str, str]) -> None:
    anna = office.person()
    office.arrive(anna)
    office.settle()
    office.choose()
    _move(office, anna, NoticeState.HANDING_OVER)
    by_mail.doubt(office.connection, office.partition)
    notice = office.connection.execute("select notice from notifier.notice where recipient = %s", (anna,)).fetchone()
    assert notice is not None
    assert ledger.resolve(office.connection, notice[0], arrived=arrived)
    assert not ledger.resolve(office.connection, notice[0], arrived=arrived), "it is not in doubt any more"
    office.tell()
    assert office.states(anna) == [end]


Crash = Callable[[Office, str], None]


def _before_the_ledger(_office: Office, _batch: str) -> None:
    pass


def _before_the_folder_was_full(office: Office, batch: str) -> None:
    office.connection.execute(
        "update notifier.notice set state = 'handing over', batch = %s where partition = %s", (batch, office.partition)
    )


def _after_the_act(office: Office, batch: str) -> None:
    _before_the_folder_was_full(office, batch)
    office.outgoing.hand_over(batch)


def _after_the_printer_took_it(office: Office, batch: str) -> None:
    _after_the_act(office, batch)
    for path in (office.folder / batch).iterdir():
        path.unlink()
    (office.folder / batch).rmdir()


@pytest.mark.parametrize(
    ("crash", "letters"),
    [(_before_the_ledger, 1), (_before_the_folder_was_full, 1), (_after_the_act, 0), (_after_the_printer_took_it, 0)],
)
def test_a_batch_of_letters_survives_a_crash_neither_lost_nor_doubled(
    office: Office, crash: Crash, letters: int
) -> None:
    anna = office.person(email_activated=False)
    office.arrive(anna)
    office.settle()
    office.choose()
    batch = f"20261123-{office.partition:02d}-crashed"
    office.outgoing.begin(batch)
    crash(office, batch)
    before = len(office.letters())
    by_letter.resume(office.connection, office.outgoing, printer(), office.partition)
    office.post()
    assert office.states(anna) == [("handed over", "letter")]
    assert len(office.letters()) - before == letters
    assert not list((office.folder / ".partial").iterdir())


def test_a_message_that_is_no_finding_becomes_a_dead_letter_and_the_rest_goes_on(office: Office) -> None:
    anna = office.person()
    before = _dead(office)
    office.read([b"", b"no frame", b"\x00\x00\x00\x00\x01body", contract("findings").prefix + b"\xff"])
    office.arrive(anna)
    office.tell()
    assert office.states(anna) == [("handed over", "e-mail")]
    dead = _dead(office)[len(before) :]
    assert [letter["offset"] for letter in dead] == [0, 1, 2, 3]
    assert [letter["code"] for letter in dead] == ["no-value", *3 * ["unreadable-finding"]]
    assert dead[1]["value"] == b"no frame"


@pytest.mark.parametrize(
    "flaw",
    [{"quarter": ""}, {"rule": "a\x00b"}, {"trace": [{"step": "W", "value": "\x00", "unit": None, "source": ""}]}],
)
def test_a_finding_that_cannot_be_kept_or_told_is_a_dead_letter_and_stops_nobody(
    office: Office, flaw: dict[str, Any]
) -> None:
    anna, berta = office.person(), office.person()
    before = len(_dead(office))
    office.arrive(anna, **flaw)
    office.arrive(berta)
    office.tell()
    assert office.states(anna) == []
    assert office.states(berta) == [("handed over", "e-mail")]
    assert len(_dead(office)) == before + 1


def test_a_notice_that_we_fail_to_write_ends_in_a_named_state_and_holds_nobody_up(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, berta = office.person(), office.person()
    for somebody in (anna, berta):
        office.arrive(somebody)
    monkeypatch.setattr("notifier.mail.hand_over.render_mail", _failing_for(anna, render_mail))
    monkeypatch.setattr("notifier.letter.typesetter.Printer.print_letter", _failing_for(anna, None))
    office.tell()
    assert office.states(anna) == [("cannot be told", "letter")]
    assert office.states(berta) == [("handed over", "e-mail")]


def _failing_for(person: str, render: Any, error: BaseException | None = None) -> Any:
    def fail(*arguments: Any) -> Any:
        if any(getattr(one, "recipient", None) == person for one in arguments):
            raise error or KeyError(person)
        return render(*arguments)

    return fail


class Panic(BaseException):
    """As a typesetter written in another language fails: it is not even an Exception."""


@pytest.mark.parametrize(
    "error", [AttributeError("x"), RecursionError(), AssertionError(), ExceptionGroup("", [OSError()]), Panic()]
)
def test_however_one_notice_fails_to_be_written_it_has_a_state_and_the_others_are_told(
    office: Office, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    anna, berta, carl = office.person(), office.person(), office.person(email_activated=False)
    for somebody in (anna, berta, carl):
        office.arrive(somebody)
    print_letter = Printer.print_letter
    monkeypatch.setattr("notifier.mail.hand_over.render_mail", _failing_for(anna, render_mail, error))
    monkeypatch.setattr("notifier.letter.typesetter.Printer.print_letter", _failing_for(anna, print_letter, error))
    office.tell()
    assert office.states(anna) == [("cannot be told", "letter")]
    assert office.reasons(anna).count(f"It could not be written ({type(error).__name__}).") >= 2
    assert office.states(berta) == [("handed over", "e-mail")]
    assert office.states(carl) == [("handed over", "letter")]


@pytest.mark.parametrize("error", [MemoryError(), OSError(28, "No space left on device")])
def test_what_only_this_machine_failed_to_write_is_written_later_and_by_the_same_channel(
    office: Office, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    anna, berta, carl = office.person(), office.person(email_activated=False), office.person()
    for somebody in (anna, berta, carl):
        office.arrive(somebody)
    with monkeypatch.context() as trouble:
        trouble.setattr("notifier.mail.hand_over.render_mail", _failing_for(anna, render_mail, error))
        trouble.setattr("notifier.letter.typesetter.Printer.print_letter", _failing_for(berta, None, error))
        office.tell()
        assert office.states(carl) == [("handed over", "e-mail")]
        for somebody, channel in ((anna, "e-mail"), (berta, "letter")):
            assert office.states(somebody) == [("postponed", channel)]
            assert office.reason(somebody) == f"It could not be written ({type(error).__name__})."
        assert (office.mail(), office.post()) == (0, 0), "they wait"
        office.make_due()
        office.mail()
        office.post()
        attempts = office.connection.execute(
            "select attempts from notifier.notice where recipient = any(%s)", ([anna, berta],)
        )
        assert attempts.fetchall() == [(2,), (2,)]
    office.make_due()
    office.tell()
    assert office.states(anna) == [("handed over", "e-mail")]
    assert office.states(berta) == [("handed over", "letter")]


def test_one_mail_whose_hand_over_fails_keeps_nobody_elses_result(
    office: Office, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [office.person() for _ in range(4)]
    for somebody in people:
        office.arrive(somebody)
    before_text, after_text = people[1], people[2]
    offer = mail.MailConnection._offer

    async def maybe(self: mail.MailConnection, client: Any, one: mail.OutgoingMail, address: Any) -> mail.MailResult:
        if one.recipient.startswith(before_text):
            raise KeyError(one.recipient)
        result = await offer(self, client, one, address)
        if one.recipient.startswith(after_text):
            raise KeyError(one.recipient)
        return result

    monkeypatch.setattr(mail.MailConnection, "_offer", maybe)
    office.tell()
    assert office.states(before_text) == [("postponed", "e-mail")]
    assert office.states(after_text) == [("in doubt", "e-mail")]
    for somebody in (before_text, after_text):
        assert office.reason(somebody) == "It could not be handed over (KeyError)."
    assert office.states(people[0]) == office.states(people[3]) == [("handed over", "e-mail")]
    assert len(mailbox.contents) == 3


def test_an_address_python_cannot_write_goes_by_letter_and_stops_nobody(office: Office, mailbox: Mailbox) -> None:
    anna, berta = office.person(), office.person()
    with postgres.connect(office.settings, "operator") as connection:
        connection.execute("update notifier.profile set email = 'anna@[mail.example' where recipient = %s", (anna,))
    for somebody in (anna, berta):
        office.arrive(somebody)
    office.tell()
    assert office.states(anna) == [("handed over", "letter")]
    assert "The e-mail address cannot be written." in office.reasons(anna)
    assert office.states(berta) == [("handed over", "e-mail")]


def test_a_group_of_which_some_are_taken_and_some_wait_is_accounted_for(office: Office, mailbox: Mailbox) -> None:
    people = [office.person() for _ in range(6)]
    later, gone = people[2], people[4]
    mailbox.rcpt |= {f"{later}@mail.example": "451 later", f"{gone}@mail.example": "550 5.1.1 unknown"}
    for somebody in people:
        office.arrive(somebody)
    office.tell()
    assert office.states(later) == [("postponed", "e-mail")]
    assert office.states(gone) == [("handed over", "letter")]
    for somebody in {*people} - {later, gone}:
        assert office.states(somebody) == [("handed over", "e-mail")]
    mailbox.rcpt.clear()
    office.make_due()
    office.tell()
    assert office.states(later) == [("handed over", "e-mail")]
    assert len(mailbox.contents) == 5


def test_moves_may_give_their_waits_in_any_kind_of_number(office: Office) -> None:
    people = [office.person() for _ in range(3)]
    for somebody in people:
        office.arrive(somebody)
    office.settle()
    with office.connection.transaction(), office.connection.cursor() as cursor:
        cursor.execute("select notice from notifier.notice where recipient = any(%s)", (people,))
        names = [row[0] for row in cursor.fetchall()]
        waits: tuple[float, ...] = (0, 30.0, 7)
        moves = [
            Move(name, NoticeState.PREPARED, channel="e-mail", wait=wait)
            for name, wait in zip(names, waits, strict=True)
        ]
        assert ledger.move(cursor, moves) == set(names)


def test_a_server_that_lets_nobody_through_sends_no_letter_however_often_it_is_tried(
    office: Office, mailbox: Mailbox
) -> None:
    people = [office.person() for _ in range(5)]
    mailbox.rcpt |= {f"{person}@mail.example": "550 5.7.1 Relaying denied" for person in people}
    for somebody in people:
        office.arrive(somebody)
    office.tell()
    assert len(mailbox.asked) == len(people), "the rest of the rounds had nothing that was due"
    for attempt in range(2 * by_mail.ATTEMPTS):
        office.make_due()
        assert office.mail() == 1, "one mail asks whether it is still so"
        assert len(mailbox.asked) == len(people) + attempt + 1
    assert {state for person in people for state in office.states(person)} == {("postponed", "e-mail")}
    assert {office.reason(person) for person in people} == {"The mail server answered 550 5.7.1."}
    assert office.letters() == []
    mailbox.rcpt.clear()
    for _ in range(2):
        office.make_due()
        office.mail()
    assert {state for person in people for state in office.states(person)} == {("handed over", "e-mail")}


def test_a_mail_that_is_not_taken_again_and_again_though_others_are_goes_by_letter(
    office: Office, mailbox: Mailbox
) -> None:
    anna, berta = office.person(), office.person()
    mailbox.rcpt[f"{anna}@mail.example"] = "550 5.7.1 not this sender to this recipient"
    office.arrive(anna)
    for _ in range(by_mail.ATTEMPTS + 1):
        office.tell()
        office.make_due()
    assert office.states(anna) == [("postponed", "e-mail")], "nobody knows whether it is only this mail"
    office.arrive(berta)
    office.tell()
    office.make_due()
    office.tell()
    assert office.states(berta) == [("handed over", "e-mail")]
    assert office.states(anna) == [("handed over", "letter")]
    assert (
        "The mail server did not take it in 12 attempts, though it took others. The mail server answered 550 5.7.1."
        in office.reasons(anna)
    )


def _dead(office: Office) -> list[dict[str, Any]]:
    rows = office.connection.execute("select value from notifier.outbox where topic = 'dead-letters' order by id")
    return [decode_body(contract("dead-letters"), split(value)[1]) for (value,) in rows]


def test_every_state_a_notice_was_in_is_an_event_under_the_pseudonym_of_the_recipient(office: Office) -> None:
    anna = office.person()
    office.arrive(anna)
    office.tell()
    key = pseudonym(office.settings.pepper(), anna)
    rows = office.connection.execute(
        "select value from notifier.outbox where topic = 'notices.status' and key = %s order by id", (key,)
    )
    events = [decode_body(contract("notices.status"), split(value)[1]) for (value,) in rows]
    assert [event["state"] for event in events] == office.history(anna)
    assert {event["recipient"] for event in events} == {key}
    assert {tuple(event["findings"]) for event in events} == {(derive(anna, "f"),)}


def test_a_notice_does_not_go_back(office: Office) -> None:
    anna = office.person()
    office.arrive(anna)
    office.tell()
    for state in NoticeState:
        assert _move(office, anna, state) == set()
    assert office.states(anna) == [("handed over", "e-mail")]


def test_what_is_shown_of_a_notice_names_nobody(office: Office) -> None:
    anna = office.person()
    office.arrive(anna)
    office.tell()
    with postgres.connect(office.settings, "inspector") as connection:
        shown = [entry for entry in ledger.notices(connection) if entry["recipient"] == _opaque(office, anna)]
        counted: dict[str, int] = dict(connection.execute("select what, number from notifier.counts").fetchall())
        states: dict[str, int] = dict(connection.execute("select state, number from notifier.states").fetchall())
    assert [(entry["state"], entry["channel"], entry["rules"]) for entry in shown] == [
        ("handed over", "e-mail", ["work_bonus"])
    ]
    assert anna not in str(shown)
    assert counted["notices"] == sum(states.values())
    assert counted["findings settled"] <= counted["findings received"]


def test_a_rule_that_had_nothing_to_tell_is_not_among_the_rules_of_a_notice(office: Office) -> None:
    anna, berta = office.person(), office.person()
    office.arrive(anna)
    office.arrive(anna, name="open", rule="income_guarantee", certainty="undetermined")
    office.arrive(berta, certainty="undetermined")
    office.tell()
    with postgres.connect(office.settings, "inspector") as connection:
        shown = {entry["recipient"]: entry for entry in ledger.notices(connection)}
    told, untold = shown[_opaque(office, anna)], shown[_opaque(office, berta)]
    assert (told["rules"], told["findings"]) == (["work_bonus"], [derive(anna, "f")])
    assert (untold["state"], untold["rules"], untold["findings"]) == ("suppressed", [], [])


def _opaque(office: Office, number: str) -> str:
    return pseudonym(office.settings.pepper(), number).hex()


@pytest.mark.parametrize("table", ["notifier.profile", "notifier.finding", "notifier.notice", "notifier.outbox"])
def test_whoever_counts_notices_cannot_read_whom_they_are_about(office: Office, table: str) -> None:
    with (
        postgres.connect(office.settings, "inspector") as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(f"select * from {table}")  # noqa: S608 - a name from this file


def test_loading_the_same_profiles_again_changes_nothing(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "persons.jsonl"
    lines = [profile_line(national_number(next(NUMBERS))) for _ in range(50)]
    path.write_bytes(b"\n".join(orjson.dumps(line) for line in lines))
    with postgres.connect(office.settings, "operator") as connection:
        assert profiles.load(connection, path) == profiles.LoadedProfiles(50, 50)
        assert profiles.load(connection, path) == profiles.LoadedProfiles(50, 0)
        lines[0]["language"] = "fr"
        path.write_bytes(b"\n".join(orjson.dumps(line) for line in [*lines, lines[0]]))
        assert profiles.load(connection, path) == profiles.LoadedProfiles(51, 1)


BY_LAW = {"known": date(2026, 11, 28), "parameters": ["work_bonus.yaml | single formula"]}


def test_changed_law_is_told_once_with_the_day_it_is_known_and_a_declaration_after_it_is_not(office: Office) -> None:
    anna = office.person(email_activated=False)
    office.arrive(anna)
    office.tell()
    office.arrive(anna, 2, "replaced", missing=25_000, amount=35_000, law_change=BY_LAW)
    office.tell()
    office.arrive(anna, 3, "replaced", missing=25_000, amount=35_000)
    office.tell()
    assert office.states(anna) == [("handed over", "letter"), ("handed over", "letter"), ("suppressed", None)]
    (told,) = office.told(anna)[1].findings
    assert (told.tells, told.law_known) == ("changed", date(2026, 11, 28))
    (letter,) = [notice for notice in office.told(anna) if notice.sequence == 2]
    said = [str(block) for block in for_letter(letter, texts("nl")).blocks]
    assert sum("Wij kennen de nieuwe sinds 28 november 2026." in block for block in said) == 1
    assert not any(texts("nl").say("says.changed") in block for block in said)


def test_what_changed_law_moves_by_less_than_a_euro_is_not_told_until_it_adds_up(office: Office) -> None:
    anna = office.person(email_activated=False)
    office.arrive(anna)
    office.tell()
    for version, missing in ((2, 20_060), (3, 20_120)):
        office.arrive(anna, version, "replaced", missing=missing, amount=10_000 + missing, law_change=BY_LAW)
        office.tell()
    assert office.states(anna) == [("handed over", "letter"), ("suppressed", None), ("handed over", "letter")]
