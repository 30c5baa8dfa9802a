"""What a repair finds and what people have to do about it, as JSON and as lines."""

from dataclasses import dataclass, field
from typing import Any

from kruispunt.monitoring.outboxes import Comparison
from kruispunt.output import console, errors, table
from notifier.ledger_recovery import Recalled

SHOWN = 20


@dataclass
class RepairReport:
    """What differs, and what people have to do about it."""

    differing: list[str] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    lost: dict[str, set[str]] = field(default_factory=dict)
    """By submission, the declarations that are on the topics and not in the register."""
    lost_events: int = 0
    otherwise: list[str] = field(default_factory=list)
    notices: Recalled = field(default_factory=Recalled)
    revisions: tuple[int, int] = (0, 0)
    """By which revision of the deliberations was judged last, and which one the database has."""
    waiting: dict[str, int] = field(default_factory=dict)

    @property
    def for_people(self) -> bool:
        """Whether something is left that no command can bring back."""
        judged, here = self.revisions
        return bool(
            self.lost or self.otherwise or self.notices.doubted or self.notices.unknown or judged > here
        )  # fmt: skip

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "differing": self.differing,
            "outboxes": [
                {
                    "outbox": comparison.source,
                    "to_publish": comparison.missing,
                    "published_only": sum(comparison.only_published.values()),
                }
                for comparison in self.comparisons
            ],
            "lost": [
                {"submission": name, "declarations": sorted(declarations)}
                for name, declarations in sorted(self.lost.items())
            ],
            "lost_events": self.lost_events,
            "accepted_otherwise": self.otherwise,
            "notices": {
                "made_again": self.notices.made,
                "moved_on": self.notices.moved,
                "in_doubt": self.notices.doubted,
                "unknown": list(self.notices.unknown),
            },
            "deliberations": {"judged_by": self.revisions[0], "kept": self.revisions[1]},
            "waiting": self.waiting,
        }


def show(report: RepairReport, *, dry_run: bool) -> None:
    """Print it."""
    if not report.differing:
        console.print("[bold green]✓[/] Kafka and the database agree; there is nothing to repair")
        _show_lost(report)
        return
    for name, left in report.waiting.items():
        errors.print(f"{name} still has {left:,} to read: what follows may be less in the end")
    shown = table("outbox", "to publish", "published only", right=("to publish", "published only"))
    for comparison in report.comparisons:
        shown.add_row(comparison.source, f"{comparison.missing:,}", f"{sum(comparison.only_published.values()):,}")
    console.print(shown)
    _show_lost(report)
    _show_rest(report)
    if dry_run:
        console.print("Nothing was changed. `kruispunt repair` publishes what is missing.")
    else:
        console.print("[bold green]✓[/] repaired; `kruispunt up` starts what had stopped")


def _show_lost(report: RepairReport) -> None:
    if report.lost:
        console.print(
            f"{len(report.lost):,} submissions were published, and the register lost them. Their senders hand in the "
            "same files again: nothing of them is published twice."
        )
        for name, declarations in sorted(report.lost.items())[:SHOWN]:
            console.print(f"  submission {name}: {len(declarations):,} declarations", soft_wrap=True)
        if len(report.lost) > SHOWN:
            console.print(f"  and {len(report.lost) - SHOWN:,} more: `kruispunt repair --json`")


def _show_rest(report: RepairReport) -> None:
    for name in report.otherwise[:SHOWN]:
        console.print(
            f"declaration {name} was accepted again with other content: its sender corrects it", soft_wrap=True
        )
    notices = report.notices
    if notices.made or notices.moved or notices.doubted:
        console.print(f"notices: {notices.made:,} made again, {notices.moved:,} moved on, {notices.doubted:,} in doubt")
    for name in notices.unknown[:SHOWN]:
        console.print(f"notice {name} is on its topic, and its findings are gone", soft_wrap=True)
    judged, here = report.revisions
    if judged > here:
        console.print(
            f"Revision {judged} of the deliberations was in force, and the database has {here}: load or withdraw again "
            "what is missing before the exchange runs."
        )
