"""Makes the pictures of the README from what `make demo` prints and sends: run `make pictures` when either changes.

Every person in them is synthetic.
"""

import re
import struct
import zlib
from collections import Counter
from io import StringIO
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from kruispunt.commands.stack import demo
from kruispunt.output import console

DOCS = Path(__file__).parent
FIRST, LAST = "2. ", "4. "
"""The screens that are shown: from the first title to the one before the last."""
COLOURS = 16
STEP = 24
"""Colours that differ by less than this become one."""
SIGNATURE = b"\x89PNG\r\n\x1a\n"
SIZE = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')
FONT_FACE = re.compile(r"@font-face \{\{.*?\}\}\s*", re.DOTALL)
FONTS = "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace"
THEME = TerminalTheme(
    (24, 28, 33), (222, 226, 230),
    [(24, 28, 33), (224, 108, 117), (138, 190, 110), (224, 180, 90), (97, 175, 239), (198, 120, 221), (86, 182, 194),
     (190, 196, 202)],
    [(110, 118, 128), (240, 130, 138), (160, 212, 130), (240, 200, 110), (130, 195, 250), (215, 150, 235),
     (110, 205, 215), (245, 247, 250)],
)  # fmt: skip


def screens(recorded: str) -> str:
    """The part of the demo between two titles, with its colours."""
    lines = recorded.splitlines()
    plain = [Text.from_ansi(line).plain for line in lines]
    first, last = (next(at for at, line in enumerate(plain) if line.startswith(start)) for start in (FIRST, LAST))
    return "\n".join(lines[first:last]).rstrip()


def picture(ansi: str) -> str:
    """A terminal as SVG that loads nothing from elsewhere."""
    terminal = Console(record=True, width=demo.WIDTH, file=StringIO(), force_terminal=True, color_system="truecolor")
    terminal.print(Text.from_ansi(ansi))
    frame = FONT_FACE.sub("", CONSOLE_SVG_FORMAT).replace("Fira Code, monospace", FONTS)
    svg = terminal.export_svg(title="make demo", theme=THEME, code_format=frame, unique_id="demo")
    width, height = SIZE.search(svg).groups()  # type: ignore[union-attr]
    # Without a size of its own an image has none in a table or beside another.
    return svg.replace("<svg ", f'<svg width="{width}" height="{height}" ', 1)


def _chunks(png: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], len(SIGNATURE)
    while at < len(png):
        (size,) = struct.unpack_from(">I", png, at)
        found.append((png[at + 4 : at + 8], png[at + 8 : at + 8 + size]))
        at += size + 12
    return found


def _rows(raw: bytes, width: int, height: int, depth: int) -> list[bytearray]:
    """The rows of an image with the filters of PNG undone."""
    size, before, rows = width * depth, bytearray(width * depth), []
    for number in range(height):
        start = number * (size + 1)
        kind, row = raw[start], bytearray(raw[start + 1 : start + 1 + size])
        for at in range(size):
            left, above = row[at - depth] if at >= depth else 0, before[at]
            corner = before[at - depth] if at >= depth else 0
            guess = left + above - corner
            nearest = min((left, above, corner), key=lambda one, guess=guess: abs(guess - one))  # type: ignore[misc]
            row[at] = (row[at] + (0, left, above, (left + above) // 2, nearest)[kind]) & 255
        rows.append(row)
        before = row
    return rows


def smaller(png: bytes) -> bytes:
    """The same picture in the few colours that a letter has."""
    chunks = _chunks(png)
    width, height, _, colour = struct.unpack(">IIBB", chunks[0][1][:10])
    depth = {2: 3, 6: 4}[colour]
    raw = zlib.decompress(b"".join(data for kind, data in chunks if kind == b"IDAT"))
    rows = [[tuple(row[at : at + 3]) for at in range(0, len(row), depth)] for row in _rows(raw, width, height, depth)]
    palette: list[tuple[int, ...]] = []
    for one, _ in Counter(pixel for row in rows for pixel in row).most_common():
        if len(palette) < COLOURS and all(
            sum(abs(a - b) for a, b in zip(one, other, strict=True)) > STEP for other in palette
        ):
            palette.append(one)
    place: dict[tuple[int, ...], int] = {}
    packed = bytearray()
    for row in rows:
        packed.append(0)
        for pixel in row:
            if pixel not in place:
                place[pixel] = min(
                    range(len(palette)), key=lambda at: sum(abs(a - b) for a, b in zip(pixel, palette[at], strict=True))
                )
        line = [place[pixel] for pixel in row] + [0] * (width % 2)
        packed += bytes(line[at] << 4 | line[at + 1] for at in range(0, len(line), 2))
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 4, 3, 0, 0, 0)),
        (b"PLTE", bytes(value for one in palette for value in one)),
        (b"IDAT", zlib.compress(bytes(packed), 9)),
        (b"IEND", b""),
    ]
    return SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )


def main() -> None:
    """Run the demo and keep two pictures of it."""
    console.record = True
    if demo.run() != 0:
        raise SystemExit("The demo failed, so there are no new pictures.")
    (DOCS / "demo.svg").write_text(picture(screens(console.export_text(styles=True))), "utf-8")
    (DOCS / "letter.png").write_bytes(smaller((demo.KEPT / "letter-to-citizen.png").read_bytes()))


if __name__ == "__main__":
    main()
