"""Where an institution's database is, by the settings; wrong ones are refused at the start."""

import json
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from backbone import postgres
from backbone.errors import Stop
from kruispunt import settings

ELSEWHERE = "KRUISPUNT_POSTGRES_ELSEWHERE"


def place(home: Path, role: str, database: str) -> tuple[object, object]:
    found = conninfo_to_dict(postgres.conninfo(settings.load(home), role, database))
    return found["host"], found["port"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for role in ("rva", "inspector"):
        secret = tmp_path / "secrets" / "postgres" / role
        secret.parent.mkdir(parents=True, exist_ok=True)
        secret.touch(mode=0o600)
    stored = {"postgres_host": "main.example", "postgres_port": 5001}
    (tmp_path / "settings.json").write_text(json.dumps(stored), "utf-8")
    return tmp_path


def test_everything_is_on_one_server_unless_the_settings_say_otherwise(home: Path) -> None:
    assert place(home, "rva", "rva") == place(home, "inspector", "kruispunt") == ("main.example", "5001")


def test_whoever_asks_for_an_institutions_database_is_led_to_its_own_server(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ELSEWHERE, '{"rva": {"host": "db.rva.example", "port": 5002}, "nic": {"host": "nic.example"}}')
    assert place(home, "rva", "rva") == place(home, "inspector", "rva") == ("db.rva.example", "5002")
    assert place(home, "inspector", "nic") == ("nic.example", "5432")
    assert place(home, "inspector", "kruispunt") == place(home, "inspector", "fpd") == ("main.example", "5001")


def test_the_file_of_settings_says_it_as_well(home: Path) -> None:
    path = home / "settings.json"
    stored = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(stored | {"postgres_elsewhere": {"rva": {"host": "db.rva.example"}}}), "utf-8")
    assert place(home, "rva", "rva") == ("db.rva.example", "5432")


@pytest.mark.parametrize(
    "wrong",
    [
        "rva", "[]", '{"rva": "db.rva.example"}', '{"rva": {}}', '{"rva": {"host": ""}}',
        '{"rva": {"host": "db", "port": 0}}', '{"rva": {"host": "db", "password": "x"}}',
        '{"kruispunt": {"host": "db"}}', '{"nobody": {"host": "db"}}',
    ],
)  # fmt: skip
def test_what_names_no_server_of_an_institution_is_refused(
    home: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    monkeypatch.setenv(ELSEWHERE, wrong)
    with pytest.raises(Stop, match="postgres_elsewhere"):
        settings.load(home)
