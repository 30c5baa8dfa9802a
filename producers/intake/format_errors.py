"""Explains why a file cannot be read as a DmfA, and what its sender can do about it."""

import codecs
import re
from typing import BinaryIO

from lxml.etree import ErrorTypes, XMLPullParser, XMLSyntaxError

from producers.intake.anomalies import shown
from schemas.dmfa.forms import FORMS
from schemas.dmfa.tables import ROOT
from schemas.dmfa.update_tables import UPDATE_ROOT

CHUNK = 1 << 16
XML = "Send the DmfA itself, as XML."
FORMATS: tuple[tuple[bytes, str, str], ...] = (
    (b"\x1f\x8b", "compressed with gzip", "Unpack it and send what is in it."),
    (b"PK\x03\x04", "a zip archive, or an Office document", "Unpack it and send the DmfA that is in it."),
    (b"PK\x05\x06", "an empty zip archive", XML),
    (b"BZh", "compressed with bzip2", "Unpack it and send what is in it."),
    (b"\xfd7zXZ", "compressed with xz", "Unpack it and send what is in it."),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "Unpack it and send what is in it."),
    (b"7z\xbc\xaf", "a 7-Zip archive", "Unpack it and send the DmfA that is in it."),
    (b"Rar!", "a RAR archive", "Unpack it and send the DmfA that is in it."),
    (b"%PDF", "a PDF", XML),
    (b"\xd0\xcf\x11\xe0", "an old Office document", XML),
    (b"{\\rtf", "a text document (RTF)", XML),
    (b"\x89PNG", "a picture", XML),
    (b"\xff\xd8\xff", "a picture", XML),
    (b"-----BEGIN", "signed or encrypted", "Send the DmfA itself, as XML, without its wrapping."),
    (b"\x30\x82", "signed or encrypted (CMS)", "Send the DmfA itself, as XML, without its wrapping."),
    (b"\x30\x80", "signed or encrypted (CMS)", "Send the DmfA itself, as XML, without its wrapping."),
    (b"\x4c\x6f\xa7\x94", "XML in EBCDIC", "Convert it to UTF-8."),
    (b"\xff\xfe\0\0", "text in UTF-32", "Save it as UTF-8."),
    (b"\0\0\xfe\xff", "text in UTF-32", "Save it as UTF-8."),
    (b"[", "a list in JSON", "Send declarations as XML, and decisions as JSON lines: one object on each line."),
    (b'"', "JSON or a table of text", XML),
)
"""What files begin with that are sent instead of a DmfA: what it is, and what to do."""
SPACES = b" \t\r\n\f\v\0\xef\xbb\xbf\xfe\xff"
DECLARED = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)")
BARE = "Write &lt; for < and &amp; for & in a value."
WIDE = ("UTF-16", "UTF-32", "UCS-2", "UCS-4", "ISO-10646")
"""Encodings in which the declaration itself could not be read as ASCII."""
FAULTS = {
    ErrorTypes.ERR_DOCUMENT_END: (
        "something stands after the end of the declaration. Delete all that follows </{root}>, also signs that cannot "
        "be seen, as NUL."
    ),
    ErrorTypes.ERR_TAG_NAME_MISMATCH: "an element is closed under the name of another. Correct one of the names.",
    ErrorTypes.ERR_INVALID_CHAR: "there is a control sign that XML does not allow. Take it out.",
    ErrorTypes.ERR_UNDECLARED_ENTITY: "there is an entity with a name of its own, as &eacute;. Write the sign itself.",
    ErrorTypes.ERR_ENTITYREF_SEMICOL_MISSING: f"a & stands alone. {BARE}",
    ErrorTypes.ERR_ENTITYREF_NO_NAME: f"a & stands alone. {BARE}",
    ErrorTypes.ERR_NAME_REQUIRED: f"a < or & stands alone. {BARE}",
    ErrorTypes.ERR_RESOURCE_LIMIT: "elements are nested too deeply, or a value is too long. Send a real declaration.",
    ErrorTypes.NS_ERR_UNDEFINED_NAMESPACE: "a name has a prefix. A DmfA has no namespace: take the prefixes out.",
}
"""The errors of libxml2, in words for those whose program wrote the file."""


class UnreadableFile(Exception):
    """The file cannot be read as a DmfA. `code` of annex 30, `message` what is wrong and what to do."""

    def __init__(self, code: str, message: str, path: str = "/") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.path = path


def another_format(start: bytes) -> UnreadableFile | None:
    """What a file is whose first bytes are those of something else; None where they may be XML."""
    if not start.strip(SPACES):
        return UnreadableFile("134", "The file is empty. Send the declaration.")
    text = start.lstrip(SPACES)
    for beginning, what, remedy in FORMATS:
        if start.startswith(beginning) or (beginning.isascii() and text.startswith(beginning)):
            return UnreadableFile("102", f"This is not XML: it is {what}. {remedy}")
    if b"<" not in start:
        return UnreadableFile("102", f"This is not XML: its first part has no element. {XML}")
    return None


def not_begun(error: XMLSyntaxError, file: BinaryIO) -> UnreadableFile:
    """Why no element begins in a file that may be XML."""
    code, (line, column) = _code(error), error.position
    file.seek(0)
    start = file.read(CHUNK)
    if code == ErrorTypes.ERR_INVALID_ENCODING or _declared(start).upper().startswith(WIDE):
        return _encoding(file, line)
    if code == ErrorTypes.ERR_UNSUPPORTED_ENCODING:
        message = f"The encoding that the file declares is not known: {_declared(start)}. Save it as UTF-8."
        return UnreadableFile("102", message)
    if code == ErrorTypes.ERR_RESERVED_XML_NAME:
        message = (
            "Something stands before the XML declaration, if only a space or an empty line. Begin the file with <?xml."
        )
        return UnreadableFile("102", message)
    if start[:1] == b"\0" or not start.lstrip(SPACES).startswith(b"<"):
        message = "Something stands before the first element. Begin the file with <?xml or with the root."
        return UnreadableFile("102", message)
    if b"\0" in start[:CHUNK] and not start.startswith((b"\xff\xfe", b"\xfe\xff")):
        message = "This is UTF-16 that does not say so, or has NUL among its signs. Save it as UTF-8."
        return UnreadableFile("102", message)
    return UnreadableFile("102", f"This is not well-formed XML (line {line}, column {column}). Correct it there.")


def not_a_dmfa(name: str, prefix: str | None) -> UnreadableFile:
    """What is wrong with a root of this name (`{namespace}name` where it has one)."""
    namespace, _, local = name.rpartition("}")
    undeclared, _, local = local.rpartition(":")
    prefix = prefix or undeclared
    if local.lower() == "html":
        message = (
            "This is a web page, as servers send when they cannot give a file. Get the file again and look into it."
        )
    elif local in FORMS:
        by = f"the prefix {shown(prefix)}" if prefix else f"xmlns={shown(namespace[1:])}"
        message = f"A DmfA has no namespace, and this one has. Take {by} out."
    else:
        message = (
            f"The root is {shown(local)}, where a DmfA has {ROOT} or {UPDATE_ROOT}. Send a DmfA of the NSSO schema."
        )
    return UnreadableFile("089", message)


def not_well_formed(
    error: XMLSyntaxError, parser: XMLPullParser, file: BinaryIO, *, root: str, ended: bool
) -> UnreadableFile:
    """Where and why a DmfA of this root is no XML; `ended` when all of its bytes were read before it showed."""
    code, (line, column) = _code(error), error.position
    first = next(iter(parser.feed_error_log), None)
    if ended and first is not None:
        # lxml says only at the end that there was a fault, and then not which.
        code, line, column = first.type, first.line, first.column
    place = f"line {line}, column {column}"
    if code == ErrorTypes.ERR_INVALID_ENCODING:
        return _encoding(file, line)
    if code == ErrorTypes.ERR_RESERVED_XML_NAME:
        code = ErrorTypes.ERR_DOCUMENT_END
    if code in FAULTS:
        return UnreadableFile("102", f"This is not well-formed XML ({place}): {FAULTS[code].format(root=root)}")
    if ended:
        return UnreadableFile("102", f"The file breaks off ({place}). Send it again, whole.")
    return UnreadableFile("102", f"This is not well-formed XML ({place}). Correct it there.")


def _code(error: XMLSyntaxError) -> int:
    return int(error.code)  # type: ignore[attr-defined]  # the stubs lack it


def _declared(start: bytes) -> str:
    match = DECLARED.search(start)
    return match.group(1).decode("ascii")[:40] if match else ""


def _encoding(file: BinaryIO, line: int) -> UnreadableFile:
    file.seek(0)
    start = file.read(CHUNK)
    declared = _declared(start)
    name = declared or "UTF-8"
    if name.upper().startswith(WIDE):
        message = f"The bytes are not {name}, although the file says so. Declare the encoding it has, mostly UTF-8."
        return UnreadableFile("102", message)
    file.seek(0)
    line = _undecodable(file, name) or line
    says = "although the file says so" if declared else "which a file is that declares no encoding"
    message = (
        f"Line {line}: the bytes are not {name}, {says}. Save the file as {name}, or declare the encoding it has in "
        'its first line, as encoding="windows-1252".'
    )
    return UnreadableFile("102", message)


def _undecodable(file: BinaryIO, encoding: str) -> int:
    """The first line that is not in this encoding; 0 where every line is, or Python does not know the encoding."""
    try:
        decode = codecs.getincrementaldecoder(encoding)().decode
        wide = len("\n".encode(encoding)) > 1
    except LookupError:
        return 0
    lines = 1
    while chunk := file.read(CHUNK):
        try:
            lines += decode(chunk).count("\n")
        except UnicodeDecodeError as error:
            before = error.object[: error.start]
            return lines if wide else lines + before.count(b"\n")
        except UnicodeError:
            return 0
    return 0
