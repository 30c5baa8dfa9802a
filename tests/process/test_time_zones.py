"""A machine that knows no time zones still has the legal day."""

import os
import subprocess
import sys


def test_a_machine_without_time_zones_of_its_own_has_those_of_a_package() -> None:
    code = (
        "import zoneinfo; from datetime import UTC, datetime; from schemas.legal_day import legal_day;"
        "print(zoneinfo.TZPATH, legal_day(datetime(2026, 6, 30, 23, 30, tzinfo=UTC)))"
    )
    bare = {**os.environ, "PYTHONTZPATH": "", "TZ": "America/Anchorage"}
    done = subprocess.run([sys.executable, "-c", code], env=bare, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "() 2026-07-01"
