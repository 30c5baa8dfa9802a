"""A claim that gives nothing: the condition that was not met, and where it stands."""

from datetime import date
from typing import Any

import pytest

from rules.casebook.trial import stated
from rules.catalogue import RULES
from tests.builders.law import LAW
from tests.builders.situations import situation_of


def _claims(quarter: str, claimed: dict[int, Any], **change: Any) -> dict[str, Any]:
    return {"quarter": quarter, "wage": {1: 12000.00}, "days": {1: 65}, "claimed": claimed, **change}


def _since(day: date) -> dict[str, Any]:
    return {"amount": 100.00, "since": day}


def _shortened(day: date, before: float, after: float) -> dict[str, Any]:
    return {"amount": 100.00, "shortened": {"on": day, "from": before, "to": after}}


GERMAN = "Securex, aides à l'emploi en Communauté germanophone; NSSO 2018/1 (limit) (SEC), in force from 2019-01-01"
HORECA = (
    "Royal decree of 16/05/2003, art. 28/7 to 28/10 (derived); Horeca Wallonie 06/05/2025; "
    "horecaestmapassion.be; Securex (SEC), in force from 2014-01-01"
)
REFUSED: list[tuple[str, str, dict[str, Any], list[str]]] = [
    (
        "a right that begins after the quarter",
        "first_hirings",
        _claims("2025Q2", {3315: _since(date(2025, 7, 1))}),
        [
            (
                "quarters of the right | not begun | - | Programme law (I) of 24/12/2002, art. 342 to 345 (from "
                "memory); VLAIO 22/11/2023; Liantis; Group S (SEC), in force from 2024-01-01 | did not hold"
            ),
        ],
    ),
    (
        "a window that is over",
        "first_hirings",
        _claims("2026Q1", {3326: _since(date(2021, 3, 31))}),
        [
            (
                "quarters of the right | 20 | - | Programme law (I) of 24/12/2002, art. 342 to 345 (from "
                "memory); VLAIO 22/11/2023; Liantis; for rights that ran in 2026 franchise.be and "
                "talentsbridge.be (SEC), in force from 2016-01-01 | did not hold"
            ),
        ],
    ),
    (
        "the lower of two target groups",
        "first_hirings",
        _claims("2025Q2", {3324: _since(date(2025, 4, 1)), 3800: 800.00}),
        [
            (
                "target groups of an occupation | one | - | DmfA annex 4; Securex, which reductions can be "
                "combined (SEC), in force from 2016-01-01 | did not hold"
            ),
            (
                "likely | the employer may choose which one: DmfA annex 4; Securex, which reductions can be "
                "combined (SEC), in force from 2016-01-01"
            ),
        ],
    ),
    (
        "termination pay",
        "first_hirings",
        _claims("2025Q2", {3315: _since(date(2025, 4, 1))}, wage={1: 9000.00, 3: 5000.00}),
        [
            (
                "worker code | 495 | - | DmfA annex 2; instruction on the structural reduction (who qualifies) "
                "(OFF), in force from 2003-01-01 | held"
            ),
            (
                "W | 0.00 | EUR | Programme law (I) of 24/12/2002, title IV, chapter 7 (art. 324 and following);"
                " royal decree of 16/05/2003 | did not hold"
            ),
        ],
    ),
    (
        "statutory staff",
        "first_hirings",
        _claims("2025Q2", {3315: _since(date(2025, 4, 1))}, **{"worker code": "675"}),
        [
            (
                "worker code | 675 | - | DmfA annex 2; instruction on the structural reduction (who does not "
                "qualify) (OFF), in force from 2003-01-01 | did not hold"
            ),
            "to check | not settled whether a worker outside some branches has a target group",
        ],
    ),
    (
        "a student",
        "first_hirings",
        _claims("2025Q2", {3315: _since(date(2025, 4, 1))}, **{"worker code": "841"}),
        [
            (
                "worker code | 841 | - | DmfA annex 2; instruction on first hirings (who does not count as a worker) "
                "(SEC), in force from 2003-01-01 | did not hold"
            ),
        ],
    ),
    (
        "absent all quarter",
        "first_hirings",
        _claims("2025Q2", {3315: _since(date(2025, 4, 1))}, days={50: 65}),
        [
            (
                "mu | 0.00 | - | Programme law (I) of 24/12/2002, title IV, chapter 7 (art. 324 and following); "
                "royal decree of 16/05/2003 | did not hold"
            ),
        ],
    ),
    (
        "category 2",
        "older_workers",
        _claims("2025Q2", {8320: 100.00}, person="65031503330", **{"joint committee": "330"}),
        [
            (
                "category | 2 | - | Instruction on older workers (Flanders, Wallonia): category 1 (SEC), in "
                "force from 2016-07-01 | did not hold"
            ),
            (
                "likely | category 2 rests on a partial list: VLAIO 05/05/2023, Prato, APEF and Aides aux entreprises "
                "sociales (Social Maribel); NSSO intermediate instruction of 13/03/2023 (adapted work) (SEC), in "
                "force from 2023-01-01"
            ),
        ],
    ),
    (
        "too young for Wallonia",
        "older_workers",
        _claims("2025Q2", {8320: 100.00}),
        [
            (
                "least age | 55 | years | Programme law (I) of 24/12/2002, art. 339 par. 1; Overview of 2025/26;"
                " horecaestmapassion.be (SEC), in force from 2025-01-01 | did not hold"
            ),
        ],
    ),
    (
        "past the pension age in Wallonia",
        "older_workers",
        _claims("2025Q1", {8320: 100.00}, person="59123103369"),
        [
            (
                "pension age reached on | 2024-12-31 | - | Programme law (I) of 24/12/2002, art. 339 par. 1; "
                "Overview of 2025/26; horecaestmapassion.be (SEC), in force from 2025-01-01 | did not hold"
            ),
        ],
    ),
    (
        "a wage at the limit of Wallonia",
        "older_workers",
        _claims("2025Q2", {8320: 100.00}, person="65031503330", wage={1: 17682.44}),
        [
            (
                "S | 17682.44 | EUR | Programme law (I) of 24/12/2002, title IV, chapter 7 (art. 324 and "
                "following); royal decree of 16/05/2003"
            ),
            (
                "limit of S | 17682.44 | EUR | Programme law (I) of 24/12/2002, art. 339 par. 1, first "
                "paragraph, 3°; NSSO intermediate instruction 2025/1 of 02/04/2025 (OFF), in force from "
                "2025-04-01 | did not hold"
            ),
        ],
    ),
    (
        "too young for Brussels",
        "older_workers",
        _claims("2024Q3", {7320: 100.00}, person="63100103369", wage={1: 8000.00}),
        [
            (
                "ages | 61-66 | years | UCM, reform of employment aid in Brussels (SEC), in force from "
                "2024-07-01 | did not hold"
            ),
        ],
    ),
    (
        "abolished in Flanders",
        "older_workers",
        _claims("2025Q3", {6320: 100.00}, person="63063003344"),
        [
            (
                "reduction until | 2025-06-30 | - | One public source: abolished from 01/07/2025 (REPO), in "
                "force from 2025-07-01 | did not hold"
            ),
        ],
    ),
    (
        "too young for Flanders",
        "older_workers",
        _claims("2024Q2", {6320: 100.00}, person="65010103348"),
        [
            (
                "least age | 61 | years | horecaestmapassion.be; Partena; NSSO elderlyworkers_vl (SEC), in force"
                " from 2024-01-01 | did not hold"
            ),
        ],
    ),
    (
        "newly hired, and abolished",
        "older_workers",
        _claims("2026Q2", {6321: _since(date(2025, 5, 1))}, person="66063003310", wage={1: 10000.00}),
        [
            (
                "reduction until | 2026-03-31 | - | salarysolution.be; Acerta: what was left ended on 31/03/2026"
                " (SEC), in force from 2026-04-01 | did not hold"
            ),
        ],
    ),
    (
        "newly hired, in the ninth quarter",
        "older_workers",
        _claims("2026Q1", {6321: _since(date(2024, 3, 31))}, person="66033003386", wage={1: 10000.00}),
        [
            (
                "quarters of the right | 8 | - | NSSO elderlyworkers_vl; salarysolution.be; Acerta (SEC), in "
                "force from 2016-07-01 | did not hold"
            ),
        ],
    ),
    (
        "newly hired, at 57",
        "older_workers",
        _claims("2025Q2", {6321: _since(date(2024, 5, 1))}, person="66070103314", wage={1: 10000.00}),
        [
            (
                "least age | 58 | years | NSSO elderlyworkers_vl; salarysolution.be; Acerta (SEC), in force from"
                " 2016-07-01 | did not hold"
            ),
        ],
    ),
    (
        "too young for the German-speaking Community",
        "older_workers",
        _claims("2025Q2", {9300: 100.00}, person="71070103322"),
        [
            f"least age | 55 | years | {GERMAN} | did not hold",
        ],
    ),
    (
        "of the age of before in the German-speaking Community",
        "older_workers",
        _claims("2025Q2", {9300: 100.00}, person="71063003318"),
        [
            f"least age | 55 | years | {GERMAN} | did not hold",
            f"to check | since when it is 55 years instead of 54 was not found: {GERMAN}",
        ],
    ),
    (
        "older than the bands of the German-speaking Community",
        "older_workers",
        _claims("2025Q2", {9300: 100.00}, person="59063003357"),
        [
            f"ages | 55-65 | years | {GERMAN} | did not hold",
            f"to check | the amounts were read up to 65 years: {GERMAN}",
        ],
    ),
    (
        "a wage between the limit of Wallonia and where the index would put it",
        "older_workers",
        _claims("2026Q3", {8320: 100.00}, person="61031503343", wage={1: 13600.00}, **{"from": date(2026, 1, 1)}),
        [
            (
                "limit of S | 13500.00 | EUR | Programme law (I) of 24/12/2002, art. 339 par. 1, first paragraph, 3°; "
                "Securex, aides Impulsion et Tremplin; Horeca Wallonie 07/01/2026; UCM; decree of 18/12/2025 "
                "(preamble) (SEC), in force from 2026-07-01 | did not hold"
            ),
            (
                "to check | not settled whether the limit of S moved with the index: Programme law (I) of 24/12/2002, "
                "art. 339 par. 1, first paragraph, 3°; Securex, aides Impulsion et Tremplin; Horeca Wallonie "
                "07/01/2026; UCM; decree of 18/12/2025 (preamble) (SEC), in force from 2026-07-01"
            ),
        ],
    ),
    (
        "a wage at the limit of the German-speaking Community",
        "older_workers",
        _claims("2025Q2", {9300: 100.00}, person="70063003394", wage={1: 13942.47}),
        [
            (
                "S | 13942.47 | EUR | Programme law (I) of 24/12/2002, title IV, chapter 7 (art. 324 and "
                "following); royal decree of 16/05/2003"
            ),
            f"limit of S | 13942.47 | EUR | {GERMAN} | did not hold",
        ],
    ),
    (
        "the young and low-skilled, abolished",
        "low_skilled_youth",
        _claims("2026Q2", {6300: _since(date(2024, 6, 30))}, person="02031503394", wage={1: 7000.00}),
        [
            (
                "reduction until | 2026-03-31 | - | salarysolution.be; Acerta: what was left ended on 31/03/2026"
                " (SEC), in force from 2026-04-01 | did not hold"
            ),
        ],
    ),
    (
        "the young and low-skilled, hired a day too late",
        "low_skilled_youth",
        _claims("2024Q3", {6300: _since(date(2024, 7, 1))}, person="02031503394", wage={1: 7000.00}),
        [
            (
                "hires until | 2024-06-30 | - | vlaanderen.be; herwin.be: no new hires from 01/07/2024 (SEC), in"
                " force from 2024-07-01 | did not hold"
            ),
        ],
    ),
    (
        "the young and low-skilled, in the ninth quarter",
        "low_skilled_youth",
        _claims("2026Q1", {6300: _since(date(2024, 3, 31))}, person="02031503394", wage={1: 7000.00}),
        [
            "quarters of the right | 8 | - | vlaanderen.be; herwin.be (SEC), in force from 2016-07-01 | did not hold",
        ],
    ),
    (
        "the young and low-skilled, at 25",
        "low_skilled_youth",
        _claims("2025Q2", {6300: _since(date(2024, 4, 1))}, person="99063003324", wage={1: 7000.00}),
        [
            "below the age of | 25 | years | vlaanderen.be; herwin.be (SEC), in force from 2016-07-01 | did not hold",
        ],
    ),
    (
        "work experience, hired before the measure",
        "no_recent_work_experience",
        _claims("2024Q1", {6340: _since(date(2023, 9, 30))}, wage={1: 9000.00}),
        [
            (
                "hires from | 2023-10-01 | - | NSSO instruction "
                "persons_without_recent_sustained_work_experience_vl (OFF), in force from 2023-10-01 | did not "
                "hold"
            ),
        ],
    ),
    (
        "work experience, in the fifth quarter",
        "no_recent_work_experience",
        _claims("2025Q1", {6340: _since(date(2024, 3, 31))}, wage={1: 9000.00}),
        [
            (
                "quarters of the right | 4 | - | NSSO instruction "
                "persons_without_recent_sustained_work_experience_vl (OFF), in force from 2023-10-01 | did not "
                "hold"
            ),
        ],
    ),
    (
        "work experience, at 24",
        "no_recent_work_experience",
        _claims("2024Q3", {6340: _since(date(2024, 6, 30))}, person="99070103328", wage={1: 9000.00}),
        [
            (
                "ages | 25-57 | years | NSSO instruction persons_without_recent_sustained_work_experience_vl "
                "(OFF), in force from 2023-10-01 | did not hold"
            ),
        ],
    ),
    (
        "work experience, at 18",
        "no_recent_work_experience",
        _claims("2024Q3", {6340: _since(date(2024, 7, 1))}, person="05100103344", wage={1: 9000.00}),
        [
            "least age | 19 | years | Not read (MEM), in force from 2000-01-01 | did not hold",
            "to check | derived or remembered, not read: Not read (MEM), in force from 2000-01-01",
        ],
    ),
    (
        "work experience, at the pension age",
        "no_recent_work_experience",
        _claims("2024Q3", {6340: _since(date(2024, 7, 1))}, person="59093003378", wage={1: 9000.00}),
        [
            (
                "pension age reached on | 2024-09-30 | - | NSSO instruction "
                "persons_without_recent_sustained_work_experience_vl (OFF), in force from 2024-07-01 | did not "
                "hold"
            ),
        ],
    ),
    (
        "shorter working time, in the thirteenth quarter",
        "working_time_reduction",
        _claims("2025Q2", {3500: _shortened(date(2022, 3, 31), 38, 36)}),
        [
            (
                "quarters of the right | 12 | - | Securex 01/01/2021; hub.brussels (SEC), in force from "
                "2004-01-01 | did not hold"
            ),
        ],
    ),
    (
        "shorter working time, by less than an hour",
        "working_time_reduction",
        _claims("2025Q2", {3500: _shortened(date(2025, 3, 31), 36.99, 36)}),
        [
            (
                "to check | working time was reduced by less than an hour: Securex 01/01/2021; hub.brussels "
                "(SEC), in force from 2004-01-01"
            ),
        ],
    ),
    (
        "shorter working time, of a part-timer of 27.99 hours",
        "working_time_reduction",
        _claims("2025Q2", {3500: _shortened(date(2023, 11, 1), 38, 36)}, contract=[27.99, 36], days={}, hours={1: 364}),
        [
            (
                "least weekly hours | 28 | hours | NSSO instruction collective_reduction_workingtime (SEC), in "
                "force from 2023-11-01 | did not hold"
            ),
        ],
    ),
    (
        "a worker outside horeca",
        "horeca_workers",
        _claims("2025Q2", {3900: 100.00}, **{"joint committee": "303.01"}),
        [f"joint committee | 303.01 | - | {HORECA} | did not hold"],
    ),
    (
        "half time in horeca",
        "horeca_workers",
        _claims("2025Q2", {3900: 100.00}, days={}, hours={1: 247}, contract=(19, 38), **{"joint committee": "302"}),
        [f"joint committee | 302 | - | {HORECA} | held", f"Q / S | 0.5 | - | {HORECA} | did not hold"],
    ),
    (
        "part-time in horeca, the hours of full time not declared",
        "horeca_workers",
        _claims("2025Q2", {3900: 100.00}, days={}, hours={1: 247}, contract=(None, 38), **{"joint committee": "302"}),
        [f"Q / S | unknown | - | {HORECA} | did not hold"],
    ),
    (
        "a restructuring card of a student",
        "restructuring_card",
        _claims("2025Q2", {}, **{"worker code": "840", "claimed on the line": {601: _since(date(2025, 4, 1))}}),
        [
            (
                "likely | not seen here whether the job began within 6 months of the card: "
                "National Employment Office, leaflet T115 of 19/04/2019 (OFF), in force from 2007-01-01"
            ),
            "to check | not settled whether somebody has it who does not owe 13.07 %",
        ],
    ),
    (
        "a restructuring card whose month is above the limit",
        "restructuring_card",
        _claims("2025Q2", {}, wage={1: 16474.53}, **{"claimed on the line": {601: _since(date(2025, 4, 1))}}),
        [
            (
                "reduction of the quarter | 0.00 | EUR | National Employment Office, leaflet T115 of 19/04/2019; "
                "NSSO instruction 2017/1 (OFF), in force from 2007-01-01"
            ),
            (
                "likely | not seen here whether the job began within 6 months of the card: "
                "National Employment Office, leaflet T115 of 19/04/2019 (OFF), in force from 2007-01-01"
            ),
        ],
    ),
    (
        "a restructuring card in the fourth quarter",
        "restructuring_card",
        _claims("2025Q2", {}, **{"claimed on the line": {601: _since(date(2024, 9, 30))}}),
        [
            "right since | 2024-09-30 | - | DmfA zone 00090",
            (
                "quarter of the right | 4 | - | National Employment Office, leaflet T115 of 19/04/2019; "
                "NSSO instruction 2017/1 (OFF), in force from 2007-01-01"
            ),
            (
                "quarters of the right | 3 | - | National Employment Office, leaflet T115 of 19/04/2019; "
                "NSSO instruction 2017/1 (OFF), in force from 2007-01-01 | did not hold"
            ),
            "likely | counted from the first day of the right as declared",
        ],
    ),
]


@pytest.mark.parametrize(("rule", "case", "said"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_claim_that_gives_nothing_says_which_condition_was_not_met(
    rule: str, case: dict[str, Any], said: list[str]
) -> None:
    one = RULES[rule].assessments(situation_of(case), LAW)[0]
    steps = [stated(step) for step in one.trace()]
    doubts = [f"{doubt.certainty} | {doubt.reason}" for doubt in one.doubts]
    assert one.due == 0
    assert (steps + doubts)[-len(said) :] == said
