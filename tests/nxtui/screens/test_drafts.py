"""From a file or a draft to a cluster: paths complete, a draft that was left is offered again, the cursor arrives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from canned_looks import IN_FORCE

from nxtui.draw.export import draft_file

Open = Callable[..., Any]


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("VISUAL", "")
    monkeypatch.setenv("EDITOR", "true")
    specs = tmp_path / "specs"
    (specs / "inner").mkdir(parents=True)
    (specs / "inner" / "deep.yaml").write_text("# one\ncluster: abyss\n")
    (specs / "inner" / "deeper.yaml").write_text("cluster: 'trench'  # two\n")
    (specs / "other.yml").write_text("nodes: []\n")
    monkeypatch.chdir(specs)
    return specs


async def test_the_picker_tells_size_and_cluster_completes_paths_and_remembers_the_folder(
    window: Open,
) -> None:
    async with window((100, 30)) as w:
        await w.press("a", "s")
        await w.shows("inner/")
        assert "other.yml  10 bytes" in " ".join(w.frame.split()).replace("other.yml 10", "other.yml  10")
        line = w.app.screen.query_one("Input")
        await w.type("i")
        await w.press("tab")
        assert line.value == "inner/"
        frame = await w.seen("inner/deep.yaml")
        assert "cluster abyss" in frame and "cluster trench" in frame
        await w.press("tab")
        assert line.value == "inner/deep", "as far as all of them go on alike"
        await w.type("e")
        await w.press("tab")
        assert line.value == "inner/deeper.yaml"
        await w.press("enter")
        await w.shows("trench")
        await w.press("escape", "a", "s")
        frame = await w.seen("deep.yaml")
        assert "../" in frame and "other.yml" not in frame, "it begins where the last one was"
        await w.type("/no/such/")
        await w.press("tab")
        assert w.app.screen.query_one("Input").value == "/no/such/"


async def test_a_draft_that_the_daemon_has_not_got_is_offered_again(window: Open) -> None:
    left = IN_FORCE.replace("gate: all", "gate: 2")
    file = draft_file("demo", left)
    async with window((100, 30)) as w:
        w.daemon.looks.drafts["demo"] = IN_FORCE.replace("gate: all", "gate: 1")
        await w.press("S")
        await w.shows("e offers the draft of")
        await w.press("e")
        await w.shows("gate: 2")
        await w.until(lambda: w.daemon.looks.drafts["demo"] == left, "the draft with the daemon")
        assert any("the daemon has not got: it is offered again" in one.text for one in w.app.said.all)
        await w.press("escape")
        await w.until(lambda: not file.exists(), "what the daemon keeps needs no file")
        await w.shows("Tab shows the draft of")


async def test_after_an_apply_the_cursor_is_on_the_cluster_as_soon_as_it_is_there(
    window: Open, folders: Path
) -> None:
    async with window((100, 40)) as w:
        w.daemon.looks.nothing_fails()
        assert w.app.screen.grid.listing.cursor == "node02"
        w.app.open_spec(folders / "inner" / "deep.yaml")
        await w.shows("6 objects to make")
        await w.press("enter")
        await w.until(lambda: getattr(w.app.screen, "checks", None), "the preflight")
        await w.press("y")
        await w.shows("demo is applied.")
        await w.until(lambda: w.app.screen.grid.listing.cursor == "demo", "the cursor on it")
        w.app.following.expect("fresh")
        w.daemon.say(type="change", entity={**w.daemon.clusters[0], "name": "fresh", "cluster": "fresh"})
        await w.until(lambda: w.app.screen.grid.listing.cursor == "fresh", "the cursor on what is there now")
        w.app.following.expect("never")
        await w.press("j")
        w.daemon.say(type="change", entity={**w.daemon.clusters[0], "name": "never", "cluster": "never"})
        await w.until(lambda: "never" in w.app.fleet.clusters, "another one")
        assert w.app.screen.grid.listing.cursor != "never", "somebody went elsewhere meanwhile"
