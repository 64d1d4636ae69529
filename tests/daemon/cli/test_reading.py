"""The commands that look: what they print is for people, and with --json for scripts."""

from __future__ import annotations

import contextlib
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from daemon.cli import COMMANDS
from daemon.cli.fleet import chosen, print_fleet
from daemon.cli.output import note
from daemon.display.signs import PHASES
from daemon.platforms import spec_model
from daemon.wire import EntityView, Snapshot

SAMPLES = Path(__file__).parents[3] / "sample-specs"
WHOLE = sorted([*SAMPLES.glob("*.yaml"), *SAMPLES.glob("two-clusters/*.yaml")])
BROKEN = sorted(SAMPLES.glob("broken/*.yaml"))


def test_the_help_lists_every_command_with_what_it_does(place: Any) -> None:
    ended = place.run("--help")
    assert (ended.code, ended.err) == (0, "")
    for name, (_, text) in COMMANDS.items():
        (line,) = [line for line in ended.out.splitlines() if line.split()[:1] == [name]]
        assert line.split(maxsplit=1)[1] == text
    assert "Exit codes" in ended.out


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_has_its_own_help(place: Any, name: str) -> None:
    ended = place.run(name, "--help")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("Usage: ") and f" {name} " in ended.out.splitlines()[0]


def test_the_status_as_json_is_the_snapshot_of_the_api(served: Any) -> None:
    ended = served.run("status", "--json")
    snapshot = json.loads(ended.out)
    assert (ended.code, set(snapshot)) == (0, set(Snapshot.__annotations__) - {"unwritten"})
    (cluster,), (node,) = snapshot["clusters"], snapshot["nodes"]
    assert (cluster["name"], node["name"], node["cluster"]) == ("solo", "solo01", "solo")
    usual = set(EntityView.__annotations__) - {"console", "login", "outlook", "uses"}
    usual_and_measured = usual | {"outlook", "uses"}
    assert (set(cluster) - usual_and_measured, set(node) - usual_and_measured) == ({"login"}, {"console"})
    assert usual <= set(cluster) & set(node)
    one = json.loads(served.run("status", "solo01", "--json").out)
    assert ([n["name"] for n in one["nodes"]], one["clusters"]) == (["solo01"], [])


def test_the_status_for_people_names_everything_and_why_it_waits(served: Any) -> None:
    out = served.run("status", env={"COLUMNS": "200"}).out
    assert "solo" in out and "solo01" in out and "pending" in out


def test_what_is_protected_says_so_and_how_that_ends(served: Any) -> None:
    for name in ("solo", "solo01"):
        assert "protected" not in served.run("show", name).out
    assert served.run("protect", "solo").code == 0
    for name in ("solo", "solo01"):
        assert "every deletion in solo is refused until nxd unprotect solo" in served.run("show", name).out
    assert served.run("unprotect", "solo").code == 0
    entity = {"error": None, "waiting_for": None, "remedies": [], "protected": True}
    assert note(entity) == "protected: every deletion in it is refused"  # type: ignore[arg-type]
    assert note(entity | {"protected": False}) == ""  # type: ignore[arg-type]


def test_causes_and_offers_are_told_as_json_and_in_columns(served: Any) -> None:
    told = json.loads(served.run("troubles", "--json").out)
    assert set(told) == {"troubles", "next"} and told["next"]["sentence"]
    quiet = served.run("troubles")
    assert (quiet.code, quiet.out) == (0, "") or "\t" in quiet.out
    offers = json.loads(served.run("offers", "solo01", "--json").out)
    node = json.loads(served.run("show", "solo01", "--json").out)["entity"]
    assert {one["verb"]: one.get("refused") for one in offers["offers"]} == node["can"]
    lines = served.run("offers", "solo01").out.splitlines()
    assert [line.split("\t")[0] for line in lines] == list(node["can"])
    served.run("offers", "nobody").refused_with(2, "no node or cluster named nobody")
    assert served.run("status", env={"COLUMNS": "200"}).code == 0


def test_show_and_logs_tell_of_one_node_or_cluster(served: Any) -> None:
    shown = json.loads(served.run("show", "solo", "--json").out)
    assert shown["entity"]["name"] == "solo" and shown["timeline"]
    text = served.run("show", "solo").out
    assert text.startswith("solo (cluster of solo, ibm_nutanix):") and "verbs:" in text
    log = json.loads(served.run("logs", "solo", "--lines", "10000", "--json").out)
    assert any("applied the spec of solo" in event["message"] for event in log["events"])
    assert "applied the spec of solo" in served.run("logs", "--lines", "10000").out


def test_a_plan_names_every_object_and_applying_the_wish_again_changes_nothing(
    served: Any, tmp_path: Path
) -> None:
    spec = tmp_path / "other.yaml"
    spec.write_text((SAMPLES / "one-node.yaml").read_text().replace("solo", "duet"))
    plan = json.loads(served.run("plan", str(spec), "--json").out)
    assert {"reserved_ip", "dns_record", "vni", "server"} <= {item["kind"] for item in plan["items"]}
    assert {item["action"] for item in plan["items"]} == {"create"}
    text = served.run("plan", "-", stdin=spec.read_text()).out
    assert plan["digest"] in text and str(len(plan["items"])) in text
    assert [stage["step"] for stage in plan["stages"]][:2] == ["preflight", "deploying"]
    assert all(f"{stage['title']}: " in text for stage in plan["stages"]) and "at most" in text
    again = served.run("apply", str(SAMPLES / "one-node.yaml"))
    assert (again.code, "nothing to do" in again.out) == (0, True)
    assert json.loads(served.run("status", "--json").out)["clusters"][0]["name"] == "solo"


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: path.name)
def test_every_sample_spec_is_right(place: Any, path: Path) -> None:
    ended = place.run("validate", str(path))
    assert (ended.code, ended.err) == (0, "")
    assert f"{path}: " in ended.out and "no mistake found" in ended.out


def test_every_broken_sample_is_told_by_its_first_line_and_all_in_one_run(place: Any) -> None:
    ended = place.run("validate", *map(str, BROKEN))
    assert (ended.code, "Traceback" in ended.err) == (2, False)
    for path in BROKEN:
        expected = path.read_text().splitlines()[0].removeprefix("# ")
        assert f"{path}:{expected}" in ended.err.splitlines()
    told = json.loads(place.run("validate", "--json", *map(str, BROKEN)).out)
    assert told["ok"] is False
    assert {problem["file"] for problem in told["problems"]} == {str(path) for path in BROKEN}
    assert all(problem["line"] >= 1 and problem["column"] >= 1 for problem in told["problems"])


def test_validate_reads_a_spec_from_its_input(place: Any) -> None:
    off = place.run("validate", str(WHOLE[0]), env={"NXD_PLATFORMS": "nosuch"})
    off.refused_with(2, "nosuch", "NXD_PLATFORMS")
    assert "no mistake found" not in off.out
    assert place.run("validate", "-", stdin=WHOLE[0].read_text()).code == 0
    place.run("validate", "-", stdin="").refused_with(2, "-:1:1:", "empty")


EMPTY = {
    "no byte": b"",
    "lines without a word": b"\n  \n\n",
    "comments": b"# a cluster\n# is to be here\n",
    "the beginning of a document": b"---\n",
    "its beginning and end": b"---\n...\n",
    "nothing in words": b"null\n",
    "the mark of UTF-8": b"\xef\xbb\xbf",
}


@pytest.mark.parametrize("raw", EMPTY.values(), ids=EMPTY)
def test_an_empty_spec_is_told_as_that_by_every_command_with_what_to_write(served: Any, raw: bytes) -> None:
    path = served.directory / "empty.yaml"
    path.write_bytes(raw)
    for command in ("validate", "plan", "apply", "preflight"):
        said = ("the spec is empty: describe one cluster", "sample-specs/three-node.yaml", "`nxd schema`")
        served.run(command, str(path)).refused_with(2, f"{path}:1:1:", *said)
    assert (Path(__file__).parents[3] / "sample-specs/three-node.yaml").is_file()


def test_a_spec_that_is_not_written_in_utf_8_is_told_how_to_convert_it(place: Any) -> None:
    path, right = place.directory / "spec.yaml", WHOLE[0].read_text() + "# café\n"
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"):
        path.write_bytes(right.encode(encoding))
        ended = place.run("validate", str(path))
        ended.refused_with(2, str(path), "UTF-8", "convert it (`iconv -f ")
        assert len(ended.err.splitlines()) == 1
        command = ended.err.partition("`")[2].partition("`")[0].replace("NEW", "new")
        subprocess.run(command, shell=True, check=True, cwd=place.directory)
        assert place.run("validate", "new").code == 0
    path.write_bytes(right.encode("utf-8-sig"))
    assert place.run("validate", str(path)).code == 0
    with path.open("rb") as latin:
        path.write_bytes(right.encode("latin-1"))
        said = subprocess.run(
            [sys.executable, "-m", "daemon.cli", "validate", "-"],
            stdin=latin,
            env=place.environ(),
            capture_output=True,
        )
    assert said.returncode == 2 and said.stderr.startswith(b"The input holds the byte 0xe9 on line ")


def test_a_settings_file_that_is_not_written_in_utf_8_is_told_how_to_convert_it(place: Any) -> None:
    right = place.config.read_text()
    place.config.write_bytes(right.encode("utf-16"))
    place.run("status").refused_with(2, f"{place.config} is written in UTF-16", "iconv -f UTF-16 -t UTF-8")
    place.config.write_bytes(f"# café\n{right}".encode("latin-1"))
    place.run("status").refused_with(2, f"{place.config} holds the byte 0xe9 on line 1, column 6")
    place.config.write_bytes(right.encode("utf-8-sig"))
    place.run("status").refused_with(3)


def fits(schema: dict[str, Any], value: Any, root: dict[str, Any]) -> bool:
    """Whether a value fits a schema, as far as objects, lists and choices go."""
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        return any(fits(one, value, root) for one in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return value in schema.get("enum", [schema.get("const")])
    kinds: dict[str, Any] = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
    if "type" in schema and not isinstance(value, kinds.get(schema["type"], object)):
        return False
    if isinstance(value, dict) and "properties" in schema:
        known = set(value) <= set(schema["properties"]) and set(schema.get("required", ())) <= set(value)
        return known and all(fits(schema["properties"][key], one, root) for key, one in value.items())
    if isinstance(value, list) and "items" in schema:
        return len(value) >= schema.get("minItems", 0) and all(fits(schema["items"], v, root) for v in value)
    return True


def test_the_schema_is_a_json_schema_that_fits_every_sample_and_refuses_strange_keys(place: Any) -> None:
    ended = place.run("schema")
    schema = json.loads(ended.out)
    assert (ended.code, schema["$schema"]) == (0, "https://json-schema.org/draft/2020-12/schema")
    assert schema["type"] == "object" and schema["additionalProperties"] is False
    for path in WHOLE:
        raw = yaml.safe_load(path.read_text())
        assert fits(schema, raw, schema), path
        assert spec_model("ibm_nutanix").model_validate(raw)
        assert not fits(schema, {**raw, "strange": 1}, schema)
        assert not fits(schema, {key: value for key, value in raw.items() if key != "cluster"}, schema)
    assert all("description" in part for part in schema["properties"].values())


def test_a_script_that_waits_learns_how_everything_stood(served: Any) -> None:
    ended = served.run("wait", "solo", "--timeout", "0.2", "--json")
    said = json.loads(ended.out)
    assert (ended.code, said["exit_code"]) == (1, 1)
    assert said["message"].startswith("solo is held: ") and "nxd resume solo" in said["message"]
    assert {entity["name"] for entity in said["entities"]} >= {"solo"}


def fleet(**phases: int) -> Snapshot:
    """A snapshot of one cluster with so many nodes of each phase, named in one row."""
    nodes: list[Any] = []
    for phase, count in phases.items():
        nodes += [entity(f"n{len(nodes) + one:05}", phase) for one in range(1, count + 1)]
    cluster = entity("demo", "working", kind="cluster")
    return {"clusters": [cluster], "nodes": nodes, "now": 100.0, "daemon": {}, "revision": 1, "speed": 1.0}  # type: ignore[typeddict-item]


def entity(name: str, phase: str, kind: str = "node", cluster: str = "demo") -> Any:
    made = {key: None for key in EntityView.__annotations__}
    error = {"code": "bug", "message": "It broke.", "remedy": "Retry it.", "retry": "later"}
    return {
        **made,
        "name": name,
        "kind": kind,
        "cluster": cluster,
        "platform": "toy",
        "state": phase,
        "title": phase,
        "phase": phase,
        "step_index": 1,
        "step_count": 9,
        "since": 0.0,
        "addresses": {},
        "resources": [],
        "error": error if phase == "failed" else None,
    }


class Screen(io.StringIO):
    """A terminal that keeps what is written."""

    def isatty(self) -> bool:
        return True


def test_a_large_fleet_is_summed_up_and_what_is_in_trouble_stands_first() -> None:
    snapshot = fleet(ok=4000, failed=3, working=5997)
    with contextlib.redirect_stdout(Screen()) as screen:
        print_fleet(snapshot, chosen(snapshot, []), limit=5)
    lines = re.sub("\x1b\\[[0-9;]*m", "", screen.getvalue()).splitlines()
    assert lines[0] == "1 cluster: 1 working. 10,000 nodes: 3 failed, 5,997 working, 4,000 ok."
    rows = [line.split()[1] for line in lines[1:] if line.strip()[:1] in PHASES.values()]
    assert rows == ["n04001", "n04002", "n04003", "demo", "n04004"], "what works stands before what is well"
    assert lines[-2:] == [
        "n04001 and 2 more: Retry it.",
        "… and 9,996 more: narrow them (nxd status state:failed), or --limit 0 shows all.",
    ]


def test_what_was_used_is_told_beneath_the_status_with_money_where_the_list_has_it() -> None:
    snapshot = fleet(ok=3)
    spent = {"currency": "EUR", "as_of": "2026-10-01", "hour": 19.8, "amount": 6.6}
    use: Any = {"kind": "server", "text": "server hours", "seconds": 3600.0, "running": 3, "at": -7100.0}

    def shown(*uses: Any) -> str:
        snapshot["clusters"][0]["uses"] = list(uses)
        with contextlib.redirect_stdout(Screen()) as screen:
            print_fleet(snapshot, chosen(snapshot, []), limit=5)
        return screen.getvalue()

    assert "Used" not in shown()
    assert "Used since the order: demo 7.0 server hours.\n" in shown(use)
    assert "demo 7.0 server hours, 46.20 EUR (list of 2026-10-01).\n" in shown({**use, "spent": [spent]})


def test_a_row_of_the_status_costs_no_table() -> None:
    """Ten thousand rows are ten thousand lines of plain columns, with the sum before them and nothing left out."""
    snapshot = fleet(ok=9999)
    with contextlib.redirect_stdout(Screen()) as screen:
        print_fleet(snapshot, chosen(snapshot, []), limit=0)
    lines = screen.getvalue().splitlines()
    assert len(lines) == 1 + 1 + 9999
    assert {len(line.rstrip()) for line in lines[2:]} == {len(lines[2].rstrip())}


def test_a_program_gets_the_rows_of_the_status_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    snapshot = fleet(ok=9999)
    print_fleet(snapshot, chosen(snapshot, []), limit=None)
    said = capsys.readouterr()
    assert (len(said.out.splitlines()), said.err) == (10_000, "")
    first = said.out.splitlines()[1]
    assert first.split("\t") == ["n00001", "node", "demo", "ok", "ok", "1/9", "100", "-", "-"]


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        (["demo"], ["n00002", "demo", "n00001"]),
        (["n00001"], ["n00001"]),
        (["state:failed"], ["n00002"]),
        (["!phase:ok", "cluster:demo"], ["n00002", "demo"]),
        (["it broke"], ["n00002"]),
        (["state:nowhere"], []),
    ],
)
def test_the_status_takes_a_name_or_the_filter_of_the_terminal_ui(words: list[str], kept: list[str]) -> None:
    assert [one["name"] for one in chosen(fleet(ok=1, failed=1), words)] == kept


def test_a_filter_that_cannot_be_read_and_a_name_that_is_not_there_are_told(served: Any) -> None:
    served.run("status", "colour:red").refused_with(2, "There is no field 'colour'; there are name, cluster")
    served.run("status", "nobody").refused_with(2, "There is no node or cluster named nobody")
    ended = served.run("status", "state:nowhere")
    assert (ended.code, ended.out, ended.err) == (0, "", "None of them fits.\n")


def test_the_status_as_json_can_be_chosen_and_limited(served: Any) -> None:
    shown = json.loads(served.run("status", "cluster:solo", "--limit", "1", "--json").out)
    assert [len(shown["clusters"]), len(shown["nodes"])] == [1, 0]
    shown = json.loads(served.run("status", "name:solo01", "--json").out)
    assert [len(shown["clusters"]), len(shown["nodes"])] == [0, 1]
