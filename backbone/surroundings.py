"""Frees a process from its surroundings: what it does depends on its settings, not on whose shell it is."""

import os

POSTGRES = "PG"
HOW_IT_IS_SECURED = ("PGSSL", "PGGSS", "PGKRB", "PGCHANNELBINDING", "PGREQUIREAUTH", "PGREQUIRESSL")
"""Which authority and which certificate: Kruispunt has no settings for these."""


def settle() -> None:
    """Call once, before anything is opened.

    libpq reads `PGHOSTADDR`, `PGSERVICE`, `PGOPTIONS` and more besides its parameters; they are removed.
    """
    for name in list(os.environ):
        if name.startswith(POSTGRES) and not name.startswith(HOW_IT_IS_SECURED):
            del os.environ[name]
