"""Decides one bundle of facts: pure, from the bytes and what is held to what must be written."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from traceback import extract_tb

from backbone.tally import Sums, Tally, digest_of
from rules.catalogue import decide_all
from rules.findings.contradiction import Contradiction
from rules.law.law import Law
from rules.stream.arrival import Arrived, FailedPerson
from rules.stream.evidence import FactReader
from rules.stream.finding_changes import FindingChange, FindingState
from rules.stream.held_facts import HeldFact, HeldFacts, Slot
from rules.stream.person import Decide, PersonState, decide_person

UNDECIDABLE = "undecidable-person"
CONTRADICTORY = "contradictory-facts"


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
            decided = decide_person(case, facts, reader, arrived.at, law, decide)
        except Contradiction as error:
            outcome.failures.append(FailedPerson(person, CONTRADICTORY, str(error), arrived.raw[person]))
            continue
        except Exception as error:  # noqa: BLE001 - a fault in one person's case must not stop everybody's
            outcome.failures.append(FailedPerson(person, UNDECIDABLE, where_raised(error), arrived.raw[person]))
            continue
        outcome.facts += decided.facts
        outcome.earlier += [case.held[fact.key] for fact in decided.facts if fact.key in case.held]
        if decided.history is not None:
            outcome.histories[person] = decided.history
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
    for member in map(_told, outcome.changes):
        sums.add(("told", ""), member)
    return sums.tallies()


def sum_up_findings(outcome: BundleOutcome) -> dict[tuple[str, str], Tally]:
    """The tally of what was published."""
    sums: Sums[tuple[str, str]] = Sums()
    for member in map(_told, outcome.changes):
        sums.add(("told", ""), member)
    return sums.tallies()


def _told(changed: tuple[Slot, FindingChange]) -> int:
    _, change = changed
    return digest_of(f"{change.state.finding}@{change.state.version}")


def _digest(number: int, body: bytes, reader: FactReader) -> tuple[str, int]:
    """The deliberation of a fact and the digest of its event; of an unreadable one, the digest of its bytes."""
    try:
        content = reader.content(number, body)
        return content["deliberation"], digest_of(content["event"])
    except Exception:  # noqa: BLE001 - whatever bad bytes raise, they are counted as they are
        return "", digest_of(body)


def where_raised(error: Exception) -> str:
    """What was raised, and where, without its message: that may contain personal data."""
    *_, frame = extract_tb(error.__traceback__)
    return f"{type(error).__name__} in {Path(frame.filename).name}, line {frame.lineno}"
