"""The ledger in one line per stage: nothing is left out, and no loss is made up for by something double."""

import ast
from pathlib import Path

from kruispunt.commands.accounts.folded_ledger import RECOUNTED, STAGES, fold, stage_of
from kruispunt.monitoring import ledger
from kruispunt.monitoring.ledger import LedgerRow


def effects() -> set[str]:
    """What the rows of the ledger are called in its own source, without the place in brackets."""
    found = set()
    for node in ast.walk(ast.parse(Path(ledger.__file__).read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " = " in node.value:
            found.add(node.value.partition(" (")[0])
    return {text for text in found if "\n" not in text and "select" not in text and not text.startswith("Positive")}


def test_every_effect_has_its_stage() -> None:
    recounted = {effect for effect in effects() if stage_of(effect) == RECOUNTED}
    assert {effect for named in STAGES.values() for effect in named} == effects() - recounted
    assert {
        "accepted facts = accepted facts, counted anew", "copies due = copies delivered", "copies due = records held",
        "stored records = records held", "facts due = facts decided", "findings held = findings received",
    } == recounted  # fmt: skip


def test_a_line_sums_up_its_pairs_and_keeps_the_order_of_the_stages() -> None:
    lines = fold(
        [
            LedgerRow("delivered records = stored records (rva)", 10, 10),
            LedgerRow("delivered records = stored records (rjv)", 5, 5),
            LedgerRow("accepted facts = published events", 7, 7),
        ]
    )
    assert [(line.stage, line.comparisons, line.expected, line.found, line.differences) for line in lines] == [
        ("registered, then published", 1, 7, 7, 0),
        ("delivered, then stored at the institution", 2, 15, 15, 0),
    ]


def test_a_loss_is_not_made_up_for_by_something_double() -> None:
    lost, double = (
        LedgerRow("delivered records = stored records (rva)", 10, 9),
        LedgerRow("delivered records = stored records (rjv)", 5, 6),
    )
    (line,) = fold([lost, double])
    assert line.expected == line.found
    assert line.differences == 2
    assert line.wrong == [lost, double]
