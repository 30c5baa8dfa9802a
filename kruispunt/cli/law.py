"""The law: what the rules say, whether they do, and what they would say otherwise."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from kruispunt.cli.app import Day, Json, day
from kruispunt.cli.processes import law
from kruispunt.output import answering
from schemas.legal_day import legal_today


def _rules() -> list[str]:
    """What a shell offers where a rule is asked for."""
    from rules.law.load import parameter_files

    return parameter_files()


Rule = Annotated[str, typer.Argument(help="A rule, as `kruispunt rules list` names it.", autocompletion=_rules)]
Finding = Annotated[str, typer.Argument(help="A finding, as `kruispunt notices --json` names it.")]

On = Annotated[list[Path], typer.Option("--on", help="DmfA files, folders of them, or `stack`: the stored situations.")]
Persons = Annotated[bool, typer.Option("--persons", help="Name who gains and who loses, too.")]


class Audience(StrEnum):
    """For whom a finding is explained."""

    citizen = "citizen"
    jurist = "jurist"


class Language(StrEnum):
    """The languages of the country, and English."""

    nl = "nl"
    fr = "fr"
    de = "de"
    en = "en"


@law.command("test")
def try_rules(
    path: Annotated[
        Path | None, typer.Argument(help="A file or folder of cases; by default those shipped. See docs/cases.md.")
    ] = None,
    rule: Annotated[str | None, typer.Option(help="Only the cases of this rule.", autocompletion=_rules)] = None,
    json: Json = False,
) -> None:
    """Try the rules on cases: what came out beside what is written."""
    from kruispunt.commands.rules import cases as casework

    with answering():
        raise typer.Exit(casework.run(path, rule=rule, json=json))


@law.command("list")
def list_rules(json: Json = False) -> None:
    """List the rules by their names in four languages, with their law and where their figures come from."""
    from kruispunt.commands.rules import law as stage

    with answering():
        stage.rules_list(json=json)


@law.command("show")
def show_rule(rule: Rule, on: Day = None, json: Json = False) -> None:
    """Show a rule as it stands on a day: formula, figures, units, sources; where there is no law, why."""
    from kruispunt.commands.rules import law as stage

    with answering():
        stage.rules_show(rule, on=day(on) or legal_today(), json=json)


@law.command("explain")
def explain_finding(
    finding: Finding,
    audience: Annotated[Audience, typer.Option("--for", help="For whom.")] = Audience.citizen,
    language: Annotated[Language, typer.Option(help="In which language.")] = Language.en,
    person: Annotated[bool, typer.Option("--person", help="With the national number of the person.")] = False,
    json: Json = False,
) -> None:
    """Show why a finding was made: every condition with its inputs, its law, and the events it rests on."""
    from kruispunt.commands.rules import explain as explaining

    with answering():
        explaining.explain(finding, audience=audience.value, language=language.value, person=person, json=json)


@law.command("replay")
def replay_finding(finding: Finding, json: Json = False) -> None:
    """Decide a finding again from the events it rested on; 1 when other bytes come out."""
    from kruispunt.commands.rules import explain as explaining

    with answering():
        raise typer.Exit(explaining.replay(finding, json=json))


@law.command("diff")
def diff_law(
    before: Annotated[str, typer.Option("--from", help="A revision, a day (2026-07-01), or a folder of YAML files.")],
    after: Annotated[str, typer.Option("--to", help="A revision, a day (2026-07-01), or a folder of YAML files.")],
    on: On,
    persons: Persons = False,
    json: Json = False,
) -> None:
    """Say who would gain and who would lose, and how much, under other figures; 1 when anything changes."""
    from kruispunt.commands.rules import impact as comparing

    with answering():
        raise typer.Exit(comparing.diff(before, after, on, persons=persons, json=json))


@law.command("what-if")
def what_if(
    changes: Annotated[list[str], typer.Option("--set", help="rule.series.figure=value; may be given several times.")],
    on: On,
    persons: Persons = False,
    json: Json = False,
) -> None:
    """Say who would gain and who would lose, and how much, if some figures were others; 1 when anything changes."""
    from kruispunt.commands.rules import impact as comparing

    with answering():
        raise typer.Exit(comparing.what_if(changes, on, persons=persons, json=json))
