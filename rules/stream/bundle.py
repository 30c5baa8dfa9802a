"""Decides one bundle of facts: pure, from the bytes and what is held to what must be written."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from traceback import extract_tb

from backbone.tally import Sums, Tally, digest_of
from rules.catalogue import decide_all, decide_history
from rules.findings.contradiction import Contradiction
from rules.findings.finding import Finding
from rules.law.law import Law
from rules.stream.finding_changes import FindingChange, FindingState, GatherEvidence, changes
from rules.stream.held_facts import (
    ENTITLEMENTS,
    Content,
    FactKey,
    HeldFact,
    HeldFacts,
    Slot,
    arriving_fact,
    decisions,
    fold,
    situation,
    slots_to_decide,
    working_times,
)
from rules.view import history as past
from rules.view.situation import Situation
from schemas.codec import decode_body
from schemas.legal_day import legal_day
from schemas.registry import SchemaBook, UnknownSchema
from schemas.twins.rules_facts import Bundle, Fact

Decide = Callable[[Situation, date, Law], list[Finding]]
UNREADABLE = "unreadable-fact"
UNDECIDABLE = "undecidable-person"
CONTRADICTORY = "contradictory-facts"


@dataclass(frozen=True, slots=True)
class FailedPerson:
    """A person the rules could not handle: their facts as received, and the reason, without personal data."""

    person: bytes
    code: str
    reason: str
    facts: list[Fact]


@dataclass(slots=True)
class BundleOutcome:
    """What a bundle leads to: facts and histories to store, the facts they replace, changed findings by slot, failed
    persons, and tallies of all of these by kind and deliberation.
    """

    facts: list[HeldFact] = field(default_factory=list)
    earlier: list[HeldFact] = field(default_factory=list)
    histories: dict[bytes, bytes] = field(default_factory=dict)
    changes: list[tuple[Slot, FindingChange]] = field(default_factory=list)
    failures: list[FailedPerson] = field(default_factory=list)
    tallies: dict[tuple[str, str], Tally] = field(default_factory=dict)


@dataclass(slots=True)
class Arrived:
    """The readable facts of a bundle by person, and those that cannot be read."""

    at: datetime
    facts: dict[bytes, list[HeldFact]]
    raw: dict[bytes, list[Fact]]
    failures: list[FailedPerson]
    received: list[Fact]

    def persons(self) -> list[bytes]:
        """The persons the facts are about."""
        return list(self.facts)

    def quarters(self) -> list[str]:
        """The quarters the facts are about; the empty one stands for decisions."""
        return sorted({fact.key.quarter for facts in self.facts.values() for fact in facts} | {""})

    def with_decisions(self) -> list[bytes]:
        """Persons about whom something was decided: all their quarters are examined."""
        return [person for person, facts in self.facts.items() if any(fact.key.kind == ENTITLEMENTS for fact in facts)]


class FactReader:
    """Decodes bodies by the id of their schema, each body once."""

    def __init__(self, book: SchemaBook) -> None:
        self._book = book
        self._read: dict[bytes, Content] = {}

    def kind(self, number: int) -> str:
        """The contract a schema belongs to.

        Raises UnknownSchema.
        """
        return self._book.get(number).name

    def content(self, number: int, body: bytes) -> Content:
        """The content of a body."""
        content = self._read.get(body)
        if content is None:
            content = self._read[body] = decode_body(self._book.get(number), body)
        return content

    def __call__(self, fact: HeldFact) -> Content:
        """The content of a fact."""
        return self.content(fact.contract, fact.body)


class Witness:
    """Reads facts and records which: they are the evidence of a finding."""

    def __init__(self, reader: FactReader) -> None:
        self._reader = reader
        self._seen: dict[FactKey, HeldFact] = {}

    def __call__(self, fact: HeldFact) -> Content:
        """The content of a fact."""
        self._seen[fact.key] = fact
        return self._reader(fact)

    def evidence(self) -> list[dict[str, str]]:
        """The events read so far, each with the digest of its body, in a fixed order."""
        return in_order([exhibit(fact, self._reader) for fact in self._seen.values()])


def in_order(evidence: list[dict[str, str]]) -> list[dict[str, str]]:
    """Evidence in its published order, independent of the order it was read in."""
    return sorted(evidence, key=lambda event: event["event"])


def exhibit(fact: HeldFact, reader: FactReader) -> dict[str, str]:
    """An event and the digest of the copy that was read."""
    return {"event": reader(fact)["event"], "sha256": sha256(fact.body).hexdigest()}


def arrive(bundle: Bundle, reader: FactReader) -> Arrived:
    """Group the facts of a bundle by person; a person with one unreadable fact fails as a whole."""
    raw: dict[bytes, list[Fact]] = defaultdict(list)
    facts: dict[bytes, list[HeldFact]] = defaultdict(list)
    unreadable: dict[bytes, str] = {}
    for entry in bundle["facts"]:
        person = entry["person"]
        raw[person].append(entry)
        try:
            content = reader.content(entry["contract"], entry["body"])
            facts[person].append(
                arriving_fact(person, reader.kind(entry["contract"]), entry["contract"], entry["body"], content)
            )
        except UnknownSchema:
            unreadable[person] = f"no schema has the id {entry['contract']}"
        except Exception as error:  # noqa: BLE001 - whatever bad bytes raise, the others must go on
            unreadable[person] = f"the bytes do not fit their schema ({type(error).__name__})"
    for person in unreadable:
        facts.pop(person, None)
    failures = [FailedPerson(person, UNREADABLE, reason, raw[person]) for person, reason in unreadable.items()]
    return Arrived(bundle["at"], facts, raw, failures, list(bundle["facts"]))


def decide_bundle(
    arrived: Arrived,
    held: Iterable[HeldFact],
    states: Mapping[Slot, Mapping[str, FindingState]],
    reader: FactReader,
    law: Law,
    *,
    decide: Decide = decide_all,
    histories: Mapping[bytes, bytes] | None = None,
) -> BundleOutcome:
    """What the bundle leads to; a person whose decision fails goes to the dead letters, and the others continue.

    For a person without a history, `held` must contain all facts: the history is built from them.
    """
    outcome = BundleOutcome(failures=list(arrived.failures))
    present: dict[bytes, HeldFacts] = defaultdict(dict)
    for fact in held:
        present[fact.key.person][fact.key] = fact
    published: dict[bytes, dict[Slot, Mapping[str, FindingState]]] = defaultdict(dict)
    for slot, states_of_slot in states.items():
        published[slot.person][slot] = states_of_slot
    for person, facts in arrived.facts.items():
        case = PersonState(person, present[person], published[person], (histories or {}).get(person))
        try:
            decided = _decide_person(case, facts, reader, arrived.at, law, decide)
        except Contradiction as error:
            outcome.failures.append(FailedPerson(person, CONTRADICTORY, str(error), arrived.raw[person]))
            continue
        except Exception as error:  # noqa: BLE001 - a fault in one person's case must not stop everybody's
            outcome.failures.append(FailedPerson(person, UNDECIDABLE, _where(error), arrived.raw[person]))
            continue
        outcome.facts += decided.facts
        outcome.earlier += [case.held[fact.key] for fact in decided.facts if fact.key in case.held]
        outcome.histories |= decided.histories
        outcome.changes += decided.changes
    outcome.tallies = _sum_up(arrived, outcome, reader)
    return outcome


def _sum_up(arrived: Arrived, outcome: BundleOutcome, reader: FactReader) -> dict[tuple[str, str], Tally]:
    """Tallies of what was received, decided, set aside and published."""
    sums: Sums[tuple[str, str]] = Sums()
    for entry in arrived.received:
        deliberation, digest = _digest(entry["contract"], entry["body"], reader)
        sums.add(("received", deliberation), digest)
    failed = {failure.person for failure in outcome.failures}
    for person, facts in arrived.facts.items():
        if person not in failed:
            for fact in facts:
                deliberation, digest = _digest(fact.contract, fact.body, reader)
                sums.add(("decided", deliberation), digest)
    for failure in outcome.failures:
        for entry in failure.facts:
            deliberation, digest = _digest(entry["contract"], entry["body"], reader)
            sums.add(("set aside", deliberation), digest)
    for _, change in outcome.changes:
        sums.add(("told", ""), digest_of(f"{change.state.finding}@{change.state.version}"))
    return sums.tallies()


def _digest(number: int, body: bytes, reader: FactReader) -> tuple[str, int]:
    """The deliberation of a fact and the digest of its event; of an unreadable one, the digest of its bytes."""
    try:
        content = reader.content(number, body)
        return content["deliberation"], digest_of(content["event"])
    except Exception:  # noqa: BLE001 - whatever bad bytes raise, they are counted as they are
        return "", digest_of(body)


@dataclass(frozen=True, slots=True)
class PersonState:
    """What is stored about one person: facts, published findings by slot, and the packed history."""

    person: bytes
    held: HeldFacts
    states: Mapping[Slot, Mapping[str, FindingState]]
    history: bytes | None


def _decide_person(
    case: PersonState, facts: list[HeldFact], reader: FactReader, at: datetime, law: Law, decide: Decide
) -> BundleOutcome:
    held, new = fold(case.held, facts)
    outcome = BundleOutcome(list(new.values()))
    if not new:
        return outcome
    number = _number(facts, held, reader)
    seen: dict[Slot, Situation | None] = {}
    for slot in sorted(slots_to_decide(held, new, reader)):
        witness = Witness(reader)
        current = seen[slot] = situation(slot, held, witness)
        if current is not None:
            findings = decide(current, legal_day(at), law)
            changed = changes(case.states.get(slot, {}), findings, at, witness.evidence)
            outcome.changes += [(slot, change) for change in changed]
    if not _speaks(new, seen):
        return outcome
    slots = _slots(case, held, new, seen, reader)
    packed = past.pack(slots)
    if packed != case.history:
        outcome.histories[case.person] = packed
    witness = Witness(reader)
    work = {quarter_at_employer: record.worked for quarter_at_employer, record in slots.items()}
    about_person = past.history(number, work, decisions(case.person, held, witness))
    copies = [copy for record in slots.values() for copy in record.copies]
    findings = decide_history(about_person, legal_day(at), law)
    outcome.changes += _of_history(
        case, findings, at, lambda: in_order([*map(past.CopyDigest.shown, copies), *witness.evidence()])
    )
    return outcome


def _number(facts: list[HeldFact], held: HeldFacts, reader: FactReader) -> str:
    """The national number in the received facts and in the decisions.

    Raises Contradiction when there are two.
    """
    decided = (fact for key, fact in held.items() if key.kind == ENTITLEMENTS)
    events = {content["event"]: content["person"] for content in map(reader, (*facts, *decided))}
    numbers = set(events.values())
    if len(numbers) > 1:
        raise Contradiction(f"events of one person have different numbers: {', '.join(sorted(events))}")
    return str(numbers.pop())


def _where(error: Exception) -> str:
    """What was raised, and where, without its message: that may contain personal data."""
    *_, frame = extract_tb(error.__traceback__)
    return f"{type(error).__name__} in {Path(frame.filename).name}, line {frame.lineno}"


def _speaks(new: HeldFacts, seen: Mapping[Slot, Situation | None]) -> bool:
    """Whether the history may lead to something new: a declaration is complete, or something was decided."""
    complete = any(current is not None for current in seen.values())
    return complete or any(key.kind == ENTITLEMENTS for key in new)


def _slots(
    case: PersonState, held: HeldFacts, new: HeldFacts, seen: Mapping[Slot, Situation | None], reader: FactReader
) -> past.QuarterRecords:
    """The history after the new facts: a slot is unchanged until all parts of its declaration have arrived."""
    if case.history is None:
        slots, read = {}, held
    else:
        slots, read = past.unpack(case.history), new
    for slot in {fact.slot for fact in read.values() if fact.key.kind != ENTITLEMENTS}:
        current = seen[slot] if slot in seen else situation(slot, held, reader)
        if current is not None:
            copies = tuple(past.copied(reader(timed)["event"], timed.body) for timed in working_times(slot, held))
            slots[slot.quarter, slot.employer] = past.QuarterRecord(past.worked(current), copies)
    return slots


def _of_history(
    case: PersonState, findings: list[Finding], at: datetime, evidence: GatherEvidence
) -> list[tuple[Slot, FindingChange]]:
    """Changes of findings that belong to no employer, by the quarter in which the right arises.

    They rest on everything the history was built from: a quarter without work matters as much as one with work.
    """
    before = {slot: published for slot, published in case.states.items() if not slot.employer}
    slots = {*before, *(Slot(case.person, finding.quarter, "") for finding in findings)}
    return [
        (slot, change)
        for slot in sorted(slots)
        for change in changes(before.get(slot, {}), _of_quarter(findings, slot.quarter), at, evidence)
    ]


def _of_quarter(findings: list[Finding], quarter: str) -> list[Finding]:
    return [finding for finding in findings if finding.quarter == quarter]
