"""A platform that is nothing but files of its own: deployed, failed, taken back, killed, audited, shown."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from daemon.faultpoints import POINTS
from nxtui.app import NxTui
from tests.platforms.toy.shelf_server import ShelfState

pytestmark = pytest.mark.e2e

SPEC = Path(__file__).parent / "row.yaml"
IBM = {
    "trusted_profile": "Profile-1",
    "vpc_url": "http://127.0.0.1:1/v1",
    "metadata_url": "http://127.0.0.1:1",
    "dns_url": "http://127.0.0.1:1/v1",
}


def states(toy: Any) -> dict[str, str]:
    told = toy.asks(lambda client: client.snapshot())
    return {one["name"]: one["state"] for one in (*told["clusters"], *told["nodes"])}


def deployed(toy: Any) -> Any:
    child = toy.serve()
    until(toy.is_active)
    return child


def destroyed(toy: Any) -> None:
    toy.asks(lambda client: client.verb("destroy", "row", meant=True))
    until(lambda: toy.asks(lambda client: client.snapshot()["clusters"]) == [])


def until(true: Callable[[], bool]) -> None:
    over = time.monotonic() + 25
    while not true():
        assert time.monotonic() < over
        time.sleep(0.05)


def ended(child: Any) -> None:
    child.send_signal(signal.SIGTERM)
    assert child.wait(30) == 0


def test_its_map_is_drawn_by_those_who_know_nothing_of_it(toy: Any) -> None:
    deployed(toy)
    told = toy.asks(lambda client: client.map_of("row"))
    assert told["rails"] == [{"name": "shelf", "about": "every box stands on it"}]
    assert {"what": "colour", "text": "blue"} in told["notes"]
    for box in told["members"]:
        stands, seen = box["rows"]
        assert (stands["sign"], stands["value"]) == ("ok", "")
        assert (seen["sign"], seen["what"], seen["value"]) == ("ok", "box", "present")
        assert seen["seen"] < seen["old_at"] and box["rails"] == ["shelf"] and box["beside"] == "blue"
    assert told["edges"] == []
    done = toy.run("map", "row")
    assert done.code == 0 and f"{told['members'][0]['name']}\tok\tbox\tpresent\t" in done.out


def test_its_spec_is_read_back_with_what_became_of_each_line(toy: Any) -> None:
    deployed(toy)
    toy.asks(lambda client: client.keep_draft("row", SPEC.read_text()))
    told = toy.asks(lambda client: client.spec("row"))
    lines = told["spec"].splitlines()
    marked = {lines[mark["line"] - 1].partition("name: ")[2]: mark for mark in told["marks"]}
    assert marked.keys() == {name for name in states(toy) if name != "row"}
    assert all((mark["phase"], mark["text"]) == ("ok", "active") for mark in marked.values())
    (applied,) = [
        event
        for event in toy.asks(lambda client: client.log(cluster="row"))["events"]
        if "applied the spec" in event["message"]
    ]
    assert told["applied"] == {
        "time": applied["time"],
        "by": applied["actor"],
        "revision": applied["revision"],
    }
    assert told["draft"]["name"] == "row"
    more = SPEC.read_text() + "  - {name: third, mac: '52:54:00:00:00:03'}\n"
    plan = toy.asks(lambda client: client.plan_spec(more))
    assert sorted(plan["kept"]["nodes"]) == sorted(marked) and plan["kept"]["objects"] > 0
    assert toy.run("spec", "row", "--draft").out == SPEC.read_text()
    assert toy.run("drafts").out.startswith("row\t")
    assert toy.run("drafts", "--drop", "row").code == 0 and toy.asks(lambda client: client.drafts()) == []


def test_every_call_to_its_world_is_listed_without_its_key(toy: Any, shelf: ShelfState) -> None:
    child = deployed(toy)
    before = len(shelf.asked)
    calls = toy.asks(lambda client: client.calls_made(limit=10_000, bodies=True))
    told = [f"{call['method']} {call['path']}" for call in calls]
    assert Counter(shelf.asked[:before]) - Counter(told) == Counter()
    assert {call["target"] for call in calls} >= {"left", "right"}
    assert {(call["service"], call["server"]) for call in calls} == {("shelf", shelf.url)}
    assert not any("request_id" in call for call in calls)
    assert shelf.key not in json.dumps(calls)
    ended(child)


def test_it_is_deployed_and_taken_back_and_no_other_platform_is_loaded(toy: Any, shelf: ShelfState) -> None:
    assert toy.run("validate", str(SPEC)).code == 0
    toy.more["PYTHONVERBOSE"] = "1"  # tells on standard error what is imported
    child = toy.serve()
    toy.more.clear()
    plan = json.loads(toy.run("plan", str(SPEC), "--json").out)
    assert [item["name"] for item in plan["items"]] == ["lab-left", "lab-right"]
    assert toy.run("apply", str(SPEC)).code == 0
    assert toy.run("wait", "row", "--timeout", "25").code == 0
    assert states(toy) == {"row": "active", "left": "active", "right": "active"}
    assert sorted(box["name"] for box in shelf.boxes.values()) == ["lab-left", "lab-right"]
    assert toy.run("destroy", "row", "--yes").code == 0
    assert toy.run("wait", "row", "--for", "gone", "--timeout", "25").code == 0
    assert shelf.boxes == {}
    ended(child)
    log = (toy.directory / "serve.log").read_text()
    loaded = re.findall(r"^import '([\w.]+)'", log, re.MULTILINE)
    assert "toyland.platform" in loaded
    assert [
        name
        for name in loaded
        if "ibm" in name
        and not name.endswith(
            (".manifest", ".table", ".objects", ".errors", ".names", "ibm_codes", "ibm_nutanix")
        )
    ] == []


def test_a_box_that_breaks_fails_its_node_and_a_retry_after_it_was_mended_goes_on(
    toy: Any, shelf: ShelfState
) -> None:
    shelf.broken.add("lab-left")
    toy.serve()
    assert toy.run("apply", str(SPEC)).code == 0
    assert toy.run("wait", "left", "--timeout", "25").code == 1
    shown = json.loads(toy.run("show", "left", "--json").out)["entity"]
    assert (shown["error"]["code"], shown["step"]) == ("server_failed", "filling")
    assert "'state': 'broken'" in shown["error"]["evidence"]
    shelf.broken.clear()
    for box in shelf.boxes.values():
        box["state"] = "empty"
    assert toy.run("retry", "left").code == 0
    assert toy.run("wait", "row", "--timeout", "25").code == 0
    assert len(shelf.made) == 2


@pytest.mark.parametrize("point", POINTS[:9])
def test_a_daemon_killed_at_any_point_makes_no_box_twice_and_leaves_none(
    toy: Any, shelf: ShelfState, point: str
) -> None:
    toy.more["NXD_CRASH"] = point
    child = toy.start("serve")
    until(lambda: child.poll() is not None or toy.is_active())
    toy.more.clear()
    if child.poll() is None:
        ended(child)
    toy.serve()
    until(toy.is_active)
    assert sorted(shelf.made) == ["lab-left", "lab-right"]
    destroyed(toy)
    assert shelf.boxes == {}


def test_its_boxes_are_made_within_the_places_that_all_platforms_share(toy: Any, shelf: ShelfState) -> None:
    toy.write(limits={"installs": 1})
    toy.serve()
    assert toy.run("apply", str(SPEC)).code == 0
    assert toy.run("wait", "row", "--timeout", "25").code == 0
    lines = json.loads(toy.run("logs", "row", "--json").out)["events"]
    full = [i for i, line in enumerate(lines) if line["message"] == "ready"]
    begun = [i for i, line in enumerate(lines) if line["message"].startswith("made box")]
    assert begun[0] < full[0] < begun[1] < full[1]


def test_an_audit_finds_a_box_that_is_in_no_ledger_and_says_when_it_cannot_look(
    toy: Any, shelf: ShelfState
) -> None:
    shelf.put("lab-stray", "red")
    shelf.put("somebody-elses", "red")
    toy.serve()
    (found,) = json.loads(toy.run("audit", "--json").out)
    assert (found["finding"], found["kind"], found["name"]) == ("unknown", "box", "lab-stray")
    shelf.down = True
    (found,) = json.loads(toy.run("audit", "--json").out)
    assert (found["finding"], found["name"]) == ("unasked", "toyland")


def test_it_has_no_login_and_says_so(toy: Any, shelf: ShelfState) -> None:
    deployed(toy)
    said = toy.run("login", "row")
    said.refused_with(2, "row has no login: nxd makes no password for a cluster of toyland.")


def test_it_has_no_console_and_says_so(toy: Any, shelf: ShelfState) -> None:
    deployed(toy)
    nodes = toy.asks(lambda client: client.nodes())
    toy.run("console", nodes[0]["name"]).refused_with(2, "nxd opens none on toyland")
    assert not any("console" in node for node in nodes)


async def test_nxtui_shows_it_as_any_other(toy: Any, shelf: ShelfState) -> None:
    deployed(toy)
    app = NxTui(toy.socket)
    async with app.run_test(size=(80, 24)) as pilot:
        for _ in range(100):
            await pilot.pause(0.05)
            if app.fleet.find("left") is not None:
                break
        await pilot.pause(0.2)
        drawn = app.export_screenshot()
    for word in ("left", "right", "row", "active"):
        assert word in drawn


def test_a_switch_that_is_heeded_late_is_off_in_the_end(toy: Any, shelf: ShelfState) -> None:
    shelf.power_after = 0.4  # and the platform waits for half a second, as its clock goes here
    toy.serve()
    assert toy.run("apply", str(SPEC)).code == 0
    until(lambda: shelf.switched.count("on") == 2)
    toy.asks(lambda client: client.verb("rollback", "row", meant=True))
    until(lambda: set(states(toy).values()) == {"rolled_back"})
    assert shelf.boxes == {} and "off" in shelf.switched


def test_a_box_that_somebody_took_away_is_not_said_to_stand_while_its_row_goes(
    toy: Any, shelf: ShelfState
) -> None:
    deployed(toy)
    shelf.boxes.clear()
    toy.asks(lambda client: client.verb("destroy", "row", meant=True))
    until(lambda: "seen to be gone: lab-left" in toy.run("show", "left").out)
    shown = toy.run("show", "left").out
    assert re.search(r"an earlier call may take effect until\s+\d\d:\d\d:\d\d\s+UTC", shown), shown
    assert "not gone yet" not in shown


def test_a_stray_that_its_platform_cannot_delete_is_refused_with_the_command_that_does(
    toy: Any, shelf: ShelfState
) -> None:
    toy.serve()
    shelf.put("lab-stray", "red")
    (id_,) = shelf.boxes
    toy.run("audit", "--delete", id_, "--yes").refused_with(4, f"lab-stray ({id_})", f"shelf rm {id_}")
    assert list(shelf.boxes) == [id_]
    assert "stray" not in toy.run("logs").out


def test_two_platforms_stand_beside_each_other_and_each_is_audited(toy: Any, shelf: ShelfState) -> None:
    toy.write(platforms=["ibm_nutanix", "toyland"], ibm=IBM)
    deployed(toy)
    shelf.put("lab-stray", "red")
    found = json.loads(toy.run("audit", "--json").out)
    assert {(one["finding"], one["name"]) for one in found} == {
        ("unasked", "ibm_nutanix"),
        ("unknown", "lab-stray"),
    }
    (unasked,) = [one for one in found if one["finding"] == "unasked"]
    assert "nobody foresaw" not in unasked["command"]


class TestSecrets:
    """The key of the shelf stands in the spec, and nowhere else."""

    def test_its_word_stands_in_no_file_no_answer_and_no_log_and_is_kept_over_a_restart(
        self, toy: Any, shelf: ShelfState
    ) -> None:
        ended(deployed(toy))
        toy.serve()
        shown = [
            toy.run(*words).out for words in (("spec", "row"), ("show", "row", "--json"), ("logs", "--json"))
        ]
        assert "sealed:" in shown[0]
        for text in (*shown, (toy.directory / "serve.log").read_text()):
            assert shelf.key not in text
        for path in Path(toy.settings["state_dir"]).iterdir():
            assert path.is_dir() or shelf.key.encode() not in path.read_bytes(), path
        (toy.directory / "again.yaml").write_text(shown[0])
        plan = json.loads(toy.run("plan", "again.yaml", "--json").out)
        assert plan["items"] == []
        destroyed(toy)
        assert shelf.boxes == {}
        toy.run("apply", "again.yaml").refused_with(2, "sealed here")

    @pytest.mark.parametrize("way", ["file", "env", "credential"])
    def test_it_may_be_kept_elsewhere_and_be_another_one_tomorrow(
        self, toy: Any, shelf: ShelfState, way: str
    ) -> None:
        kept = toy.directory / "shelf-key"
        kept.write_text("an-older-key-0000\n")
        where = {"file": str(kept), "env": "SHELF_KEY", "credential": "shelf-key"}[way]
        toy.more |= {"SHELF_KEY": shelf.key, "CREDENTIALS_DIRECTORY": str(toy.directory)}
        spec = toy.directory / "kept.yaml"
        spec.write_text(SPEC.read_text().replace("key: open-sesame-1001", f"key: {{{way}: {where}}}"))
        toy.serve()
        assert toy.run("apply", "kept.yaml").code == 0
        if way != "env":
            assert toy.run("wait", "left", "--timeout", "25").code == 1
            error = json.loads(toy.run("show", "left", "--json").out)["entity"]["error"]
            assert (error["code"], "an-older-key" in str(error)) == ("wrong_key", False)
            assert "***" in error["evidence"]
            assert error["remedy"].startswith("Put the right key into the spec, and apply it.")
            kept.write_text(f"{shelf.key}\n")
            for node in ("left", "right"):
                toy.run("retry", node)
        assert toy.run("wait", "row", "--timeout", "25").code == 0

    def test_a_wrong_one_is_put_right_by_what_the_error_says(self, toy: Any, shelf: ShelfState) -> None:
        wrong = SPEC.read_text().replace("open-sesame-1001", "open-barley-2002")
        toy.serve()
        until(lambda: toy.asks(lambda client: client.apply(wrong)))
        until(lambda: states(toy).get("left") == states(toy).get("right") == "failed")
        ways = toy.asks(lambda client: client.show("left"))["entity"]["error"]["remedies"]
        assert (ways[0]["kind"], ways[0]["setting"]) == ("spec", "key")
        assert toy.run("apply", str(SPEC)).code == 0
        for node in ("left", "right"):
            toy.run("retry", node)
        assert toy.run("wait", "row", "--timeout", "25").code == 0
        shelf.key = "open-barley-2002"  # and another one while it stands
        spec = toy.directory / "other.yaml"
        spec.write_text(wrong)
        assert toy.run("apply", "other.yaml").code == 0
        until(toy.is_active)
        destroyed(toy)
        assert shelf.boxes == {}

    def test_a_rollback_that_a_wrong_one_stops_names_what_can_be_done_then(
        self, toy: Any, shelf: ShelfState
    ) -> None:
        deployed(toy)
        shelf.key, before = "open-barley-2002", shelf.key
        toy.asks(lambda client: client.verb("destroy", "row", meant=True))
        until(lambda: states(toy)["left"] == states(toy)["right"] == "rollback_blocked")
        ways = toy.asks(lambda client: client.show("left"))["entity"]["error"]["remedies"]
        assert "spec" not in {one["kind"] for one in ways}
        assert (ways[0]["text"], ways[-1]["verb"]) == ("Give the shelf the key again that it had.", "retry")
        shelf.key = before
        for name in ("left", "right", "row"):
            said = toy.run("retry", name, "--yes")
            assert said.code == 0, said
            until(lambda: states(toy).get(name, "gone") in ("rolled_back", "gone"))  # noqa: B023 (it is over by then)
        until(lambda: toy.asks(lambda client: client.snapshot()["clusters"]) == [])
        assert shelf.boxes == {}

    def test_one_that_is_not_where_the_spec_says_fails_its_node_with_the_place(self, toy: Any) -> None:
        spec = toy.directory / "lost.yaml"
        spec.write_text(SPEC.read_text().replace("key: open-sesame-1001", "key: {file: /nowhere/key}"))
        toy.serve()
        assert toy.run("apply", "lost.yaml").code == 0
        assert toy.run("wait", "left", "--timeout", "25").code == 1
        error = json.loads(toy.run("show", "left", "--json").out)["entity"]["error"]
        assert (error["code"], "/nowhere/key" in error["message"]) == ("secret", True)

    @pytest.mark.parametrize("what", ["pipe", "directory", "long", "short", "empty"])
    def test_what_is_no_file_with_a_secret_fails_its_node_and_keeps_nobody_waiting(
        self, toy: Any, what: str
    ) -> None:
        place = toy.directory / "place"
        if what == "pipe":
            os.mkfifo(place)
        elif what == "directory":
            place.mkdir()
        else:
            place.write_text({"long": "x" * 100_000, "short": "abc", "empty": ""}[what])
        spec = toy.directory / "odd.yaml"
        spec.write_text(SPEC.read_text().replace("key: open-sesame-1001", f"key: {{file: {place}}}"))
        toy.serve()
        toy.asks(lambda client: client.apply(spec.read_text()))
        until(lambda: states(toy)["left"] == "failed")
        error = toy.asks(lambda client: client.show("left"))["entity"]["error"]
        assert (error["code"], str(place) in error["message"]) == ("secret", True)

    def test_a_secret_that_is_too_short_to_be_hidden_is_refused(self, toy: Any) -> None:
        spec = toy.directory / "short.yaml"
        spec.write_text(SPEC.read_text().replace("open-sesame-1001", "Q1234"))
        said = toy.run("validate", "short.yaml")
        said.refused_with(2, "short.yaml:4:6", "6 characters or more")
        assert "Q1234" not in said.err

    def test_what_is_no_reference_is_refused_at_its_line(self, toy: Any) -> None:
        spec = toy.directory / "wrong.yaml"
        spec.write_text(SPEC.read_text().replace("key: open-sesame-1001", "key: {vault: x}"))
        toy.run("validate", "wrong.yaml").refused_with(2, "wrong.yaml:4:6", "{file: PATH}")
