"""Writes the generated files: DmfA files are closed when full, the side files stay open to the end."""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import orjson

from population.dmfa_xml import HEAD, TAIL, write_form

PERSONS_PER_FILE = 2000
FORMS_PER_FILE = 250
SIDE_FILES = ("persons", "employers", "directory", "entitlements", "truth")


class OutputFolder:
    """The folder a generation writes into; names sort in the order of writing."""

    def __init__(self, out: Path, quarter: str) -> None:
        self.out, self.quarter = out, quarter
        self.files = self.persons = self.forms = 0
        self.current: BinaryIO | None = None
        self.open = ExitStack()
        out.mkdir(parents=True, exist_ok=True)
        for old in out.glob(f"dmfa-{quarter}-[0-9][0-9][0-9][0-9].xml"):
            old.unlink()
        self.side = {name: self.open.enter_context((out / f"{name}.jsonl").open("wb")) for name in SIDE_FILES}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
        self.open.close()

    def write_lines(self, name: str, lines: list[dict[str, Any]]) -> None:
        """Append lines to one of the side files."""
        self.side[name].writelines(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines)

    def write_declaration(self, header: dict[str, Any], persons: list[str]) -> None:
        """Append one form to the file that has room for it."""
        if self.current and (self.persons + len(persons) > PERSONS_PER_FILE or self.forms >= FORMS_PER_FILE):
            self._close()
        if not self.current:
            self.files += 1
            self.current = (self.out / f"dmfa-{self.quarter}-{self.files:04d}.xml").open("wb")
            self.current.write(HEAD.encode())
            self.persons = self.forms = 0
        self.current.writelines(part.encode() for part in write_form(header, persons))
        self.persons += len(persons)
        self.forms += 1

    def _close(self) -> None:
        if self.current:
            self.current.write(TAIL.encode())
            self.current.close()
            self.current = None
