"""Whatever goes wrong in whichever command: a known exit code, a sentence, nobody's data and no traceback.

The commands are those of the command line itself: a new one is driven without being named here.
"""

import asyncio
import gzip
import os
import stat
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import EnumType
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import orjson
import pytest

from backbone import postgres
from backbone.errors import Stop
from backbone.stack import certificates, prerequisites, stack
from backbone.stack.supervisor import Supervisor
from kruispunt.cli import app
from kruispunt.cli.app import PROCESS
from kruispunt.commands.rules import impact
from tests.builders.broken_input import BROKEN_TEXT, FAULT, HOMES, drive, settings_files
from tests.builders.command_line import CliRunner, commands
from tests.builders.databases import RefusingDatabase
from tests.builders.somebody import NAME, PERSON, PROFILE, STREET

SOUND = {
    "institution": "rva", "person": "-", "number": "-", "quality": "18/1", "rule": "structural_reduction",
    "finding": "f" * 32, "names": "20/296", "name": "20/296@2", "quarter": "2026Q3", "before": "2026-07-01",
    "after": "2026-10-01", "changes": "structural_reduction.alpha.low=0.2", "notice": "abcde-abcde-abcde-abcde",
    "language": "nl", "reason": "asked at the desk",
}  # fmt: skip
"""Something that each parameter of this name can be; a word for those that are not named here."""


class Verb(NamedTuple):
    """One command with the names and types of what it takes."""

    words: tuple[str, ...]
    parameters: tuple[Any, ...]
    panel: str

    def __str__(self) -> str:
        return " ".join(self.words)


def _verbs(command: Any, words: tuple[str, ...] = (), panel: str = "") -> Iterator[Verb]:
    below: Mapping[str, Any] = getattr(command, "commands", {})
    for name, one in below.items():
        yield from _verbs(one, (*words, name), panel or one.rich_help_panel)
    if words and (not below or command.invoke_without_command):
        yield Verb(words, tuple(one for one in command.params if one.name != "help"), panel)


VERBS = list(_verbs(commands(app)))


def kind(parameter: Any) -> Any:
    annotation = parameter.type_descriptor.annotation
    return annotation.__args__[0] if hasattr(annotation, "__args__") else annotation


def sound(parameter: Any, path: Path) -> str:
    wanted = kind(parameter)
    if wanted is Path:
        return str(path)
    if isinstance(wanted, EnumType):
        return str(next(iter(wanted)).value)
    return SOUND.get(parameter.name, {int: "2", float: "1", datetime: "2026-07-01"}.get(wanted, "word"))


def arguments(verb: Verb, path: Path, broken: Mapping[str, str] | None = None) -> list[str]:
    """A whole command line: what it must have, and what is broken."""
    given, placed = [*verb.words], []
    for parameter in verb.parameters:
        if kind(parameter) is bool:
            continue
        value = (broken or {}).get(parameter.name)
        if value is None and not parameter.required and kind(parameter) is not Path:
            continue
        value = sound(parameter, path) if value is None else value
        if parameter.param_type_name == "argument":
            placed.append(value)
        else:
            given += [parameter.opts[0], value]
    return [*given, "--", *placed] if placed else given


@pytest.fixture(autouse=True)
def nothing_starts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Commands may go as far as to start a server, and not one step further; the terminal changes no output."""

    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise Stop("Nothing is started here.")

    loops: list[asyncio.AbstractEventLoop] = []

    def loop() -> asyncio.AbstractEventLoop:
        loops.append(asyncio.get_event_loop_policy().new_event_loop())
        return loops[-1]

    monkeypatch.setattr(prerequisites, "check", lambda: None)
    monkeypatch.setattr(stack, "_servers", refuse)
    monkeypatch.setattr(impact, "_git", lambda *_: None)
    for step in ("hand_over", "start"):
        monkeypatch.setattr(Supervisor, step, refuse)
    monkeypatch.setattr(certificates, "ensure", lambda *_: None)
    monkeypatch.setattr(asyncio, "new_event_loop", loop)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "1000")
    monkeypatch.setenv("KRUISPUNT_HOME", str(tmp_path / "no stack"))
    yield
    # A process ends with its loop; here it is left behind.
    for one in loops:
        one.close()


@pytest.fixture(scope="module")
def sound_input(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound")
    (folder / "persons.jsonl").write_bytes(orjson.dumps(PROFILE))
    (folder / "directory.jsonl").write_bytes(b"")
    return folder


@pytest.mark.parametrize("home", HOMES)
@pytest.mark.parametrize("verb", VERBS, ids=str)
def test_a_home_that_is_none_is_told_in_a_sentence(
    tmp_path: Path, sound_input: Path, monkeypatch: pytest.MonkeyPatch, verb: Verb, home: str
) -> None:
    place = tmp_path / "homes"
    place.mkdir()
    monkeypatch.setenv("KRUISPUNT_HOME", str(settings_files(place)[home]))
    drive(arguments(verb, sound_input), PERSON.encode())


def broken_paths(folder: Path) -> dict[str, Path]:
    """Files and folders that are not what anybody asked for; each has somebody in it."""
    line = orjson.dumps(PROFILE)
    contents = {
        "empty": b"", "binary": bytes(range(256)) * 40, "zeros": b"\0" * 10_000, "packed": gzip.compress(line),
        "not utf-8": f'{{"person": "{PERSON}", "name": "{NAME}\udcff"}}'.encode("utf-8", "surrogateescape"),
        "list": orjson.dumps([PERSON, NAME]), "deep": b"[" * 50_000, "json": line + b"\n" + line[:40],
        "types": orjson.dumps(PROFILE | {"person": int(PERSON), "name": [NAME], "address": STREET, "email": {"a": 1}}),
        "decision": orjson.dumps({"person": PERSON, "quarter": "2026Q9", "amount": 1e300, "from": 5, "nature": NAME}),
        "xml": f"<DmfAOriginal><Form><INSS>{PERSON}</INSS><Quarter>99999</Quarter>".encode(),
        "other xml": f"<a b='{NAME}'>{PERSON}</a>".encode(),
        "entities": f'<!DOCTYPE a [<!ENTITY x "{NAME}">]><DmfAOriginal>&x;</DmfAOriginal>'.encode(),
        "yaml": f"rule: {NAME}\ncases: [{PERSON}, {{a: *b}}]\n\t- x".encode(),
        "yaml types": f"- {NAME}\n- {{name: 5, rule: [{PERSON}], given: 2026-99-99, figures: {{a: .inf}}}}".encode(),
        "pem": f"-----BEGIN PUBLIC KEY-----\n{PERSON}\n-----END PUBLIC KEY-----".encode(),
    }  # fmt: skip
    paths = {"missing": folder / "missing", "below a file": folder / "empty" / "x", "device": Path("/dev/null")}
    for name, content in contents.items():
        paths[name] = folder / name
        paths[name].write_bytes(content)
        # The same as each file of a folder.
        inside = folder / f"folder of {name}"
        inside.mkdir()
        for file in ("persons.jsonl", "employers.jsonl", "directory.jsonl", "a.yaml", "b.xml"):
            (inside / file).write_bytes(content)
        paths[inside.name] = inside
    folders = folder / "folders"
    for file in ("persons.jsonl", "directory.jsonl", "a.yaml"):
        (folders / file).mkdir(parents=True)
    paths["folders"] = folders
    paths["name"] = folder / os.fsdecode(b"caf\xe9.xml")
    paths["name"].touch()
    return paths


@pytest.mark.parametrize("verb", [verb for verb in VERBS if any(kind(one) is Path for one in verb.parameters)], ids=str)
def test_a_file_that_is_broken_is_refused_without_saying_what_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: Verb
) -> None:
    place = tmp_path / "input"
    place.mkdir()
    monkeypatch.setenv("KRUISPUNT_HOME", str(home_with_secrets(tmp_path / "home")))
    monkeypatch.setattr(postgres, "connect", connects_to(RefusingDatabase()))
    for path in broken_paths(place).values():
        for parameter in verb.parameters:
            if kind(parameter) is Path:
                drive(arguments(verb, path, {parameter.name: str(path)}), PERSON.encode())


@pytest.mark.parametrize("verb", VERBS, ids=str)
def test_a_value_that_is_broken_is_refused_in_a_sentence(tmp_path: Path, sound_input: Path, verb: Verb) -> None:
    for parameter in verb.parameters:
        if kind(parameter) in {bool, Path}:
            continue
        for value in BROKEN_TEXT:
            drive(arguments(verb, sound_input, {parameter.name: value}), PERSON.encode())
    drive([*arguments(verb, sound_input), "--no-such-option"])
    drive([*arguments(verb, sound_input), "one", "too", "many"])


@pytest.mark.parametrize("stdin", [b"", b"\xff\xfe\n", b"\0", b"9" * 1_000_000, "٨".encode() * 11], ids=ascii)
@pytest.mark.parametrize(
    "verb", [verb for verb in VERBS if any(one.name in {"person", "number"} for one in verb.parameters)], ids=str
)
def test_a_number_that_cannot_be_read_from_standard_input_is_no_fault(
    sound_input: Path, verb: Verb, stdin: bytes
) -> None:
    asked = {one.name: "-" for one in verb.parameters if one.name in {"person", "number"}}
    drive(arguments(verb, sound_input, asked), stdin[:1000] + b"\n")


def connects_to(connection: Any) -> Any:
    return lambda *_, **__: connection


def home_with_secrets(home: Path) -> Path:
    """As much of a stack as commands read before they ask the database."""
    for path in ("secrets/pepper", "secrets/signing-key", "secrets/kafka/rva", "secrets/kafka/owner"):
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_bytes(b"0" * 32)
        (home / path).chmod(stat.S_IRUSR)
    (home / "settings.json").write_bytes(b'{"kafka_bootstrap": "127.0.0.1:9", "kafka_ca": "/dev/null"}')
    return home


ASKING = [verb for verb in VERBS if verb.panel != PROCESS or verb.words[0] != verb.words[-1]]
"""All but the processes, which write to the log of the stack and wait for what is not there."""


@pytest.mark.parametrize("verb", ASKING, ids=str)
def test_what_the_database_says_of_a_row_is_not_repeated(
    tmp_path: Path, sound_input: Path, monkeypatch: pytest.MonkeyPatch, verb: Verb
) -> None:
    monkeypatch.setenv("KRUISPUNT_HOME", str(home_with_secrets(tmp_path / "home")))
    monkeypatch.setattr(postgres, "connect", connects_to(RefusingDatabase()))
    drive(arguments(verb, sound_input), PERSON.encode())


def test_a_refusal_of_the_database_is_told_by_its_code(
    tmp_path: Path, sound_input: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KRUISPUNT_HOME", str(home_with_secrets(tmp_path / "home")))
    monkeypatch.setattr(postgres, "connect", connects_to(RefusingDatabase()))
    assert "PostgreSQL refuses a row. (SQLSTATE 23502)" in drive(["load", str(sound_input)])


def test_a_fault_of_our_own_is_told_by_its_place_and_not_by_what_it_was_about(
    sound_input: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def err(_folder: Path) -> NoReturn:
        raise KeyError(PERSON)

    monkeypatch.setattr("kruispunt.commands.institutions.load.load", err)
    found = CliRunner().invoke(app, ["load", str(sound_input)])
    assert found.exit_code == 3
    assert f"{FAULT} itself: KeyError in tests/unit/kruispunt/test_cli_broken_input.py:" in found.stderr
    assert PERSON not in found.stderr
