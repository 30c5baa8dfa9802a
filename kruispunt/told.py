"""What was told to whom, and the account of every effect."""

from backbone import settings
from kruispunt.ledger import rows
from kruispunt.output import Exit, as_json, console, table


def ledger(*, json: bool) -> int:
    """The effect ledger; 0 only when nothing was lost and nothing came twice."""
    counted = rows(settings.load())
    balanced = all(row.difference == 0 for row in counted)
    if json:
        as_json(
            {
                "balanced": balanced,
                "rows": [
                    {"effect": row.effect, "expected": row.expected, "found": row.found, "difference": row.difference}
                    for row in counted
                ],
            }
        )
        return Exit.DONE if balanced else Exit.NO
    shown = table("effect", "expected", "found", "difference", right=("expected", "found", "difference"))
    for row in counted:
        mark = "[green]0[/]" if not row.difference else f"[bold red]{row.difference:+,}[/]"
        shown.add_row(row.effect, f"{row.expected:,}", f"{row.found:,}", mark)
    console.print(shown)
    console.print("[bold green]✓ balanced[/]" if balanced else "[bold red]✗ not balanced[/]")
    return Exit.DONE if balanced else Exit.NO
