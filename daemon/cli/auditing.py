"""`nxd audit`: the cloud against the ledger, and the end of what should not be there."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from daemon import wire
from daemon.cli.ending import CommandFailed, find_socket
from daemon.cli.naming import named
from daemon.cli.output import print_json, record, remark, terminal
from daemon.cli.plans import confirmed
from daemon.cli.times import stamp
from daemon.words import counted, printable, sentences

if TYPE_CHECKING:
    from daemon.client import Client

AUDIT_SECONDS = 300.0
"""How long an audit may take: it lists everything there is."""
DELETION_SECONDS = 1800.0
"""How long a deletion of strays is watched: a server takes some minutes to stop and to go."""
DELETION_POLL = 2.0


@click.command()
@click.option(
    "--delete",
    "ids",
    callback=named,
    multiple=True,
    metavar="ID",
    help="Delete this stray; may be given again.",
)
@click.option("--last", is_flag=True, help="Tell what the last audit found, without another look.")
@click.option("--yes", is_flag=True, help="With --delete: do not ask; for scripts.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
@click.pass_obj
def audit(options: dict[str, Any], ids: tuple[str, ...], last: bool, yes: bool, as_json: bool) -> int:
    """Compare the cloud with the ledger, both ways. Exit code 1 if they differ.

    Nothing is changed unless --delete names, by its id, an object that carries our name and is in no ledger. What that
    deletes is shown and asked about.
    """
    from daemon.cli.patience import TerminalClient

    with TerminalClient(find_socket(options), timeout=AUDIT_SECONDS) as client:
        if last:
            if ids:
                raise click.UsageError("--last looks at nothing, so it deletes nothing: leave --delete out.")
            return _tell(_looked(client.last_audit()), as_json)
        findings = client.audit()
        if ids:
            strays = _strays(findings, ids)
            if not yes:
                _ask(strays, as_json)
            _discard(client, ids)
            findings = client.audit()
    return _tell(findings, as_json)


def _looked(told: wire.AuditView) -> list[wire.FindingView]:
    """What the last audit found; when it looked is remarked. Raises CommandFailed where there was none."""
    if "looked" not in told:
        raise CommandFailed(wire.EXIT_REFUSED, "Nobody has audited since nxd began: nxd audit does.")
    remark(f"As of {stamp(told['looked'])}:")
    return told["findings"]


def _tell(findings: list[wire.FindingView], as_json: bool) -> int:
    """Print what an audit found; returns the exit code."""
    if as_json:
        print_json(findings)
    elif not findings:
        remark("The cloud and the ledger agree.")
    elif not terminal():
        for one in findings:
            row = (one["finding"], one["kind"], one["name"], one["id"], one["owner"] or "", one["command"])
            print(record(row))
    else:
        for finding in findings:
            print(_sentence(finding))
    return wire.EXIT_FAILED if findings else wire.EXIT_DONE


def _sentence(finding: wire.FindingView) -> str:
    if finding["finding"] == "unasked":
        return f"{finding['name']} could not be asked: {finding['command']}"
    what = "is in no ledger" if finding["finding"] == "unknown" else f"of {finding['owner']} is gone"
    return f"{finding['kind']} {finding['name']} ({finding['id']}) {what}: {finding['command']}"


def _strays(findings: list[wire.FindingView], ids: tuple[str, ...]) -> list[wire.FindingView]:
    """What these ids name. Raises CommandFailed for one that no audit calls unknown."""
    unknown = {finding["id"]: finding for finding in findings if finding["finding"] == "unknown"}
    others = ", ".join(id_ for id_ in ids if id_ not in unknown)
    if others:
        said = [f"Not deleted: no audit calls {others} unknown. Nothing was changed."]
        said += [_sentence(finding) for finding in findings if finding["finding"] == "unasked"]
        raise CommandFailed(wire.EXIT_REFUSED, sentences(*said))
    return [unknown[id_] for id_ in dict.fromkeys(ids)]


def _ask(strays: list[wire.FindingView], as_json: bool) -> None:
    """Show what would go, and ask. Raises CommandFailed."""
    if not as_json:
        for one in strays:
            about = [f"{key} {value}" for key, value in one["about"].items() if key != "created"]
            if "created" in one["about"]:
                about.append(f"created {stamp(one['about']['created'])}")
            print("- " + printable(f"{one['kind']} {one['name']} ({', '.join([one['id'], *about])})"))
        remark("Another nxd that has the same environment may have made it: its ledger is not asked.")
    what = strays[0]["name"] if len(strays) == 1 else f"these {counted(len(strays), 'object')}"
    confirmed("delete", what, as_json)


def _discard(client: Client, ids: tuple[str, ...]) -> None:
    """Delete these strays and see them gone. Raises CommandFailed."""
    until = time.monotonic() + DELETION_SECONDS
    while left := client.discard(ids, meant=True):
        if time.monotonic() > until:
            names = ", ".join(f"{one['kind']} {one['name']}" for one in left)
            raise CommandFailed(wire.EXIT_TIMED_OUT, f"Still there after {DELETION_SECONDS:.0f} s: {names}.")
        time.sleep(DELETION_POLL)
