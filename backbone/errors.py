"""Three kinds of errors, by what must happen next; foreign errors are translated into one of them where they enter."""


class Retry(Exception):
    """Something passing is in the way: wait and try again. `remedy` says what helps it to pass."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(f"{reason} {remedy}".strip())
        self.reason = reason
        self.remedy = remedy


class Stop(Exception):
    """The process cannot go on safely. `remedy` says what an operator does about it."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(f"{reason} {remedy}".strip())
        self.reason = reason
        self.remedy = remedy


class Reject(Exception):
    """This input is wrong: answer or dead-letter it, and go on. `code` is stable, `place` points into the input."""

    def __init__(self, code: str, reason: str, *, place: str | None = None, remedy: str | None = None) -> None:
        super().__init__(" ".join(part for part in (reason, remedy) if part))
        self.code = code
        self.reason = reason
        self.place = place
        self.remedy = remedy
