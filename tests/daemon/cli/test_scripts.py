"""What scripts hold on to: one record a line in columns, JSON of a documented shape, errors as JSON too."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NotRequired, get_args, get_origin, get_type_hints, is_typeddict

import click
import pytest

sys.path.insert(0, str(Path(__file__).parent))  # this folder is no package

from shapes_fit import misfits

from daemon.cli import COMMANDS, nxd
from daemon.cli.fleet import COLUMNS
from daemon.cli.shapes import SHAPES, Failed

ROOT = Path(__file__).parents[3]
SAMPLES = ROOT / "sample-specs"
SOLO = str(SAMPLES / "one-node.yaml")


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command, and those in a group by both names."""
    for name in COMMANDS:
        command = nxd.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {inner}", one) for inner, one in command.commands.items())


def test_every_command_that_takes_json_has_a_shape_and_no_other() -> None:
    taking = {name for name, one in commands() if any("--json" in param.opts for param in one.params)}
    assert taking == set(SHAPES)


# the page


def told(shape: Any) -> str:
    """A type as the page writes it."""
    origin, args = get_origin(shape), get_args(shape)
    if origin is NotRequired:
        return told(args[0])
    if origin is list:
        return f"[{told(args[0])}]"
    if origin is dict:
        return "{TEXT: " + told(args[1]) + "}"
    if args and origin is not None:
        return " or ".join(f'"{one}"' if isinstance(one, str) else told(one) for one in args)
    return {str: "text", int: "whole number", float: "number", bool: "bool", type(None): "null"}.get(
        shape, getattr(shape, "__name__", "anything")
    )


def inside(shape: Any) -> Iterator[Any]:
    """The dictionaries of a type, and those in them."""
    if is_typeddict(shape):
        yield shape
        for one in get_type_hints(shape, include_extras=True).values():
            yield from inside(one)
    for one in get_args(shape):
        yield from inside(one)


def page() -> str:
    lines = ["| command | prints |", "|---|---|"]
    for shape in {told(shape): shape for shape in SHAPES.values()}.values():
        names = " · ".join(f"`nxd {name}`" for name, one in SHAPES.items() if one == shape)
        lines.append(f"| {names} | {told(shape)} |")
    lines.append(f"| every one, when it fails | {told(Failed)} |")
    every = {one.__name__: one for shape in (*SHAPES.values(), Failed) for one in inside(shape)}
    for name, shape in sorted(every.items()):
        about = " ".join((shape.__doc__ or "").replace("``", "`").split())
        lines += ["", f"### {name}", "", about, "", "| key | value |", "|---|---|"]
        for key, one in get_type_hints(shape, include_extras=True).items():
            maybe = ", may be absent" if get_origin(one) is NotRequired else ""
            lines.append(f"| `{key}` | {told(one)}{maybe} |")
    return "\n".join(lines) + "\n"


def test_the_page_tells_every_shape_as_it_is() -> None:
    path = ROOT / "docs" / "json.md"
    text = path.read_text(encoding="utf-8")
    match = re.search(r"(<!-- shapes -->\n)(.*?)(<!-- /shapes -->)", text, re.DOTALL)
    assert match
    if os.environ.get("NXD_UPDATE_DOCS"):
        path.write_text(text[: match.start(2)] + page() + text[match.end(2) :], encoding="utf-8")
        return
    assert match[2] == page(), "write docs/json.md anew with NXD_UPDATE_DOCS=1 and this test"
    assert ", ".join(f"`{name}`" for name in COLUMNS) in text


# what is printed


@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("show", "solo"),
        ("show", "solo01"),
        ("logs",),
        ("wait", "solo", "--timeout", "0.1"),
        ("validate", SOLO, "missing.yaml"),
        ("validate", str(SAMPLES / "broken" / "wrong-type.yaml")),
        ("plan", SOLO),
        ("preflight", SOLO),
        ("apply", SOLO),
        ("spec", "solo"),
        ("protect", "solo"),
        ("unprotect", "solo"),
        ("sim", "--list-scenarios"),
        ("hold", "solo"),
        ("apply", SOLO, "--wait", "--timeout", "0.1"),
    ],
    ids=lambda command: " ".join(Path(word).name for word in command),
)
def test_what_a_command_prints_with_json_has_its_documented_shape(
    served: Any, command: tuple[str, ...]
) -> None:
    ended = served.run(*command, "--json")
    answer = json.loads(ended.out)
    shape = Failed if "error" in answer else SHAPES[command[0]]
    assert (misfits(answer, shape), ended.err) == ([], "")
    assert "error" not in answer or command[0] in ("preflight", "hold"), answer
    if "--wait" in command:
        assert answer["waited"]["exit_code"] == ended.code == 1


def test_followed_lines_are_events_one_on_each_line(served: Any) -> None:
    child = served.start("logs", "-f", "--json", "solo")
    assert child.stdout is not None
    line = child.stdout.readline()
    assert misfits(json.loads(line), SHAPES["events"]) == []
    child.terminate()


@pytest.mark.parametrize(
    ("command", "code", "kind", "words"),
    [
        (("show", "nobody"), 2, "unknown", "nobody"),
        (("wait", "nobody"), 2, "unknown", "nobody"),
        (("wait", "nobody", "--for", "gone"), 2, "unknown", "nobody"),
        (("status", "nobody"), 2, "usage", "nobody"),
        (("status", "--nonsense"), 2, "usage", "--nonsense"),
        (("logs", "--since", "whenever"), 2, "usage", "whenever"),
        (("plan", "missing.yaml"), 2, "usage", "missing.yaml"),
        (("destroy", "solo"), 4, "unconfirmed", "--plan"),
        (("resume", "nobody"), 2, "unknown", "nobody"),
        (("destroy", "solo", "--plan", "0"), 4, "plan_changed", "plan"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_an_error_under_json_is_json_on_standard_output_with_the_same_exit_code(
    served: Any, command: tuple[str, ...], code: int, kind: str | None, words: str
) -> None:
    plain, ended = served.run(*command), served.run(*command, "--json")
    answer = json.loads(ended.out)
    assert (plain.code, ended.code, answer["error"]["exit_code"]) == (code, code, code)
    assert (misfits(answer, Failed), ended.err) == ([], "")
    assert kind in (None, answer["error"]["code"]) and words in answer["error"]["message"]
    if kind == "unconfirmed":
        assert answer["plan"]["target"] == "solo" and answer["plan"]["digest"] in answer["error"]["message"]


def test_a_wrong_spec_is_told_to_scripts_place_by_place(served: Any) -> None:
    path = str(SAMPLES / "broken" / "wrong-type.yaml")
    for command in ("plan", "apply", "preflight"):
        ended = served.run(command, path, "--json")
        answer = json.loads(ended.out)
        assert (ended.code, misfits(answer, Failed)) == (2, [])
        assert answer["problems"][0]["file"] == path and answer["problems"][0]["line"] >= 1


def test_without_a_daemon_and_without_settings_a_script_is_told_in_json(place: Any) -> None:
    ended = place.run("status", "--json")
    assert (ended.code, json.loads(ended.out)["error"]["code"], ended.err) == (3, "no_daemon", "")
    ended = place.run("--config", "nowhere.yaml", "status", "--json")
    assert (ended.code, json.loads(ended.out)["error"]["code"], ended.err) == (2, "settings", "")


# columns

BOXES = re.compile("[\u2500-\u259f\x1b]")


@pytest.mark.parametrize(
    ("command", "fields"),
    [
        (("status",), len(COLUMNS)),
        (("logs", "-n", "10000"), 4),
        (("logs", "solo", "--since", "1h"), 4),
        (("preflight", SOLO), 4),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else str(value),
)
def test_without_a_terminal_each_line_is_one_record_of_as_many_fields(
    served: Any, command: tuple[str, ...], fields: int
) -> None:
    ended = served.run(*command, env={"COLUMNS": "40", "FORCE_COLOR": "1"})
    if command[0] == "preflight" and not ended.out:
        pytest.skip(f"nothing could be looked up: {ended.err}")
    lines = ended.out.splitlines()
    assert lines and not BOXES.search(ended.out)
    assert {len(line.split("\t")) for line in lines} == {fields}
    assert all(field for line in lines for field in line.split("\t"))


def test_awk_and_cut_find_the_state_of_a_node(served: Any) -> None:
    table = served.run("status").out
    rows = {line.split()[0]: line.split() for line in table.splitlines()}  # as awk sees it
    assert set(rows) == {"solo", "solo01"}
    assert rows["solo"][1:5] == ["cluster", "solo", "attention", "held"]


@pytest.mark.parametrize(
    "command", [("show", "solo"), ("plan", SOLO), ("spec", "solo"), ("status", "state:nowhere")]
)
def test_no_other_command_draws_or_wraps_without_a_terminal(served: Any, command: tuple[str, ...]) -> None:
    narrow = served.run(*command, env={"COLUMNS": "40", "FORCE_COLOR": "1"})
    wide = served.run(*command, env={"COLUMNS": "400"})
    assert narrow.code == 0 and not BOXES.search(narrow.out)
    assert len(narrow.out.splitlines()) == len(wide.out.splitlines())


def test_a_record_of_many_lines_and_of_nothing_is_one_line() -> None:
    from daemon.cli.output import record

    assert record(("a", "", "two\nlines\tand \x1b[31mred", 3)) == "a\t-\ttwo·lines·and ·[31mred\t3"


def test_a_cloud_that_cannot_be_asked_is_one_finding_of_an_audit(served: Any) -> None:
    told = served.run("audit", "--json")
    (finding,) = json.loads(told.out)
    assert (told.code, finding["finding"], finding["name"]) == (1, "unasked", "ibm_nutanix")
    assert "Connection refused. Check ibm.trusted_profile" in finding["command"], finding
    said = served.run("audit")
    assert said.code == 1 and "ibm_nutanix" in said.out, said
