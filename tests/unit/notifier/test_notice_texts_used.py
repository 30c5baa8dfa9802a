"""No text is kept that nobody is told."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from notifier.letter.typesetter import printer
from notifier.mail.message import render_mail
from notifier.mail.open_text import _pieces
from notifier.notice_content import NoticeFinding
from notifier.render.texts import Texts, texts
from tests.builders import notices as example

PARTS = (
    "greeting",
    "greeting_employer",
    "citizen",
    "employer",
    "says",
    "law",
    "headings",
    "decision",
    "contact",
    "wrong_data",
    "mail",
    "letter",
)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """The names of the texts that are said from now on."""
    names: set[str] = set()
    get = Texts.get

    def noted(self: Texts, name: str) -> object:
        names.add(name)
        return get(self, name)

    monkeypatch.setattr(Texts, "get", noted)
    texts.cache_clear()
    _pieces.cache_clear()
    yield names
    texts.cache_clear()
    _pieces.cache_clear()


def _leaves(tree: object, name: str) -> Iterator[str]:
    if isinstance(tree, dict):
        for part, inner in tree.items():
            yield from _leaves(inner, f"{name}.{part}")
    else:
        yield name


def _changed(told: NoticeFinding) -> NoticeFinding:
    return replace(told, tells="changed")


def _withdrawn(told: NoticeFinding) -> NoticeFinding:
    return replace(told, tells="withdrawn")


def _by_law(told: NoticeFinding) -> NoticeFinding:
    return replace(told, law_known=date(2026, 11, 28))


def test_every_text_of_a_notice_is_said(said: set[str]) -> None:
    sure, unsure = example.work_bonus("certain"), example.work_bonus("to_check")
    workers = example.for_employer("nl", 4)
    for notice in (
        example.for_citizen("nl", sure),
        example.for_citizen("nl", _changed(example.work_bonus("likely")), sequence=2),
        example.for_citizen("nl", sure, unsure, sequence=2),
        example.for_citizen("nl", _withdrawn(sure), sequence=2),
        example.for_citizen("nl", unsure),
        example.for_citizen("nl", _by_law(sure)),
        example.for_citizen("nl", _by_law(_changed(sure)), sequence=2),
        example.for_citizen("nl", _by_law(_withdrawn(sure)), sequence=2),
        replace(workers, findings=tuple(map(_by_law, map(_withdrawn, workers.findings))), sequence=2),
        workers,
        replace(workers, sequence=2),
        replace(workers, findings=tuple(map(_withdrawn, workers.findings)), sequence=2),
    ):
        printer().print_letter(notice)
        render_mail(notice, "no-reply@kruispunt.example")
    there = {name for part in PARTS for name in _leaves(texts("nl")._tree[part], part)}
    assert len(there) > len(PARTS)
    assert there - said == set()
