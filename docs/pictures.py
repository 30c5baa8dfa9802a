"""Makes the pictures of the README from what `make demo` prints and sends: run `make pictures` when either changes.

Every person in them is synthetic. ImageMagick makes the letter smaller where it is installed.
"""

import re
import shutil
import subprocess
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
COLOURS = 24
PORTRAIT = "620x"
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
    return terminal.export_svg(title="make demo", theme=THEME, code_format=frame, unique_id="demo")


def main() -> None:
    """Run the demo and keep two pictures of it."""
    console.record = True
    if demo.run() != 0:
        raise SystemExit("The demo failed, so there are no new pictures.")
    (DOCS / "demo.svg").write_text(picture(screens(console.export_text(styles=True))), "utf-8")
    letter = DOCS / "letter.png"
    shutil.copy(demo.KEPT / "letter-to-citizen.png", letter)
    if shutil.which("convert"):
        subprocess.run(
            ["convert", letter, "-resize", PORTRAIT, "-colors", str(COLOURS), "-strip", f"PNG8:{letter}"], check=True
        )


if __name__ == "__main__":
    main()
