"""Takes one file in, on a connection of its own."""

from datetime import date
from pathlib import Path

from backbone import postgres
from backbone.settings import Settings
from producers.intake.receipts import Receipt
from producers.intake.receive import receive
from schemas.roles import Role


def receive_file(settings: Settings, path: Path, *, on: date | None = None) -> Receipt:
    """Take a file in and answer it; `on` is the day of receipt, by default this day in Belgium."""
    with postgres.connect(settings, Role.INTAKE, autocommit=True) as connection:
        return receive(connection, path, pepper=settings.pepper(), on=on)
