"""Every number at the command line has a range that is told; what is none, or beyond it, is one sentence."""

from __future__ import annotations

from typing import Any

import click
import pytest

from daemon.cli import COMMANDS, nxd
from daemon.cli.numbers import NumberOption, Whole
from nxtui.main import parser

NO_NUMBERS = (
    "nan",
    "inf",
    "-inf",
    "-1",
    "1e400",
    "1e3",
    "٣",
    "³",
    "soon",
    "",
    " 1",
    "+1",
    "1_0",
    "0x1",
    "9" * 23,
    "9" * 5000,
)


def options() -> list[tuple[str, str, click.ParamType]]:
    """Every option and argument of every command that takes something."""
    found = []
    for command in COMMANDS:
        known = nxd.get_command(click.Context(nxd), command)
        inner = known.commands.values() if isinstance(known, click.Group) else ()
        for one in (known, *inner):
            found += [(command, param.opts[0], param.type) for param in (one.params if one else ())]
    return found


NUMBERS = [
    (command, name, kind) for command, name, kind in options() if isinstance(kind, (Whole, NumberOption))
]


def test_no_option_takes_a_number_without_a_range() -> None:
    plain = (type(click.INT), type(click.FLOAT), click.IntRange, click.FloatRange)
    ours = {(command, name) for command, name, _ in NUMBERS}
    others = [(c, n) for c, n, kind in options() if isinstance(kind, plain) and (c, n) not in ours]
    assert others == [] and len(NUMBERS) > 20


@pytest.mark.parametrize(
    ("command", "name", "kind"), NUMBERS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_what_is_no_number_or_beyond_its_range_is_told_with_it(command: str, name: str, kind: Any) -> None:
    beyond = (f"{kind.max + 1}", f"{kind.max}.{'0' * 30}")
    for text in (*NO_NUMBERS, *beyond, *(["0.5"] if isinstance(kind, Whole) else [])):
        with pytest.raises(click.BadParameter) as wrong:
            kind.convert(text, None, None)
        assert wrong.value.message == f"{text!r} is not {kind.words}."
    for bound in (kind.min, kind.max):
        assert (
            kind.convert(f"{bound:.15g}" if isinstance(kind, NumberOption) else str(bound), None, None)
            == bound
        )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("wait", "solo", "--timeout"), "a number from 0 to 31536000."),
        (("apply", "spec.yaml", "--wait", "--timeout"), "a number from 0 to 31536000."),
        (("destroy", "solo", "--timeout"), "a number from 0 to 31536000."),
        (("logs", "-n"), "a whole number from 1 to 10000000."),
        (("events", "--after"), "a whole number from 0 to 999999999999999999."),
        (("status", "--limit"), "a whole number from 0 to 1000000."),
        (("sim", "--vpc-port"), "a whole number from 0 to 65535."),
        (("sim", "--quota"), "with N from 0 to 999999999"),
        (("demo", "--seed"), "a whole number from 0 to 999999999999999999."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_command_ends_with_2_and_the_range(place: Any, words: tuple[str, ...], said: str) -> None:
    text = "server=" + "9" * 23 if words[-1] == "--quota" else "9" * 23
    place.run(*words, text).refused_with(2, said, text)


@pytest.mark.parametrize("text", ["0", "65536", "-1", "٣", "nan", "8099.5", "9" * 5000])
def test_nxtui_tells_the_range_of_its_port(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(["--serve", f"--port={text}"])
    assert ended.value.code == 2
    assert capsys.readouterr().err.strip().endswith("is not a whole number from 1 to 65535.")
