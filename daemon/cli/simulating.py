"""`nxd sim` and `nxd demo`: the only commands that know the simulated world."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from dataclasses import asdict
from importlib import resources as package_files
from pathlib import Path
from typing import TYPE_CHECKING

import click

from daemon import wire
from daemon.cli.ending import CommandFailed
from daemon.cli.numbers import PORT, NumberOption, Whole
from daemon.host.heap import collect_rarely
from daemon.settings.table import LATEST

if TYPE_CHECKING:
    from daemon.demo.setup import Demo
    from daemon.sim.run import SimUrls

SPEED_TO_WATCH = 60.0
SPEED_HEADLESS = 240.0
HEADLESS_TIMEOUT = 900.0

_fail = click.option(
    "--fail", multiple=True, metavar="NAME:STEP", help="Let this step of this node or cluster go wrong once."
)
_scenario = click.option(
    "--scenario",
    multiple=True,
    metavar="NAME[@TARGET]",
    help="Play a named misfortune, for one node or cluster or for all; repeat it and they combine.",
)
_seed = click.option(
    "--seed", type=Whole(0, 10**18 - 1), default=1, show_default=True, help="Repeats the same run."
)


@click.command()
@click.option(
    "--speed",
    type=NumberOption(0.001, 100_000),
    default=SPEED_TO_WATCH,
    show_default=True,
    help="How much faster time passes.",
)
@click.option(
    "--origin",
    type=NumberOption(0, LATEST),
    default=0.0,
    help="The Unix time from which it passes faster [default: now].",
)
@_seed
@click.option("--management", default="127.24.0.0/24", show_default=True, help="The management subnet.")
@click.option("--workload", default="127.24.1.0/24", show_default=True, help="The workload subnet.")
@click.option("--vpc-port", type=PORT, default=0, help="Port of the VPC API [default: any free one].")
@click.option("--dns-port", type=PORT, default=0, help="Port of DNS Services.")
@click.option("--metadata-port", type=PORT, default=0, help="Port of the metadata service.")
@click.option("--control-port", type=PORT, default=0, help="Port of the control address.")
@click.option(
    "--ssh-port",
    type=PORT,
    default=0,
    help="Port of the CVMs' SSH [default: 22, or 2222 if it cannot be had].",
)
@click.option(
    "--page-size",
    type=Whole(1, 100),
    default=50,
    show_default=True,
    help="How many items a page of a list holds.",
)
@click.option(
    "--personality", default="seed", show_default=True, help="How controller VMs behave: seed or real."
)
@click.option("--quota", multiple=True, metavar="KIND=N", help="Another quota than the documented one.")
@click.option("--capacity", type=Whole(0, 1_000_000), help="How many servers of a profile a zone holds.")
@click.option(
    "--order",
    default="name",
    show_default=True,
    help="What a create is held to first: its name, what it takes hold of (holding), or either (drawn).",
)
@click.option(
    "--replays",
    type=NumberOption(0, 1),
    default=0.0,
    help="The chance that a proxy sends a changing call twice, up to 1.",
)
@click.option(
    "--machines/--no-machines",
    default=True,
    help="Simulate the machines behind the servers, or let them be yours [default: simulate].",
)
@_fail
@_scenario
@click.option("--list-scenarios", is_flag=True, help="Name every scenario, and leave.")
@click.option("--json", "as_json", is_flag=True, help="Say the addresses, or the list, as JSON.")
def sim(
    as_json: bool,
    list_scenarios: bool,
    fail: tuple[str, ...],
    scenario: tuple[str, ...],
    quota: tuple[str, ...],
    **options: object,
) -> None:
    """Run the simulated data centre until SIGTERM or Ctrl-C."""
    if list_scenarios:
        _print_scenarios(as_json)
        return
    collect_rarely()
    from daemon.sim.run import SimOptions

    wanted = SimOptions(fail=fail, scenarios=scenario, quotas=_quotas(quota), **options)  # type: ignore[arg-type]
    asyncio.run(_simulate(wanted, as_json))


def _quotas(given: tuple[str, ...]) -> dict[str, int]:
    pairs = [text.partition("=") for text in given]
    for name, equals, number in pairs:
        if not equals or not re.fullmatch("[0-9]{1,9}", number):
            said = "A quota is written KIND=N, for example server=100, with N from 0 to 999999999"
            raise CommandFailed(wire.EXIT_USAGE, f"{said}, not {name + equals + number!r}.")
    return {name: int(number) for name, _, number in pairs}


def _print_scenarios(as_json: bool) -> None:
    from daemon.sim.scenarios.listed import scenarios

    known = scenarios().values()
    if as_json:
        print(json.dumps([one.view() for one in known]))
        return
    width = max(len(one.name) for one in known)
    for one in known:
        print(f"{one.name:<{width}}  {one.area:<11}  {one.sentence}")


def _check_scenarios(given: tuple[str, ...]) -> None:
    from daemon.sim.refusals import SimError
    from daemon.sim.scenarios.listed import assign

    try:
        for text in given:
            assign(text)
    except SimError as error:
        raise CommandFailed(wire.EXIT_USAGE, str(error)) from None


async def _simulate(options: object, as_json: bool) -> None:
    from daemon.sim.run import SimOptions, serve

    assert isinstance(options, SimOptions)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)

    def ready(urls: SimUrls) -> None:
        said = asdict(urls)
        text = json.dumps(said) if as_json else "\n".join(f"{key:<13} {value}" for key, value in said.items())
        print(text, flush=True)

    await serve(options, ready, stop)


def _directory() -> Path:
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(home) / "nxd" / "demo"


@click.command()
@click.option(
    "--headless", is_flag=True, help="No screen: print each step, end with a table and an exit code."
)
@click.option(
    "--speed",
    type=NumberOption(1, 100_000),
    help="How much faster time passes [default: 60; 240 headless].",
)
@_fail
@_scenario
@_seed
@click.option(
    "--keep/--no-keep",
    default=None,
    help="Leave the world running at the end [default: only with --fail or --scenario].",
)
@click.option("--stop", is_flag=True, help="End a demo that was left running.")
@click.option("--dir", "directory", type=click.Path(path_type=Path), help="Where it keeps its files.")
@click.option("--management", default="127.24.0.0/24", show_default=True, help="The management subnet.")
@click.option("--workload", default="127.24.1.0/24", show_default=True, help="The workload subnet.")
def demo(
    headless: bool,
    speed: float | None,
    fail: tuple[str, ...],
    scenario: tuple[str, ...],
    seed: int,
    keep: bool | None,
    stop: bool,
    directory: Path | None,
    management: str,
    workload: str,
) -> int:
    """Show a deployment: three simulated servers become a cluster, watched in nxtui or printed step by step."""
    from daemon.demo.setup import Demo, DemoError, DemoOptions

    stage = Demo((directory or _directory()).absolute())
    if stop:
        return _stop(stage)
    _check_scenarios(scenario)
    _check_names(fail)
    if not headless and not (sys.stdin.isatty() and sys.stdout.isatty()):
        print("This is not a terminal: the demo runs headless.")
        headless = True
    _stop_when_told()
    speed = speed or (SPEED_HEADLESS if headless else SPEED_TO_WATCH)
    try:
        stage.set_up(DemoOptions(speed, fail, seed, management, workload, scenario))
    except DemoError as error:
        raise CommandFailed(error.code, str(error)) from None
    keep = bool(fail or scenario) if keep is None else keep
    return _shown(stage, headless, keep, f"nxd demo --stop{_dir(directory)}")


def _shown(stage: Demo, headless: bool, keep: bool, ends: str) -> int:
    """Show it to its end, and then end it or leave it; ``ends`` is the command that ends it."""
    try:
        code = _headless(stage) if headless else _watched(stage)
    except BaseException as cause:
        if keep and isinstance(cause, Exception) and stage.has_lost_its_daemon():
            _say_how_to_go_on(stage, ends)
        else:
            stage.stop()
        raise
    if keep:
        _say_how_to_go_on(stage, ends)
    else:
        stage.stop()
        if headless:
            print("The demo is ended, and nothing of it is left running; with --keep it goes on.")
    return code


def _stop(stage: Demo) -> int:
    from daemon.demo.setup import DemoError

    try:
        stage.refuse_strangers()  # before anything ends: its daemon could not go on without this world
        if not stage.runs():
            raise CommandFailed(wire.EXIT_FAILED, f"No demo runs in {stage.directory}.")
        stage.stop()
        stage.refuse_strangers()
    except DemoError as error:
        raise CommandFailed(error.code, str(error)) from None
    print("The demo is ended.")
    return wire.EXIT_DONE


def _dir(directory: Path | None) -> str:
    """The option that names this directory again, wherever it is typed."""
    return "" if directory is None else f" --dir {shlex.quote(str(directory.absolute()))}"


def _stop_when_told() -> None:
    """Whoever ends the demo by a signal, or closes its terminal, ends the world and the daemon with it."""
    for number in (signal.SIGHUP, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup stays as it is
            signal.signal(number, signal.default_int_handler)


def _check_names(fail: tuple[str, ...]) -> None:
    """Refuse a fault of what is not in the demo, which would never happen. Raises CommandFailed."""
    from daemon.spec.reading import at, count
    from daemon.spec.yaml_marks import nearest, read_yaml

    spec = read_yaml(_spec()).value
    there = [at(spec, "cluster"), *(at(spec, "nodes", n, "name") for n in range(count(spec, "nodes")))]
    for entry in fail:
        name = entry.partition(":")[0]
        if name not in there:
            near = nearest(name, there)
            meant = (
                f"did you mean {near}:{entry.partition(':')[2]}?" if near else f"it has {', '.join(there)}."
            )
            raise CommandFailed(wire.EXIT_USAGE, f"There is no {name} in the demo to fail: {meant}")


def _spec() -> str:
    return (package_files.files("daemon.demo") / "three-node.yaml").read_text()


def _apply(stage: Demo) -> str:
    from daemon.client import Client

    with Client(stage.socket) as client:
        return client.apply(_spec())["cluster"]


def _headless(stage: Demo) -> int:
    from daemon.cli.fleet import chosen, print_fleet
    from daemon.cli.waiting import PlainLines, wait_for
    from daemon.client import Client

    cluster = _apply(stage)
    code = wait_for(stage.socket, cluster, "active", HEADLESS_TIMEOUT, PlainLines(cluster))
    with Client(stage.socket) as client:
        snapshot = client.snapshot()
    print_fleet(snapshot, chosen(snapshot, ()), limit=0)
    return code


def _watched(stage: Demo) -> int:
    """The window in a process of its own, as a person starts it; the demo ends with it."""
    _apply(stage)
    return subprocess.run(
        [sys.executable, "-P", "-m", "nxtui.main", "--socket", str(stage.socket)]
    ).returncode


def _say_how_to_go_on(stage: Demo, ends: str) -> None:
    serves = stage.serves()
    both = "The simulated world and the daemon keep running, for you to try your hand:"
    alone = "The daemon is gone, and the simulated world keeps running:"
    print(f"\n{both if serves else alone}")
    print(f"  export NXD_CONFIG={stage.config}")
    if not serves:
        print("  nxd serve                     starts the daemon again, which goes on where it stood")
    print("  nxd status · nxd retry NAME --wait · nxd destroy demo · nxtui")
    print("  nxd spec demo > demo.yaml     its spec: add a node, and nxd apply demo.yaml --wait takes it in")
    print(f"  {ends}     ends them")
