"""Whatever way a command ends under --json, it says what to do."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

import daemon.cli
from daemon.api.views import problem_view
from daemon.cli.ending import CODES, REMEDY, CommandFailed, ending
from daemon.cli.shapes import CommandError, Failed
from daemon.cli.streams import NotWritten
from daemon.client import DaemonRefused, DaemonUnreachable
from daemon.errors.tree import CATALOGUE, NxdError, StartError, StateLost, StoreError
from daemon.settings.reading import SettingsError
from daemon.sim.run import SimError
from daemon.spec.reading import SpecError
from daemon.store.base import Fenced
from tests.daemon.cli.shapes_fit import misfits

COMMAND = click.Context(click.Command("wait"), info_name="nxd wait")


def named_codes() -> set[str]:
    """Every code that a command names in its own text."""
    found: set[str] = set()
    for path in Path(daemon.cli.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Dict):
                found |= {
                    value.value
                    for key, value in zip(node.keys, node.values, strict=True)
                    if isinstance(key, ast.Constant) and key.value == "code"
                    if isinstance(value, ast.Constant) and isinstance(value.value, str)
                }
    return found


ERRORS: list[BaseException] = [
    KeyboardInterrupt(),
    click.Abort(),
    click.UsageError("No such option.", COMMAND),
    click.ClickException("It is wrong."),
    NotWritten("No space left on device"),
    UnicodeEncodeError("utf-8", "\udc80", 0, 1, "surrogates not allowed"),
    DaemonUnreachable("No daemon answers."),
    SettingsError(["environment is missing."]),
    SpecError("spec.yaml", []),
    SimError("No such world."),
    StartError("The port is taken.", passing=True),
    StartError("The setting is wrong.", passing=False),
    StoreError("database"),
    StateLost("database", remedy="Restore it."),
    Fenced("Another daemon has taken over this database."),
    RuntimeError("nobody foresaw it"),
    *(CommandFailed(code, "It is over.") for code in CODES),
    *(CommandFailed(2, "It is over.", {"code": code}) for code in sorted(REMEDY)),
    *(DaemonRefused(409, problem_view(NxdError(code))) for code in CATALOGUE),  # type: ignore[arg-type]
    *(DaemonRefused(503, {**problem_view(NxdError(code)), "remedy": ""}) for code in CATALOGUE),  # type: ignore[typeddict-item]
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: f"{type(error).__name__}-{error}"[:40])
def test_every_error_of_the_command_line_has_a_remedy_as_data(error: BaseException) -> None:
    told = json.loads(ending(error).as_json())
    assert misfits(told, Failed) == []
    remedy = told["error"]["remedy"]
    assert remedy and remedy[-1] in ".?" and ".." not in remedy


def test_every_code_that_a_command_gives_has_a_remedy() -> None:
    assert {*named_codes(), *CODES.values()} <= set(REMEDY)
    assert [code for code in REMEDY if f"``{code}``" not in str(CommandError.__doc__)] == []


@pytest.mark.parametrize(
    ("command", "code", "remedy"),
    [
        (("status", "--json"), "no_daemon", "nxd serve"),
        (("wait", "--json"), "usage", "`nxd wait --help`"),
        (("nonsense", "--json"), "usage", "`nxd --help`"),
    ],
)
def test_a_script_reads_what_to_do(place: Any, command: tuple[str, ...], code: str, remedy: str) -> None:
    error = json.loads(place.run(*command).out)["error"]
    assert error["code"] == code and remedy in error["remedy"]


def test_a_script_that_did_not_confirm_is_told_how(served: Any) -> None:
    told = json.loads(served.run("destroy", "solo", "--json").out)
    assert told["error"]["code"] == "unconfirmed"
    assert f"--plan {told['plan']['digest']}, or with --yes" in told["error"]["remedy"]


def test_a_refusal_comes_after_the_list_it_speaks_of_where_both_go_to_one_file(served: Any) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "daemon.cli", "destroy", "solo"],
        env=served.environ(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=30,
    )
    plan, refused = ended.stdout.splitlines()
    assert plan.startswith("solo: ") and refused.startswith("This is not a terminal to confirm at")
