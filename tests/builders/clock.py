"""Stands in for the module `time`: time passes when a test says so, or in sleep."""


class Clock:
    """As much of `time` as is used; it begins at some moment that means nothing."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
