"""Reads the settings as `backbone.settings` does, and knows which databases may be on a server of their own."""

from pathlib import Path

from backbone import settings
from backbone.settings import SETTINGS_FILE, Settings, home
from schemas.institutions import HOSTED

__all__ = ["SETTINGS_FILE", "home", "load"]


def load(folder: Path | None = None) -> Settings:
    """The settings of a home; the environment wins over the file.

    Raises Stop with every wrong setting named.
    """
    return settings.load(folder, databases=HOSTED)
