"""Indexes every published schema version by id, by subject and by the schema itself."""

from contextlib import suppress

from schemas.lookup import InvalidSchema, normalized
from schemas.registration import SchemaVersion

MOST_DIGITS = 10
"""More stand for a number that no version and no id has."""
DEFAULT_CONTEXT = ":.:"
"""How a stock client may spell out that it means the only context there is."""


def number(text: str) -> int:
    """The number a text is, or 0, which names nothing."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else 0


class Catalogue:
    """Versions by subject and schemas by id, as far as the schemas topic has been read."""

    def __init__(self) -> None:
        self.cluster = ""
        self.texts: dict[int, str] = {}
        self._subjects: dict[str, dict[int, SchemaVersion]] = {}
        self._same: dict[tuple[str, str], SchemaVersion] = {}

    def add(self, version: SchemaVersion) -> None:
        """Take in one version."""
        self.texts[version.id] = version.schema
        self._subjects.setdefault(version.subject, {})[version.version] = version
        with suppress(InvalidSchema):
            same = (version.subject, normalized(version.schema))
            before = self._same.get(same)
            if before is None or before.version <= version.version:
                self._same[same] = version

    def subjects(self) -> list[str]:
        """Every subject, in order."""
        return sorted(self._subjects)

    def versions(self, subject: str) -> list[int]:
        """The versions of a subject, in order; none when it is not there."""
        return sorted(self._subjects.get(subject.removeprefix(DEFAULT_CONTEXT), ()))

    def version(self, subject: str, wanted: int | None) -> SchemaVersion | None:
        """A version of a subject by number; the newest without one."""
        versions = self._subjects.get(subject.removeprefix(DEFAULT_CONTEXT), {})
        return versions.get(max(list(versions), default=0) if wanted is None else wanted)

    def uses(self, wanted: int) -> list[SchemaVersion]:
        """Every version that has the schema with this id."""
        versions = [version for subject in self.subjects() for version in list(self._subjects[subject].values())]
        return [version for version in versions if version.id == wanted]

    def same(self, subject: str, text: str) -> SchemaVersion | None:
        """The newest version of a subject with this schema, however it is written.

        Raises InvalidSchema.
        """
        return self._same.get((subject.removeprefix(DEFAULT_CONTEXT), normalized(text)))
