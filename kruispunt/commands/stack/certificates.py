"""Shows when certificates expire, and renews those of the embedded stack."""

import datetime as dt

from backbone import postgres, served
from backbone.errors import Stop
from backbone.settings import Settings
from backbone.stack import stack
from backbone.stack.certificates import Renewal
from backbone.stack.places import Places
from consumers import acts
from kruispunt import settings
from kruispunt.monitoring.certificates import entries, moment, warn
from kruispunt.output import Exit, as_json, console, fail, table, working
from schemas.roles import Role

UP = "`kruispunt up` starts what is not running."
SAID = {
    Renewal.KEPT: "every server has a new certificate; the authority is the same",
    Renewal.RENEWED: "every server has a new certificate, and so has the authority, for the same key: clients that have"
    " read the file of authorities before trust both, and should read it again within the year",
    Renewal.ANNOUNCED: "the key of the authority was not kept: another one is in the file of authorities now, beside"
    " it. When every client has read the file again, run this once more: then the servers get a certificate of the new"
    " one",
}


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def show(*, json: bool) -> int:
    """The command `certificates`: 0 when none ends within 60 days, 1 when one does, 3 when a server does not answer."""
    now = _now()
    found = served.look(settings.load())
    silent = any(one.ends is None for one in found)
    code = Exit.UNREACHABLE if silent else Exit.NO if any(one.ends_soon(now) for one in found) else Exit.DONE
    if json:
        as_json({"certificates": entries(found, now)})
        return code
    if not any(one.ends for one in found if one.of_server):
        fail(Exit.UNREACHABLE, "No server shows a certificate.", UP)
    shown = table("certificate", "ends", "days left", right=("days left",))
    for one in found:
        day = moment(one.ends) if one.ends else "[bold red]shows none[/]"
        shown.add_row(one.owner, day, str(one.days(now) if one.ends else ""))
    console.print(shown)
    warn(found, now)
    if silent:
        fail(Exit.UNREACHABLE, "Not every server shows a certificate.", UP)
    return code


def _refuse_others(config: Settings) -> None:
    if not Places(config.home).recall():
        raise Stop(
            f"There is no stack in {config.home}: certificates of other servers are not made here.",
            "`kruispunt up` starts a stack; docker/README.md says how the others are renewed.",
        )


def rotate(*, json: bool) -> int:
    """The command `certificates --rotate`: renews them while everything goes on, then shows them."""
    config = settings.load()
    _refuse_others(config)
    with postgres.connect(config, Role.OPERATOR, autocommit=True) as connection:
        acts.note(connection, "rotated", "the certificates")
    # Not while the connection is open: who brings a stack up holds it alone and then asks the database.
    with working("renewing the certificates") as say:
        change = stack.renew_certificates(config.home, say)
    if not json:
        console.print(f"[bold green]✓[/] {SAID[change]}", soft_wrap=True)
    return show(json=json)
