"""The commands `dead list`, `show`, `replay` and `drop`; each look and decision is recorded before it takes effect."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
from confluent_kafka import Consumer
from psycopg import Connection
from rich.markup import escape

from backbone import kafka, postgres
from backbone.schema_topic import snapshot
from backbone.settings import Settings
from consumers import acts
from kruispunt import settings
from kruispunt.dead_letters import closings, contents, letters, originals
from kruispunt.dead_letters.closings import OPEN, Closing
from kruispunt.dead_letters.letters import DeadLetter
from kruispunt.dead_letters.originals import OriginalMissing
from kruispunt.output import Exit, as_json, console, errors, fail, progress, table
from schemas.roles import Role

LIST = "`kruispunt dead list --all` lists every letter with its name."
AT_ONCE = 100
"""Letters closed in one transaction: a message can have 8 MiB."""
SHOWN_BYTES = 4_096
"""Characters of bytes nobody can read that are shown to a person; all of them are in the JSON."""


def listing(*, closed_too: bool, json: bool) -> int:
    """The command `dead list`: the open letters, oldest first; 1 when there are any."""
    config = settings.load()
    with postgres.connect(config, Role.INSPECTOR) as connection:
        closed = closings.closings(connection)
    everything = sorted(letters.read(config, book=snapshot(config, Role.INSPECTOR)), key=_oldest_first)
    left = sum(one.name not in closed for one in everything)
    found = [one for one in everything if closed_too or one.name not in closed]
    if json:
        as_json({"dead_letters": [_entry(one, closed.get(one.name)) for one in found]})
    elif not found:
        console.print("no message waits for a decision")
    else:
        shown = table("letter", "stage", "code", "message", "why", "events", "state")
        for one in found:
            state = _state(closed.get(one.name))
            shown.add_row(
                one.name, escape(one.stage), escape(one.code), escape(one.place), escape(one.reason),
                escape("\n".join(one.events)), escape(state),
            )  # fmt: skip
        console.print(shown)
    return Exit.NO if left else Exit.DONE


def _oldest_first(one: DeadLetter) -> tuple[Any, ...]:
    return one.at, one.topic, one.partition, one.offset


def _state(closing: Closing | None) -> str:
    if closing is None:
        return OPEN
    why = f": {closing.reason}" if closing.reason else ""
    return f"{closing.state} by {closing.by}, {closing.at:%Y-%m-%d %H:%M}{why}"


def _entry(one: DeadLetter, closing: Closing | None) -> dict[str, Any]:
    return {
        "letter": one.name,
        "stage": one.stage,
        "code": one.code,
        "reason": one.reason,
        "topic": one.topic,
        "partition": one.partition,
        "offset": one.offset,
        "at": one.at.isoformat(),
        "events": list(one.events),
        "state": closing.state if closing else OPEN,
        "closed": {"by": closing.by, "at": closing.at.isoformat(), "why": closing.reason} if closing else None,
    }


@contextmanager
def _desk(config: Settings) -> Iterator[tuple[Connection[Any], dict[str, Closing], dict[str, DeadLetter]]]:
    """An operator's connection, what became of letters, and all letters by name."""
    with postgres.connect(config, Role.OPERATOR, autocommit=True) as connection:
        closed = closings.closings(connection)
        yield connection, closed, {one.name: one for one in letters.read(config, Role.OPERATOR)}


@contextmanager
def _reader(config: Settings) -> Iterator[Consumer]:
    reader = kafka.end_reader(config, Role.OPERATOR)
    try:
        yield reader
    finally:
        reader.close()


def _named(names: Sequence[str], known: dict[str, DeadLetter]) -> list[DeadLetter]:
    wanted = dict.fromkeys(name.strip().lower() for name in names)
    if unknown := [name for name in wanted if name not in known]:
        fail(Exit.NO, f"There is no dead letter {', '.join(unknown)}.", LIST)
    return [known[name] for name in wanted]


def _named_open(names: Sequence[str], known: dict[str, DeadLetter], closed: dict[str, Closing]) -> list[DeadLetter]:
    found = _named(names, known)
    if done := [f"{one.name} ({closed[one.name].state})" for one in found if one.name in closed]:
        fail(Exit.NO, f"Closed already: {', '.join(done)}.", "Nothing was done.")
    return found


def show(name: str, *, json: bool) -> int:
    """The command `dead show`: a letter with its message, decoded as far as it can be."""
    config = settings.load()
    with _desk(config) as (connection, closed, known), _reader(config) as reader:
        (found,) = _named([name], known)
        key, value, why = None, b"", ""
        try:
            record = originals.said(reader, found)
            key, value = originals.message(reader, record)
        except OriginalMissing as missing:
            why = str(missing)
        about = {"stage": found.stage, "code": found.code, "message": found.place}
        acts.note(connection, "looked at a dead letter", found.name, **about, persons=contents.persons(key, value))
        held = contents.content(value, snapshot(config, Role.OPERATOR)) if value else None
    entry = _entry(found, closed.get(found.name))
    if json:
        as_json({**entry, "key": key.hex() if key is not None else None, "content": held, "missing": why or None})
        return Exit.DONE
    for word in ("letter", "stage", "code", "reason", "at"):
        console.print(f"{word:8} {escape(entry[word])}", soft_wrap=True)
    console.print(f"{'message':8} {escape(found.place)}", soft_wrap=True)
    console.print(f"{'state':8} {escape(_state(closed.get(found.name)))}", soft_wrap=True)
    if held is None:
        console.print(f"\n{escape(why)}", soft_wrap=True)
    else:
        sys.stdout.write("\n" + _for_a_person(held) + "\n")
    return Exit.DONE


def _for_a_person(held: dict[str, Any]) -> str:
    raw = held.get("bytes")
    if raw is None:
        return orjson.dumps(held, option=orjson.OPT_INDENT_2).decode()
    rest = f"… and {len(raw) - SHOWN_BYTES:,} characters more: --json has all of it" if len(raw) > SHOWN_BYTES else ""
    return f"Nobody can read these bytes (base 64):\n{raw[:SHOWN_BYTES]}{rest}"


def put_back(names: list[str], *, everything: bool, stage: str | None, json: bool) -> int:
    """The command `dead replay`: put messages back where they came from, in their order; 1 when some stay open."""
    if sum((bool(names), everything, stage is not None)) != 1:
        fail(Exit.WRONG_USE, "Name letters, or give --all or --stage, one of the three.", LIST)
    config = settings.load()
    done: list[str] = []
    left: dict[str, str] = {}
    with _desk(config) as (connection, closed, known), _reader(config) as reader:
        if names:
            wanted = _named_open(names, known, closed)
        else:
            wanted = [one for one in known.values() if one.name not in closed and stage in {None, one.stage}]
        wanted.sort(key=letters.in_order)
        with progress() as bar:
            task = bar.add_task("putting back", total=len(wanted))
            for start in range(0, len(wanted), AT_ONCE):
                batch = wanted[start : start + AT_ONCE]
                left |= _put_back_batch(connection, reader, batch)
                done += [one.name for one in batch if one.name not in left]
                bar.advance(task, len(batch))
    if json:
        as_json({"replayed": done, "left": [{"letter": name, "why": why} for name, why in left.items()]})
        return Exit.NO if left else Exit.DONE
    console.print(f"[bold green]✓[/] {len(done):,} put back; `kruispunt wait` waits until they are handled")
    for name, why in left.items():
        errors.print(f"[bold red]✗[/] {name}: {escape(why)}", soft_wrap=True)
    if left:
        errors.print("  `kruispunt dead drop` closes what cannot be put back, for a reason.")
    return Exit.NO if left else Exit.DONE


def _put_back_batch(connection: Connection[Any], reader: Consumer, batch: Sequence[DeadLetter]) -> dict[str, str]:
    """Put some messages back in one transaction; gives, by name, why a letter stays open."""
    left: dict[str, str] = {}
    # 1. What there is to put back, 2. the acts, the closed letters and the messages: all of it or nothing.
    ready = []
    for letter in batch:
        try:
            ready.append((letter, originals.message_to_put_back(reader, letter)))
        except OriginalMissing as missing:
            left[letter.name] = str(missing)
    with connection.transaction():
        for letter, message in ready:
            if not closings.put_back(connection, letter, message):
                left[letter.name] = "Somebody else closed it meanwhile."
    return left


def drop(names: list[str], *, reason: str, json: bool) -> int:
    """The command `dead drop`: close letters for a reason, which is on record; all of them or none."""
    why = reason.strip()
    if not why or "\0" in why or not why.isprintable():
        fail(Exit.WRONG_USE, "The reason must be a line of text.", "Nothing was dropped. Say why, for the record.")
    config = settings.load()
    with _desk(config) as (connection, closed, known):
        wanted = _named_open(names, known, closed)
        with connection.transaction():
            for one in sorted(wanted, key=letters.in_order):
                if not closings.drop(connection, one, why):
                    fail(Exit.NO, f"Somebody else closed {one.name} meanwhile.", "Nothing was dropped.")
    if json:
        as_json({"dropped": [one.name for one in wanted]})
    else:
        console.print(f"[bold green]✓[/] {len(wanted):,} dropped")
    return Exit.DONE
