"""Dossiers in memory; a contract test holds them to those in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from consumers.directory.change_batch import Answer, ChangeReference, RecordedAnswer, UnreadableRecords, judge
from consumers.directory.change_decision import DossierChange, DossierKey, IntegratedPeriod, OpenDossiers, StoredDossier

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


@dataclass
class MemoryDossiers:
    """Takes batches of changes in as `consumers.directory.store` does."""

    live: dict[DossierKey, dict[date, StoredDossier]] = field(default_factory=dict)
    ended: list[tuple[DossierKey, StoredDossier]] = field(default_factory=list)
    integrations: list[IntegratedPeriod] = field(default_factory=list)
    given: dict[ChangeReference, RecordedAnswer] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)

    def take_in(self, _cursor: object, arrived: Sequence[DossierChange | UnreadableRecords]) -> None:
        """Judge a batch at `NOW`, and keep what follows from it."""
        files = OpenDossiers({key: [replace(one) for one in kept.values()] for key, kept in self.live.items()})
        judged = judge(arrived, files, self.given, NOW)
        for key, held in files.touched:
            if not held.fresh:
                del self.live[key][held.since]
        for key, held in files.touched:
            kept = replace(held, fresh=False)
            if kept.ended:
                self.ended.append((key, kept))
            else:
                assert held.since not in self.live.setdefault(key, {})
                self.live[key][held.since] = kept
        self.integrations += files.integrations
        self.given |= judged.given
        self.answers += judged.answers

    def rows(self) -> list[tuple[DossierKey, StoredDossier]]:
        """Every dossier, in an order of their own."""
        live = [(key, dossier) for key, kept in self.live.items() for dossier in kept.values()]
        return sorted([*live, *self.ended], key=repr)
