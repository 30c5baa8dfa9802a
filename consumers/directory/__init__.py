"""The reference directory: who is on file where, in which quality, from when to when."""

from consumers.directory.lookup import Dossier, Dossiers, look_up

__all__ = ["Dossier", "Dossiers", "look_up"]
