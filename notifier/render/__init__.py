"""Turns what a notice tells into an e-mail or a letter in the recipient's language."""

from backbone.errors import Reject

UNWRITABLE = (Reject, LookupError, TypeError, ValueError)
"""What keeps one notice from being written. It ends in a named state and holds nobody else up, even where we erred."""


def why(error: Exception) -> str:
    """The reason for the ledger: our own words only, as those of a library may quote the notice."""
    return error.reason if isinstance(error, Reject) else f"It could not be written ({type(error).__name__})."
