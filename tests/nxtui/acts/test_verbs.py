"""The verbs beyond retry and rollback: at a step, replace, protect; and a spec on its way to the daemon."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nxtui.acts.sending import reachable
from nxtui.acts.verbs import apply_prompt, prompt_of
from nxtui.model.history import NamedStep

Open = Callable[..., Any]


async def test_a_retry_from_a_step_sends_the_step_that_was_chosen(window: Open) -> None:
    async with window() as w:
        await w.press("a", "f")
        await w.shows("3  creating_vnis")
        await w.type("inter")
        await w.press("enter")
        await w.shows("Try node02 again from “creating interfaces”?")
        await w.press("enter")
        await w.until(lambda: len(w.app.screen_stack) == 1, "Enter to mean no")
        assert w.daemon.verbs == []
        await w.press("a", "f")
        await w.shows("1  reserving_ips")
        await w.shows("❯ waiting for boot")  # the step that failed is offered first
        await w.press("up", "up", "up", "enter")
        await w.shows("creating interfaces”?")
        await w.press("y")
        await w.shows("node02 will be tried again")
        (sent,) = w.daemon.verbs
        assert (sent["verb"], sent["target"], sent["step"]) == ("retry", "node02", "creating_vnis")


async def test_a_retry_lists_the_server_that_it_deletes_and_makes_anew_and_promises_no_less(
    window: Open,
) -> None:
    async with window() as w:
        await w.press("r")
        frame = await w.seen("LOSES   what is on its disks (node02)")
        assert "BEGINS  at waiting for boot: 2 steps before installing" in frame
        assert "TAKES   about 42m00s" in frame and "THEN    ready; demo goes on" in frame
        assert "deleted" not in frame[frame.index("Try node02") : frame.index("[ Cancel ]")]
        await w.press("escape")
        w.daemon.unfit.add("node02")
        for keys in (("r",), ("a", "f")):
            await w.press(*keys)
            if len(keys) == 2:
                await w.shows("3  creating_vnis")
                await w.press("enter")
            frame = await w.seen("demo-node02-server-2")
            assert "It also deletes, for good: node02 (1 object)." in frame
            assert "No object is deleted." not in frame
            await w.press("y")
            await w.until(lambda: len(w.app.screen_stack) == 1, "the dialog to close")
        assert [sent["digest"] for sent in w.daemon.verbs] == ["sha256:retry-node02"] * 2


async def test_a_step_that_the_daemon_does_not_have_cannot_be_chosen(window: Open) -> None:
    async with window() as w:
        await w.until(lambda: w.daemon.steps_asked == 1, "the steps")
        await w.press("j", "a", "t")
        await w.shows("8  installing")
        await w.type("nostep")
        await w.shows("Nothing is called so.")
        await w.press("enter")
        assert len(w.app.screen_stack) == 2 and w.daemon.verbs == []


async def test_a_hold_after_a_step_that_was_never_seen_takes_its_typed_name(
    window: Open, daemon: Any
) -> None:
    daemon.steps = None
    async with window() as w:
        await w.press("j", "a", "t")
        await w.shows("8  installing")
        await w.type("awaiting_cvm")
        await w.press("enter")
        await w.shows("node03 stops after it.")
        assert w.daemon.verbs[0]["step"] == "awaiting_cvm"


async def test_leaving_the_choice_of_a_step_sends_nothing(window: Open) -> None:
    async with window() as w:
        await w.press("a", "f")
        await w.shows("1  reserving_ips")
        await w.press("escape")
        await w.until(lambda: len(w.app.screen_stack) == 1, "the list to close")
        assert w.daemon.verbs == []


async def test_a_plain_verb_sends_no_step(window: Open) -> None:
    async with window() as w:
        await w.press("r")
        await w.shows("Try node02 again?")
        await w.press("y")
        await w.until(lambda: w.daemon.verbs, "the verb")
        assert "step" not in w.daemon.verbs[0]


def test_a_retry_begins_where_all_have_been_and_a_hold_stops_where_none_has_been(entity: Any) -> None:
    steps = [NamedStep(name, name, place) for place, name in enumerate("abcd", 1)]
    two = [entity("x", step_index=2), entity("y", step_index=3)]
    assert [step.name for step in reachable("from", two, steps)] == ["a", "b"]
    assert [step.name for step in reachable("after", two, steps)] == ["c", "d"]


def test_a_verb_of_which_the_daemon_says_nothing_is_asked_for_with_its_plan() -> None:
    prompt = prompt_of("dance", None)
    assert (prompt.consent, prompt.question.format("node01")) == ("plan", "Dance node01?")


async def test_replacing_a_server_says_what_is_lost_and_takes_a_y(window: Open) -> None:
    async with window() as w:
        await w.press("a", "x")
        await w.shows("Replace the server of node02?")
        await w.shows("what is on its disks")
        await w.press("enter")
        await w.until(lambda: len(w.app.screen_stack) == 1, "Enter to mean no")
        assert w.daemon.verbs == []
        await w.press("a", "x")
        await w.shows("-/+ node02")
        told = " ".join(w.frame.split())
        assert "✗ delete server demo-node02-server" in told and "+ server demo-node02-server-2" in told
        await w.press("y")
        await w.shows("node02 gets another server")
        assert w.daemon.verbs[0]["digest"] == "sha256:replace-node02"


async def test_protection_is_seen_on_the_cluster_and_on_each_of_its_rows(window: Open) -> None:
    async with window() as w:
        assert "▣" not in w.frame
        await w.press("tab", "a", "p")
        await w.shows("demo is protected.")
        can = w.daemon.clusters[0]["can"] | {"protect": "it is protected.", "unprotect": None}
        cluster = dict(w.daemon.clusters[0], protected=True, can=can)
        w.daemon.say(type="change", entity=cluster)
        frame = await w.seen("▲▣demo")
        assert all(re.search(f"▣. node0{number}", frame) for number in (1, 2, 3))
        await w.press("a", "p")
        await w.shows("Take the protection from demo?")
        await w.press("y")
        await w.until(lambda: len(w.daemon.verbs) == 2, "both verbs")
        assert [verb["verb"] for verb in w.daemon.verbs] == ["protect", "unprotect"]


@pytest.fixture
def specs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "deep.yaml").write_text("cluster: demo\n")
    (tmp_path / "bad.yaml").write_text("cluster: demo\nplatform: p\nprofile: bad\n")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / ".hidden.yaml").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def test_a_spec_is_sent_with_the_digest_of_the_plan_that_was_shown(window: Open, specs: Path) -> None:
    async with window() as w:
        w.daemon.looks.nothing_fails()
        await w.press("a", "s")
        frame = await w.seen("inner/")
        assert ".hidden" not in frame
        await w.type("inner")
        await w.press("enter")
        await w.shows("deep.yaml")
        await w.type("deep")
        await w.press("enter")
        await w.shows("6 objects to make")
        await w.press("enter")
        await w.shows("Apply the spec of demo?")
        await w.press("y")
        await w.shows("demo is applied.")
        assert w.daemon.specs == [{"spec": "cluster: demo\n", "digest": "sha256:spec"}]
        assert len(w.app.screen_stack) == 1


async def test_a_mistake_stands_beneath_its_line_and_a_saved_change_is_seen(
    window: Open, specs: Path
) -> None:
    async with window() as w:
        w.app.open_spec(specs / "bad.yaml")
        lines = (await w.seen("1 mistake")).splitlines()
        at = next(n for n, line in enumerate(lines) if "profile: bad" in line)
        assert "line 3, column 7: there is no profile of that name" in lines[at + 1]
        await w.press("enter")
        await w.shows("The mistakes are to be mended first.")
        (specs / "bad.yaml").write_text("cluster: demo\nplatform: p\nprofile: good\n")
        w.app.tick()
        await w.shows("correct")
        assert "there is no profile" not in w.frame
        assert w.daemon.specs == []


async def test_an_editor_that_cannot_be_opened_is_said(
    window: Open, specs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    async with window((140, 45)) as w:
        w.app.open_spec(specs / "bad.yaml")
        await w.shows("1 mistake")
        await w.press("e")
        await w.shows("No editor is here: set EDITOR.")
        monkeypatch.setenv("EDITOR", "vi")
        await w.press("e")
        await w.shows("cannot be lent to vi")  # a test has no terminal to lend


@pytest.mark.parametrize(
    ("name", "said"),
    [("binary.yaml", "only UTF-8 is read: convert it"), ("none.yaml", "cannot be read (No such file")],
)
async def test_a_file_that_is_no_spec_is_said(window: Open, specs: Path, name: str, said: str) -> None:
    async with window((140, 45)) as w:
        w.app.open_spec(specs / name)
        await w.shows(said)
        await w.press("enter")
        await w.shows("apply: not now")


async def test_a_spec_is_checked_as_soon_as_the_daemon_is_back(window: Open, specs: Path) -> None:
    async with window((140, 45)) as w:
        await w.daemon.stop()
        await w.shows("LOST")
        w.app.open_spec(specs / "inner" / "deep.yaml")
        await w.shows("cluster: demo")
        await w.press("enter")
        await w.shows("the link is down")
        await w.daemon.start()
        await w.shows("LIVE")
        w.app.tick()
        await w.shows("6 objects to make")


async def test_what_is_typed_into_the_picker_survives_the_loss_of_the_daemon(
    window: Open, specs: Path
) -> None:
    async with window() as w:
        await w.press("a", "s")
        await w.shows("bad.yaml")
        await w.type("ba")
        await w.daemon.stop()
        await w.shows("LOST")
        await w.type("d")
        await w.daemon.start()
        await w.shows("LIVE")
        assert "❯ bad" in w.frame and "inner/" not in w.frame


async def test_the_palette_says_in_two_words_what_keys_say(window: Open) -> None:
    async def say(words: str) -> None:
        await w.press("colon")
        await w.type(words)
        await w.until(lambda: "Search for commands" not in w.frame, "the palette to search")
        await w.pilot.pause(0.1)
        await w.press("enter")
        await w.until(lambda: len(w.app.screen_stack) == 1, "the palette to close")

    async with window((140, 45)) as w:
        await say("sort name")
        await w.until(lambda: w.app.screen.grid.listing.sort == "name", "the order")
        await say("only failed")
        await w.shows("1 of 3 nodes")
        await say("theme light")
        await w.until(lambda: w.app.theme == "nxd-light", "the theme")


async def test_a_click_on_a_title_sorts_and_a_second_one_turns_the_order(window: Open) -> None:
    async with window((140, 45)) as w:
        nodes = w.app.screen.grid
        await w.pilot.click(nodes, offset=(5, 0))
        assert nodes.listing.order == ["node01", "node02", "node03"]
        assert nodes.listing.sort == "name"
        await w.pilot.click(nodes, offset=(5, 0))
        assert nodes.listing.order == ["node03", "node02", "node01"]
        assert "NODE▴" in w.frame


async def test_a_spec_opens_at_its_first_mistake(window: Open, specs: Path) -> None:
    lines = [f"# line {number}" for number in range(1, 80)]
    (specs / "long.yaml").write_text("\n".join([*lines, "profile: bad"]))
    async with window() as w:
        w.app.open_spec(specs / "long.yaml")
        await w.shows("✗ line 80, column 7")
        await w.press("g")
        await w.until(lambda: "line 80," not in w.frame, "the top of the file")
        w.app.tick()
        await w.until(lambda: "# line 1" in w.frame, "the top of the file to stay")


async def test_a_spec_that_deletes_says_so_before_a_y_and_sends_the_plan_that_was_shown(
    window: Open, specs: Path
) -> None:
    (specs / "fewer.yaml").write_text("profile: fewer\n")
    async with window((140, 45)) as w:
        w.daemon.looks.nothing_fails()
        w.app.open_spec(specs / "fewer.yaml")
        await w.shows("4 objects to delete, 1 setting to change")
        await w.press("enter")
        frame = await w.seen("It also deletes, for good: node03 (4 objects).")
        assert "✗ delete server" in " ".join(frame.split()) and "about 32m00s in all" in frame
        await w.press("enter")
        await w.until(lambda: len(w.app.screen_stack) == 2, "Enter to mean no")
        assert w.daemon.specs == []
        await w.press("enter")
        await w.shows("for good")
        await w.press("y")
        await w.until(lambda: w.daemon.specs, "the spec to be sent")
        assert w.daemon.specs[0]["digest"] == "sha256:fewer"


@pytest.mark.parametrize(
    ("actions", "said", "not_said"),
    [
        (("create",), "From then on it costs money", "deleted"),
        (("delete",), "cannot be brought back", "money"),
        (("change",), "Nothing is made or deleted", "money"),
        (("create", "change"), "What is made costs money", "deleted"),
        (("delete", "change"), "What is deleted cannot be brought back", "money"),
        (("create", "delete"), "what is deleted cannot be brought back", "changed"),
        (
            ("create", "delete", "change"),
            "in this order, changed and made",
            "deleted, in this order, and made",
        ),
    ],
)
def test_a_spec_promises_what_its_plan_does_and_no_more(
    actions: tuple[str, ...], said: str, not_said: str
) -> None:
    prompt = apply_prompt(actions)
    assert said in prompt.promise and not_said not in prompt.promise
    assert prompt.deletes is ("delete" in actions)
