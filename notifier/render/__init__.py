"""Renders what a notice says, in the recipient's language."""

from collections.abc import Callable
from typing import NamedTuple, ParamSpec, TypeVar

from backbone.errors import Reject

Of = ParamSpec("Of")
Rendered = TypeVar("Rendered")


class Unwritten(NamedTuple):
    """Why a notice could not be written; `passing` when this machine was in trouble, and not the notice."""

    reason: str
    passing: bool


def write(render: Callable[Of, Rendered], *args: Of.args, **more: Of.kwargs) -> Rendered | Unwritten:
    """What `render` makes of a notice; however it fails, that is the trouble of this notice and stops no other."""
    try:
        return render(*args, **more)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 - a panic of the typesetter is not an Exception
        return Unwritten(why(error), isinstance(error, MemoryError | OSError))


def why(error: BaseException) -> str:
    """The reason for the ledger: our own words only, as those of a library may quote the notice."""
    return error.reason if isinstance(error, Reject) else f"It could not be written ({type(error).__name__})."
