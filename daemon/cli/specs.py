"""`nxd validate`, `plan`, `preflight`, `apply`, `spec` and `schema`: what concerns a spec."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from daemon import wire
from daemon.cli.ending import CommandFailed, find_socket
from daemon.cli.numbers import SECONDS
from daemon.cli.output import print_json, record, terminal
from daemon.display.encodings import NotText, text_from, text_in
from daemon.words import absence, counted

if TYPE_CHECKING:
    from daemon.client import Client, DaemonRefused
    from daemon.spec.reading import ClusterSpec

RESULT_STYLES = {"passed": "green", "failed": "bold red", "unknown": "yellow"}
PREFLIGHT_SECONDS = 120.0
"""How long a preflight may take: it asks the cloud a dozen questions."""

_spec_file = click.argument("spec", metavar="SPEC")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")


def _read(path: str) -> str:
    """The text of a spec. Raises CommandFailed."""
    try:
        if path != "-":
            return text_in(Path(path), wire.SPEC_LIMIT, "specs", "name one, or - for the input")
        return text_from(sys.stdin.buffer, wire.SPEC_LIMIT, "specs")
    except NotText as error:
        name = "The input" if path == "-" else path
        raise CommandFailed(wire.EXIT_USAGE, f"{name} {error}") from None
    except OSError as error:
        raise CommandFailed(
            wire.EXIT_USAGE, f"{path} cannot be read ({error}): name a YAML file, or - for input."
        ) from None


def _load(path: str, on: Collection[str] | None, options: dict[str, Any]) -> ClusterSpec:
    """The spec, checked without a daemon: of a platform that is ``on``, or where no settings are named of any. Raises
    SpecError, PlatformError."""
    from daemon.platforms import is_installed, manifests, spec_model
    from daemon.spec.reading import UnknownPlatform, load_spec

    def model_for(name: str) -> type[ClusterSpec]:
        there = is_installed(name)
        if on is not None and (name not in on or not there):
            known = [one for one in on if is_installed(one)]
            raise UnknownPlatform(name, known, _absence(name, name in on, options))
        if not there:
            raise UnknownPlatform(name, tuple(manifests()), _absence(name, False, options))
        return spec_model(name)

    return load_spec(_read(path), path, model_for, _states)


def _absence(name: str, named: bool, options: dict[str, Any]) -> tuple[str, ...]:
    """Why nobody can work with a platform that is off, or was installed once beside the ledger of the settings, and
    what brings it back; nothing of one that never was there."""
    from daemon.platforms import is_installed
    from daemon.settings.reading import SettingsError, seen_beside

    there = is_installed(name)
    try:
        known = there or name in seen_beside(_settings_file(options), os.environ)
    except SettingsError:
        known = False
    return absence(name, there, named) if known else ()


def _states(platform: str) -> Mapping[str, float | None]:
    from daemon.platforms import states

    return states(platform)


@click.command()
@click.argument("specs", metavar="SPEC...", nargs=-1, required=True)
@_json
@click.pass_obj
def validate(options: dict[str, Any], specs: tuple[str, ...], as_json: bool) -> int:
    """Check specs and say every mistake in them with its line and column. Needs no daemon; where settings are named,
    their platforms are the ones that a spec may be of."""
    from daemon.spec.reading import SpecError

    named = options["config"] or os.environ.get("NXD_CONFIG")
    on = _switched_on(options) if named else None
    problems: list[dict[str, Any]] = []
    for path in specs:
        try:
            spec = _load(path, on, options)
        except SpecError as error:
            problems += [
                {"file": path, "line": p.line, "column": p.column, "message": p.message}
                for p in error.problems
            ]
            if not as_json:
                print(error, file=sys.stderr)
        except CommandFailed as unreadable:
            problems.append({"file": path, "line": None, "column": None, "message": str(unreadable)})
            if not as_json:
                print(unreadable, file=sys.stderr)
        else:
            if not as_json:
                nodes = counted(len(spec.nodes), "node")
                print(f"{path}: {spec.cluster}, {nodes} on {spec.platform}: no mistake found.")
    if as_json:
        print_json({"ok": not problems, "problems": problems})
    return wire.EXIT_USAGE if problems else wire.EXIT_DONE


@click.command()
@_spec_file
@_json
@click.pass_obj
def plan(options: dict[str, Any], spec: str, as_json: bool) -> None:
    """Show what applying a spec would make; nothing is changed."""
    from daemon.cli.patience import TerminalClient
    from daemon.client import DaemonRefused

    with TerminalClient(find_socket(options)) as client:
        try:
            found = client.plan_spec(_read(spec))
        except DaemonRefused as refused:
            raise _with_places(refused, spec) from refused
    if as_json:
        print_json(found)
        return
    from daemon.cli.plans import print_plan

    print_plan(found)


def _with_places(refused: DaemonRefused, path: str) -> Exception:
    """A refused spec with the file's name before each mistake."""
    if not refused.problems:
        return refused
    lines = [f"{path}:{p['line']}:{p['column']}: {p['message']}" for p in refused.problems]
    problems = [{"file": path, **one} for one in refused.problems]
    return CommandFailed(wire.EXIT_USAGE, "\n".join(lines), refused.error, {"problems": problems})


@click.command()
@_spec_file
@click.option(
    "--plan", "digest", metavar="DIGEST", help="Apply only if the plan is still this one (else exit 4)."
)
@click.option("--yes", is_flag=True, help="Do not ask before something is deleted; for scripts.")
@click.option("--wait", "wait", is_flag=True, help="Wait until the cluster is active, and show the progress.")
@click.option("--timeout", type=SECONDS, help="With --wait: give up after this many seconds.")
@_json
@click.pass_obj
def apply(
    options: dict[str, Any],
    spec: str,
    digest: str | None,
    yes: bool,
    wait: bool,
    timeout: float | None,
    as_json: bool,
) -> int:
    """Apply a spec: the daemon works until it is true. Applying it twice changes nothing.

    A spec that deletes something which stands is shown and asked about first.
    """
    from daemon.cli.patience import TerminalClient
    from daemon.client import DaemonRefused

    socket, text = find_socket(options), _read(spec)
    with TerminalClient(socket) as client:
        try:
            applied = _apply(client, text, digest, yes, as_json)
        except DaemonRefused as refused:
            raise _with_places(refused, spec) from refused
    if not as_json and applied["changed"]:
        print(f"{applied['cluster']}: accepted. `nxd status` shows how it goes, `nxd wait` waits for it.")
    elif not as_json:
        print(f"{applied['cluster']}: nothing to do, this spec is in force already.")
    elif not wait:
        print_json(applied)
    if not wait:
        return wire.EXIT_DONE
    from daemon.cli.waiting import wait_after

    return wait_after(applied, socket, applied["cluster"], "active", timeout, as_json)


def _apply(client: Client, text: str, digest: str | None, yes: bool, as_json: bool) -> wire.Applied:
    """Apply the spec; one that deletes only as a plan that was agreed to. Raises DaemonRefused, CommandFailed."""
    from daemon.client import DaemonRefused

    try:
        return client.apply(text, digest)
    except DaemonRefused as refused:
        if refused.error["code"] != "deletes" or digest is not None:
            raise
    from daemon.cli.plans import agreed

    plan = client.plan_spec(text)
    return client.apply(text, plan["digest"] if yes else agreed(plan, as_json))


@click.command()
@click.argument("platform", required=False)
@click.pass_obj
def schema(options: dict[str, Any], platform: str | None) -> None:
    """Print the JSON Schema of a platform's spec, for editors: of the one that is switched on, or of the one named.

    Keep it beside the spec (nxd schema > ibm_nutanix.schema.json); a spec whose first line is
    "# yaml-language-server: $schema=ibm_nutanix.schema.json" is then checked and completed while it is written.
    """
    from daemon.platforms import is_installed, manifests, spec_model
    from daemon.spec.reading import json_schema

    named = platform is None
    if platform is None:
        on = _switched_on(options)
        platform, *others = [one for one in on if is_installed(one)] or on[:1]
        if others:
            names = ", ".join((platform, *others))
            raise click.UsageError(f"Several platforms are switched on: name one of {names}.")
    if not is_installed(platform):
        why = ": ".join(_absence(platform, named, options))
        said = why or f"There is no platform {platform}; there is {', '.join(manifests())}"
        raise click.UsageError(f"{said}.")
    print_json(json_schema(spec_model(platform)))


def _switched_on(options: dict[str, Any]) -> tuple[str, ...]:
    """The platforms of the settings, or where there are none yet the usual ones. Raises SettingsError."""
    from daemon.settings.reading import platforms_on

    return platforms_on(_settings_file(options), os.environ)


def _settings_file(options: dict[str, Any]) -> Path | None:
    """The file of the settings, None where there is none yet. Raises SettingsError."""
    from daemon.settings.reading import DEFAULT_CONFIG, find_config

    path = find_config(options["config"], os.environ)
    return None if path == DEFAULT_CONFIG and not path.exists() else path


@click.command()
@_spec_file
@_json
@click.pass_obj
def preflight(options: dict[str, Any], spec: str, as_json: bool) -> int:
    """Look up everything a spec needs, before any money is spent. Exit code 1 if something is missing."""
    from daemon.cli.patience import TerminalClient
    from daemon.client import DaemonRefused

    with TerminalClient(find_socket(options), timeout=PREFLIGHT_SECONDS) as client:
        try:
            checks = client.preflight(_read(spec))
        except DaemonRefused as refused:
            raise _with_places(refused, spec) from refused
    if as_json:
        print_json(checks)
    elif terminal():
        from daemon.cli.tables import draw

        draw(("", "looked at", "found"), map(_looked_at, checks))
    else:
        for check in checks:
            print(record((check["result"], check["name"], check["detail"], check["remedy"])))
    failed = any(check["result"] == "failed" for check in checks)
    return wire.EXIT_FAILED if failed else wire.EXIT_DONE


def _looked_at(check: wire.CheckView) -> tuple[str | tuple[str, str], ...]:
    """A line of a preflight, and under what is missing the remedy."""
    mend = f"\n→ {check['remedy']}" if check["result"] != "passed" and check["remedy"] else ""
    return (check["result"], RESULT_STYLES[check["result"]]), check["name"], check["detail"] + mend
