"""The law: what the rules say, whether they do, and what they would say otherwise."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from kruispunt.cli.app import Day, Json, Known, day
from kruispunt.cli.processes import law
from kruispunt.output import answering
from schemas.languages import Language
from schemas.legal_day import legal_today


def _rules() -> list[str]:
    """What a shell offers where a rule is asked for."""
    from rules.law.load import parameter_files

    return parameter_files()


RuleArgument = Annotated[str, typer.Argument(help="A rule, as `kruispunt rules list` names it.", autocompletion=_rules)]
FindingArgument = Annotated[str, typer.Argument(help="A finding, as `kruispunt notices --json` names it.")]

STATE_OF_THE_LAW = "A revision, a day (2026-07-01), a folder of YAML files, or known:DAY: as it was known then."
OnOption = Annotated[
    list[Path], typer.Option("--on", help="DmfA files, folders of them, or `stack`: the stored situations.")
]
PersonsOption = Annotated[bool, typer.Option("--persons", help="Also name who gains and who loses.")]


class Audience(StrEnum):
    """For whom a finding is explained."""

    citizen = "citizen"
    jurist = "jurist"


@law.command("test")
def try_rules(
    path: Annotated[
        Path | None,
        typer.Argument(help="A file or folder of cases. Default: the cases of this release. See docs/cases.md."),
    ] = None,
    rule: Annotated[str | None, typer.Option(help="Only the cases of this rule.", autocompletion=_rules)] = None,
    json: Json = False,
) -> None:
    """Run the rules on cases and compare the results with what is expected."""
    from kruispunt.commands.rules import cases as casework

    with answering():
        raise typer.Exit(casework.run(path, rule=rule, json=json))


@law.command("list")
def list_rules(json: Json = False) -> None:
    """List the rules: names in four languages, law, and sources of the figures."""
    from kruispunt.commands.rules import law as stage

    with answering():
        stage.rules_list(json=json)


@law.command("show")
def show_rule(rule: RuleArgument, on: Day = None, known: Known = None, json: Json = False) -> None:
    """Show a rule on a day: formula, figures, units and sources; if there is no law, why."""
    from kruispunt.commands.rules import law as stage

    with answering():
        stage.rules_show(rule, on=day(on) or legal_today(), known=day(known), json=json)


@law.command("explain")
def explain_finding(
    finding: FindingArgument,
    audience: Annotated[Audience, typer.Option("--for", help="The reader.")] = Audience.citizen,
    language: Annotated[Language, typer.Option(help="The language.")] = "en",
    person: Annotated[bool, typer.Option("--person", help="Also show the national number of the person.")] = False,
    json: Json = False,
) -> None:
    """Show why a finding was made: every condition with its inputs, the law, and the events behind it."""
    from kruispunt.commands.rules import explain as explaining

    with answering():
        explaining.explain(finding, audience=audience.value, language=language, person=person, json=json)


@law.command("replay")
def reproduce_finding(finding: FindingArgument, json: Json = False) -> None:
    """Reproduce a finding from the events behind it. Exit code 1 if any byte differs."""
    from kruispunt.commands.rules import explain as explaining

    with answering():
        raise typer.Exit(explaining.reproduce(finding, json=json))


@law.command("diff")
def diff_law(
    before: Annotated[str, typer.Option("--from", help=STATE_OF_THE_LAW)],
    after: Annotated[str, typer.Option("--to", help=STATE_OF_THE_LAW)],
    on: OnOption,
    persons: PersonsOption = False,
    json: Json = False,
) -> None:
    """Compare two states of the law: who gains, who loses, how much. Exit code 1 if anything changes."""
    from kruispunt.commands.rules import impact as comparing

    with answering():
        raise typer.Exit(comparing.diff(before, after, on, persons=persons, json=json))


@law.command("redecide")
def redecide(
    reason: Annotated[str, typer.Option(help="The reason, for the record.")],
    since: Annotated[
        datetime | None,
        typer.Option(
            "--known-since",
            formats=["%Y-%m-%d"],
            help="Figures known on this day or later are new. Default: the last such day.",
        ),
    ] = None,
    rule: Annotated[str | None, typer.Option(help="Only the figures of this rule.", autocompletion=_rules)] = None,
    wait: Annotated[bool, typer.Option(help="Wait until everybody is decided again.")] = True,
    json: Json = False,
) -> None:
    """Decide again what a change of the law touches that reaches back. Exit code 1 if somebody could not be."""
    from kruispunt.commands.rules import redecide as deciding

    with answering():
        raise typer.Exit(deciding.redecide(day(since), rule, reason, wait=wait, json=json))


@law.command("what-if")
def what_if(
    changes: Annotated[list[str], typer.Option("--set", help="rule.series.figure=value. Can be given several times.")],
    on: OnOption,
    persons: PersonsOption = False,
    json: Json = False,
) -> None:
    """Try other figures: who would gain, who would lose, how much. Exit code 1 if anything changes."""
    from kruispunt.commands.rules import impact as comparing

    with answering():
        raise typer.Exit(comparing.what_if(changes, on, persons=persons, json=json))
