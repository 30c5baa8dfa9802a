"""Other figures over the same situations: who gains, who loses, how much; and the law in force is what it was after."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from kruispunt.cli import app
from rules.catalogue import decide_all
from rules.law.law import Law
from rules.law.load import catalogue, law_in_folder, law_in_texts
from rules.law.parse import WrongParameters
from rules.law.variants import UnknownFigure, frozen_on, with_figures
from rules.questions.impact import Asked, ImpactTally, compare
from rules.view.situation import Situation
from tests.builders.command_line import CliRunner
from tests.builders.law import LAW
from tests.builders.situations import situation_of

DAY = date(2026, 10, 15)
S0 = "structural_reduction.category 1.S0"


def asked(wage: str, **more: Any) -> tuple[Situation, date]:
    case = {"quarter": "2026Q3", "wage": {1: wage}, "days": {1: 65}, "claimed on the line": {1: 900}, **more}
    return situation_of(case), DAY


def compared(before: Law, after: Law, *some: Asked, keep: bool = False) -> ImpactTally:
    tallies: dict[str, ImpactTally] = {}
    compare(tallies, before, after, some, keep=keep)
    return tallies.get("structural_reduction", ImpactTally())


def test_a_higher_limit_gives_more_to_the_cent_to_who_is_below_it_and_nothing_to_who_is_above() -> None:
    higher = with_figures(LAW, [f"{S0}=11787.74"])
    found = compared(LAW, higher, asked("10000.00"), asked("20000.00"))
    assert (found.gaining, found.gained, found.losing, found.lost) == (1, 1400, 0, 0)
    back = compared(higher, LAW, asked("10000.00"), asked("20000.00"))
    assert (back.gaining, back.losing, back.lost) == (0, 1, 1400)


def test_what_is_claimed_already_gains_as_well() -> None:
    higher = with_figures(LAW, [f"{S0}=11787.74"])
    assert compared(LAW, higher, asked("10000.00", claimed={3000: 236.28})).gained == 1400


def test_the_same_figures_change_nothing() -> None:
    found = compared(LAW, law_in_texts({}, LAW), asked("10000.00"))
    assert (found.same, found.differs, found.changed) == (1, False, [])


def test_a_person_is_kept_only_where_asked_for() -> None:
    higher = with_figures(LAW, [f"{S0}=11787.74"])
    assert compared(LAW, higher, asked("10000.00")).changed == []
    (change,) = compared(LAW, higher, asked("10000.00"), keep=True).changed
    assert change.gain == 1400


def test_a_day_without_law_is_not_known_rather_than_nothing() -> None:
    health = asked("6500.00", **{"joint committee": "330"})
    found = compared(frozen_on(date(2026, 3, 31), LAW), LAW, health)
    assert (found.gaining, found.losing, found.otherwise) == (0, 0, 1)


def test_the_law_of_a_day_holds_for_every_quarter() -> None:
    frozen = frozen_on(date(2025, 6, 30), LAW)
    assert frozen["structural_reduction"].at("category 1", date(2026, 8, 1)).start == date(2025, 4, 1)
    assert LAW["structural_reduction"].at("category 1", date(2026, 8, 1)).start == date(2026, 7, 1)


def test_what_was_decided_by_one_law_leaves_no_trace_in_another() -> None:
    seen, day = asked("10000.00")
    before = [one.amount for one in decide_all(seen, day, LAW)]
    higher = with_figures(LAW, [f"{S0}=99999.00"])
    assert [one.amount for one in decide_all(seen, day, higher)] != before
    assert [one.amount for one in decide_all(seen, day, LAW)] == before


def test_the_figures_of_a_folder_replace_those_that_are_there(tmp_path: Path) -> None:
    text = (catalogue() / "structural_reduction.yaml").read_text("utf-8").replace("S0: 11687.74", "S0: 11787.74")
    (tmp_path / "structural_reduction.yaml").write_text(text, "utf-8")
    assert compared(LAW, law_in_folder(tmp_path, LAW), asked("10000.00")).gained == 1400
    (tmp_path / "work_bonus.yaml").write_text("rule: work_bonus", "utf-8")
    (tmp_path / "deductions.yaml").write_text("[", "utf-8")
    with pytest.raises(WrongParameters) as refused:
        law_in_folder(tmp_path, LAW)
    assert [problem.file for problem in refused.value.problems] == ["deductions.yaml", "work_bonus.yaml"]


def test_every_change_that_cannot_be_made_is_named() -> None:
    wrong = ["a", "x.y.z=1", "work_bonus.x.y=1", "work_bonus.services.worked=1", f"{S0}=a lot", f"{S0}=NaN"]
    with pytest.raises(UnknownFigure) as refused:
        with_figures(LAW, wrong)
    told = str(refused.value).splitlines()
    assert [line.split(":")[0] for line in told] == wrong
    assert "write rule.series.figure=value" in told[0]
    assert "no number worked" in told[3]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("generated")
    options = ["generate", "--persons", "120", "--quarter", "2026Q3", "--seed", "3", "--out", str(made)]
    assert CliRunner().invoke(app, options).exit_code == 0
    return made


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["rules", *arguments])


def test_who_gains_is_told_in_counts_and_sums_and_no_person_unless_asked(data: Path) -> None:
    answer = run("what-if", "--set", f"{S0}=11787.74", "--on", str(data), "--json")
    document = json.loads(answer.stdout)
    (rule,) = (one for one in document["rules"] if one["rule"] == "structural_reduction")
    assert (answer.exit_code, rule["losing"], rule["net"]) == (1, 0, rule["gained"])
    assert rule["gaining"] > 10
    assert document["situations"] >= 120
    assert "persons" not in rule
    named = json.loads(run("what-if", "--set", f"{S0}=11787.74", "--on", str(data), "--json", "--persons").stdout)
    (rule,) = (one for one in named["rules"] if one["rule"] == "structural_reduction")
    assert len(rule["persons"]) == rule["gaining"]
    assert rule["persons"][0]["person"] not in answer.stdout


def test_two_days_are_compared_and_nothing_changed_is_0(data: Path) -> None:
    assert run("diff", "--from", "2026-07-01", "--to", "2026-07-02", "--on", str(data)).exit_code == 0
    changed = run("diff", "--from", "2026-06-30", "--to", "2026-07-01", "--on", str(data))
    assert changed.exit_code == 1
    assert "2026-06-30 against 2026-07-01" in changed.output


def test_the_law_of_two_days_of_knowledge_is_compared(tmp_path: Path) -> None:
    options = ["generate", "--persons", "120", "--quarter", "2025Q2", "--seed", "3", "--out", str(tmp_path)]
    assert CliRunner().invoke(app, options).exit_code == 0
    answer = run("diff", "--from", "known:2026-11-27", "--to", "known:2026-11-28", "--on", str(tmp_path), "--json")
    document = json.loads(answer.stdout)
    (rule,) = (one for one in document["rules"] if one["rule"] == "structural_reduction")
    assert answer.exit_code == 1
    assert rule["gaining"] + rule["losing"] > 10
    same = run("diff", "--from", "known:2026-11-28", "--to", "known:2026-11-28", "--on", str(tmp_path))
    assert same.exit_code == 0


def test_a_rule_is_shown_as_it_was_known_on_a_day() -> None:
    shown = ["show", "structural_reduction", "--on", "2025-05-01", "--json", "--known-on"]
    gammas = {}
    for known in ("2026-11-27", "2026-11-28"):
        document = json.loads(run(*shown, known).stdout)
        (series,) = (one for one in document["series"] if one["series"] == "category 1")
        (gamma,) = (one["value"] for one in series["figures"] if one["figure"] == "gamma")
        gammas[series["known"]] = gamma
    assert gammas == {"2026-11-23": "0.40", "2026-11-28": "0.21"}
    refused = run(*shown, "2026-11-22")
    assert (refused.exit_code, "The first figures are known since 2026-11-23." in refused.stderr) == (2, True)


def test_a_declaration_is_checked_by_the_law_as_it_was_known_on_a_day(tmp_path: Path) -> None:
    options = ["generate", "--persons", "60", "--quarter", "2025Q2", "--seed", "3", "--out", str(tmp_path)]
    assert CliRunner().invoke(app, options).exit_code == 0
    files = sorted(map(str, tmp_path.glob("*.xml")))
    then, now = (
        CliRunner().invoke(app, ["check", *files, "--json", "--known-on", known]).stdout
        for known in ("2026-11-27", "2026-11-28")
    )
    assert now == CliRunner().invoke(app, ["check", *files, "--json"]).stdout
    assert then != now


@pytest.mark.parametrize(
    "arguments",
    [
        ["diff", "--from", "--help-me", "--to", "2026-07-01", "--on", "x"],
        ["diff", "--from", "2026-07-01", "--to", "2026-07-01", "--on", "nowhere.xml"],
        ["diff", "--from", "2026-07-01", "--to", "2026-07-01"],
        ["diff", "--from", "known:soon", "--to", "known:2026-11-28", "--on", "x"],
        ["diff", "--from", "known:2026-11-22", "--to", "known:2026-11-28", "--on", "x"],
        ["what-if", "--set", "a=1", "--on", "x"],
        ["what-if", "--set", "youth_holiday.conditions.below", "--on", "x"],
        ["what-if", "--set", "youth_holiday.conditions.nothing=1", "--on", "x"],
        ["what-if", "--set", "youth_holiday.conditions.below=many", "--on", "x"],
        ["what-if", "--set", "no_such_rule.conditions.below=1", "--on", "x"],
        ["what-if", "--set", "youth_holiday.conditions.below=20", "--on", "nowhere.xml"],
        ["what-if", "--on", "x"],
        ["replay"],
    ],
)
def test_what_cannot_be_compared_is_wrong_use(arguments: list[str]) -> None:
    answer = run(*arguments)
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert answer.stderr


def test_a_figure_only_a_history_reads_is_compared_in_files_as_each_declaration_tells_it(data: Path) -> None:
    arguments = ["what-if", "--set", "youth_holiday.conditions.below=18", "--json", "--persons", "--on"]
    quarter = data.parent / "first-quarter"
    options = ["generate", "--persons", "120", "--quarter", "2026Q1", "--seed", "3", "--out", str(quarter)]
    assert CliRunner().invoke(app, options).exit_code == 0
    answer = run(*arguments, str(quarter))
    document = json.loads(answer.stdout)
    (rule,) = (one for one in document["rules"] if one["rule"] == "youth_holiday")
    assert (answer.exit_code, rule["gaining"], rule["losing"] > 0, rule["net"]) == (1, 0, True, "0.00")
    assert document["histories"] == document["situations"]
    assert {one["verdict"] for one in rule["persons"]} == {"losing"}
    assert all(one["before"] == {"amount": None, "certainty": "to check"} for one in rule["persons"])
    shown = run("what-if", "--set", "youth_holiday.conditions.below=18", "--persons", "--on", str(quarter)).stdout
    assert "youth holiday: " in shown
