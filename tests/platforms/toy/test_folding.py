"""A box boots from the daemon by routes, templates, documents and reports of its own platform's making."""

from __future__ import annotations

import json
import signal
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.platforms.toy.shelf_server import ShelfState
from tests.platforms.toy.test_toyland import SPEC, deployed, destroyed, states, until

pytestmark = pytest.mark.e2e

MOMENTS = (
    "before_commit@left#9", "after_commit@left#10", "after_commit@left#11", "after_commit@left#12",
    "after_commit@left#13", "after_commit@left#14", "after_commit@left#16", "before_commit@left#17",
)  # fmt: skip
"""Commits about the box on the left while it boots: its script, its label, its reports and what its step makes of
them."""


def status(url: str, data: bytes | None = None) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data), timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def folded_once(shelf: ShelfState) -> bool:
    return [sum(one.folded for one in each) for each in shelf.machines.values()] == [1, 1]


def test_a_box_fetches_its_script_and_its_label_and_tells_how_far_it_is(toy: Any, shelf: ShelfState) -> None:
    deployed(toy)
    assert folded_once(shelf)
    (machine,) = shelf.machines["lab-left"]
    assert machine.labels == [{"name": "left", "colour": "blue"}]
    lines = [one["message"] for one in json.loads(toy.run("logs", "left", "--json").out)["events"]]
    told = [one for one in lines if one in ("script fetched: boot", "label fetched", "phase 3: side 3")]
    assert told == ["script fetched: boot", "label fetched", "phase 3: side 3"]
    until(lambda: not machine.is_alive())  # the script of an installed box was fetched
    assert status(machine.url)[1] == b"#!ipxe\necho Box left is folded\nexit 1\n"


def test_nobody_gets_a_label_without_every_proof_and_no_log_holds_the_token(
    toy: Any, shelf: ShelfState
) -> None:
    shelf.torn.add("lab-left")
    toy.serve()
    assert toy.run("apply", str(SPEC)).code == 0
    assert toy.run("wait", "left", "--timeout", "25").code == 1
    (machine,) = shelf.machines["lab-left"]
    base, _, token = machine.url.rpartition("/")
    mac = json.dumps({"nics": [{"mac": machine.mac}]}).encode()
    unknown = status(base.replace("/toy/", "/nothing/"))
    for url, body in (
        (f"{machine.url}/label", mac),  # it failed, and is given nothing
        (f"{machine.url}/label", b'{"nics": [{"mac": "52:54:00:00:00:07"}]}'),
        (f"{base}/{token[:-1]}x/label", mac),
        (machine.url, None),
        (f"{base}x/{token}", None),
        (f"{machine.url}/label/more", mac),
    ):
        assert status(url, body) == unknown and unknown[0] == 404
    log = toy.run("logs", "--json").out
    assert log.count("turned away") >= 5 and "at /toy/left/***" in log
    for text in (log, (toy.directory / "serve.log").read_text()):
        assert token not in text and token[:-1] not in text
    for path in Path(toy.settings["state_dir"]).iterdir():
        assert path.is_dir() or token.encode() not in path.read_bytes(), path


def test_a_box_that_tears_fails_its_node_and_a_retry_folds_it_in_a_round_of_its_own(
    toy: Any, shelf: ShelfState
) -> None:
    shelf.torn.add("lab-left")
    toy.serve()
    assert toy.run("apply", str(SPEC)).code == 0
    assert toy.run("wait", "left", "--timeout", "25").code == 1
    shown = json.loads(toy.run("show", "left", "--json").out)["entity"]
    assert (shown["error"]["code"], shown["error"]["evidence"]) == ("torn", "a corner")
    assert shown["step"] == "folding"
    shelf.mend("lab-left")
    assert toy.run("retry", "left").code == 0
    assert toy.run("wait", "row", "--timeout", "25").code == 0
    assert len(shelf.made) == 2 and folded_once(shelf)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_daemon_killed_while_a_box_boots_folds_none_twice_and_forgets_no_end(
    toy: Any, shelf: ShelfState, moment: str
) -> None:
    toy.more["NXD_CRASH"] = moment
    child = toy.start("serve")
    until(lambda: child.poll() is not None or toy.is_active())
    toy.more.clear()
    assert child.poll() == -signal.SIGKILL, "the moment is one of the boot"
    toy.serve()
    until(toy.is_active)
    assert sorted(shelf.made) == ["lab-left", "lab-right"]
    assert max(one.folded for each in shelf.machines.values() for one in each) == 1
    destroyed(toy)
    assert shelf.boxes == {}


def test_a_box_that_is_made_again_folds_itself_again(toy: Any, shelf: ShelfState) -> None:
    shelf.torn.add("lab-left")
    toy.serve()
    assert toy.run("apply", str(SPEC)).code == 0
    until(lambda: (states(toy)["left"], states(toy)["right"]) == ("failed", "ready"))
    toy.asks(lambda client: client.verb("rollback", "row", meant=True))
    until(lambda: set(states(toy).values()) == {"rolled_back"})
    shelf.mend("lab-left")
    toy.asks(lambda client: client.verb("retry", "row", meant=True))
    until(lambda: set(states(toy).values()) == {"active"})
    assert len(shelf.made) == 4
    folded = {name: sum(one.folded for one in each) for name, each in shelf.machines.items()}
    assert folded == {"lab-left": 1, "lab-right": 2}
