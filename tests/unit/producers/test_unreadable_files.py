"""A file that cannot be read as a DmfA is told why, where, and what to do, in one anomaly and bounded memory."""

import gzip
import tracemalloc
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from tests.builders.declarations import SOUND
from tests.builders.read_file import read

BYTES = SOUND.encode()
ACCENT = SOUND.replace("counter", "comptoir d'été", 1)
LINE = 1 + SOUND[: SOUND.index("counter")].count("\n")
END = 1 + SOUND.rstrip("\n").count("\n")


def declaring(text: str, encoding: str) -> str:
    return text.replace('encoding="UTF-8"', f'encoding="{encoding}"' if encoding else "", 1)


def zipped() -> bytes:
    kept = BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        archive.writestr("declaration.xml", SOUND)
    return kept.getvalue()


def wrapped(prefix: str) -> bytes:
    root = f"<{prefix}DmfAOriginal xmlns{':' + prefix[:-1] if prefix else ''}='urn:example:forms'"
    return SOUND.replace("<DmfAOriginal", root, 1).replace("</DmfAOriginal", f"</{prefix}DmfAOriginal").encode()


FAULTY: dict[str, tuple[bytes, str, tuple[str, ...]]] = {
    "Latin-1 that says it is UTF-8": (
        ACCENT.encode("latin-1"), "102", (f"Line {LINE}", "not UTF-8", "says so", "Save the file as UTF-8", "declare")),
    "Latin-1 that says nothing": (
        declaring(ACCENT, "").encode("latin-1"), "102", (f"Line {LINE}", "not UTF-8", "declares no encoding")),
    "Latin-1 far behind": (
        BYTES.replace(b"</DmfAOriginal>", b"<!--" + b"x" * 200_000 + b"\n\xe9-->"), "102",
        (f"Line {END + 1}", "not UTF-8")),
    "UTF-8 that says it is ASCII": (declaring(ACCENT, "US-ASCII").encode(), "102", (f"Line {LINE}", "not US-ASCII")),
    "UTF-8 that says it is UTF-16": (declaring(SOUND, "UTF-16").encode(), "102", ("not UTF-16", "mostly UTF-8")),
    "an encoding nobody knows": (declaring(SOUND, "X-KLINGON").encode(), "102", ("X-KLINGON", "Save it as UTF-8")),
    "UTF-16 that does not say so": (
        SOUND[SOUND.index("<DmfA") :].encode("utf-16-le"), "102", ("UTF-16", "Save it as UTF-8")),
    "UTF-32": (SOUND.encode("utf-32"), "102", ("UTF-32", "Save it as UTF-8")),
    "EBCDIC": (SOUND.encode("cp500"), "102", ("EBCDIC", "Convert it to UTF-8")),
    "a default namespace": (wrapped(""), "089", ("A DmfA has no namespace", "xmlns=“urn:example:forms”", "Take")),
    "a prefix": (wrapped("d:"), "089", ("A DmfA has no namespace", "the prefix “d”", "Take")),
    "a prefix that nothing declares": (
        wrapped("d:").replace(b"xmlns:d='urn:example:forms'", b""), "089", ("no namespace", "“d”")),
    "another root": (b"<?xml version='1.0'?><Payroll/>", "089", ("The root is “Payroll”", "DmfAOriginal")),
    "a root in other capitals": (b"<DMFAORIGINAL/>", "089", ("The root is “DMFAORIGINAL”", "DmfAOriginal")),
    "NUL behind the end": (BYTES + b"\0" * 3, "102", (f"line {END + 1}", "stands after the end", "NUL", "Delete")),
    "much NUL behind the end": (BYTES + b"\0" * 300_000, "102", (f"line {END + 1}", "stands after the end")),
    "Ctrl-Z behind the end": (BYTES + b"\x1a", "102", ("stands after the end",)),
    "the file twice": (BYTES + BYTES, "102", ("stands after the end",)),
    "an empty line before": (b"\n" + BYTES, "102", ("before the XML declaration", "Begin the file with <?xml")),
    "text before": (b"Dear NSSO,\n" + BYTES, "102", ("before the first element",)),
    "gzip": (gzip.compress(BYTES), "102", ("gzip", "Unpack")),
    "zip": (zipped(), "102", ("zip", "Unpack")),
    "PDF": (b"%PDF-1.7\n", "102", ("PDF",)),
    "a signed file": (b"-----BEGIN PKCS7-----\n", "102", ("signed",)),
    "a list in JSON": (b'[{"decision": "1"}]', "102", ("JSON", "one object on each line")),
    "plain text": (b"employer;quarter\n1;2\n", "102", ("not XML",)),
    "nothing": (b"", "134", ("empty",)),
    "only NUL": (b"\0" * 1000, "134", ("empty",)),
    "a web page": (b"<!DOCTYPE html>\n<html><head><meta charset=utf-8></head><p>404<p></html>", "089", ("web page",)),
    "an old web page": (
        b'<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN" "http://www.w3.org/TR/html4/strict.dtd"><HTML></HTML>',
        "089", ("web page",)),
    "broken off": (BYTES[:-200], "102", ("breaks off", "Send it again, whole")),
    "a bare ampersand": (BYTES.replace(b"counter", b"R & D", 1), "102", (f"line {LINE}", "&amp;")),
    "a named entity": (BYTES.replace(b"counter", b"&eacute;", 1), "102", (f"line {LINE}", "Write the sign itself")),
    "a control sign": (BYTES.replace(b"counter", b"a\x01", 1), "102", (f"line {LINE}", "control sign")),
    "names that do not close": (
        BYTES.replace(b"</Retired>", b"</Retire>", 1), "102", ("closed under the name of another",)),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTY)
def test_a_file_that_cannot_be_read_is_told_why_and_what_to_do(case: str, tmp_path: Path) -> None:
    content, code, words = FAULTY[case]
    path = tmp_path / "file"
    path.write_bytes(content)
    with read(path) as reading:
        (anomaly,) = reading.anomalies
    assert (anomaly.code, anomaly.severity) == (f"90169-{code}", "blocking")
    for word in words:
        assert word in anomaly.message
    if case != "broken off":
        assert "Send it again" not in anomaly.message


def test_a_fault_in_one_file_says_nothing_of_the_next(tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    first.write_bytes(ACCENT.encode("latin-1"))
    second.write_bytes(BYTES[:-200])
    with read(first) as _, read(second) as reading:
        assert "breaks off" in reading.anomalies[0].message


@pytest.mark.parametrize(
    "content",
    [
        declaring(ACCENT, "ISO-8859-1").encode("latin-1"),
        declaring(ACCENT, "windows-1252").encode("cp1252"),
        declaring(ACCENT, "UTF-16").encode("utf-16"),
        declaring(ACCENT, "").encode(),
        ACCENT.encode("utf-8-sig"),
        b"".join((BYTES, b"\n\n<!-- made by payroll -->\n")),
    ],
)
def test_what_is_in_the_encoding_it_declares_is_read(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with read(path) as reading:
        assert reading.anomalies == ()


@pytest.mark.parametrize("tail", [b"\0" * (48 << 20), b"\xe9" * (48 << 20)])
def test_a_long_tail_of_rubbish_takes_no_memory(tail: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(BYTES + tail)
    size = len(tail)
    del tail
    tracemalloc.start()
    try:
        with read(path) as reading:
            assert len(reading.anomalies) == 1
        assert tracemalloc.get_traced_memory()[1] < size / 8
    finally:
        tracemalloc.stop()


DECISION = '{"decision": "d", "institution": "rva", "person": "85073003328", "kind": "unemployment_benefit", '
DECISION += '"from": "2026-01-15", "basis": "é"}\n'


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (DECISION.encode("latin-1"), ("Line 1", "not UTF-8", "Save the file as UTF-8")),
        (DECISION.encode() + b"\0\0", ("Line 2", "NUL")),
        (DECISION.encode() + b"{", ("Line 2", "one object on a line of its own")),
        (DECISION.strip().encode() + b",", ("Line 1", "one object on a line of its own")),
    ],
)
def test_a_line_that_is_no_decision_is_told_why(content: bytes, words: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    path.write_bytes(content)
    with read(path) as reading:
        (anomaly,) = reading.anomalies
    assert anomaly.code == "entitlement-003"
    for word in words:
        assert word in anomaly.message


def test_a_byte_order_mark_before_decisions_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "decisions.jsonl"
    path.write_bytes(DECISION.encode("utf-8-sig"))
    with read(path) as reading:
        assert reading.accepted
