"""A platform with anything in it that would break, or be waited for in vain, is told of before it works."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from daemon.clock import ManualClock
from daemon.platforms.modules import refusal
from daemon.platforms.whole import looked_through
from daemon.settings.reading import load_settings
from tests.platforms.copied import Change, add, copied, drop, edit, installed

STEPS = {
    "a step is missing": (
        edit("platform.py", ('            "powering": self.switch_on,\n', "")),
        "toyland.platform: its steps has nothing that runs in the state powering of toyland.node: add powering",
    ),
    "a stage is missing": (
        edit("platform.py", ('            "unmake": self.unmake,\n', "")),
        "toyland.platform: its undo has nothing that runs in the stage unmake of a rollback of toyland.node",
    ),
    "a step has another name": (
        edit("platform.py", ('"powering": self', '"power_on": self')),
        "its steps has power_on, and toyland.tables nothing of this name",
    ),
    "a step is no coroutine function": (
        add("platform.py", "Toyland.fill = lambda self, ctx: Done()"),
        "what runs in the state filling of toyland.node is no coroutine function that takes the context alone",
    ),
    "a step takes more": (
        edit(
            "platform.py", ("def fill(self, ctx: StepContext)", "def fill(self, ctx: StepContext, box: str)")
        ),
        "what runs in the state filling of toyland.node is no coroutine function that takes the context alone",
    ),
    "there is no undo": (
        edit("platform.py", ("self.undo: Mapping[str, Step] = {", "self.undone: Mapping[str, Step] = {")),
        "its undo is no mapping",
    ),
    "other tables": (
        edit("platform.py", ("    node = tables.NODE\n", "    node = tables.CLUSTER\n")),
        "its node is not the NODE of toyland.tables",
    ),
}

CAPABILITIES = {
    "audit waits for nothing": (
        add("platform.py", "Toyland.audit = lambda self, mirror: ()"),
        "its audit has to be an async def",
    ),
    "veto is waited for": (
        edit("platform.py", ("    def veto(", "    async def veto(")),
        "its veto has to be a plain def",
    ),
    "climb takes less": (
        edit("platform.py", ("record: Record, cluster: Record, problem: Problem", "record: Record")),
        "its climb does not take what the daemon gives it: record, cluster, problem",
    ),
    "nobody says what a seed is": (
        edit("platform.py", ("    def seeds(", "    def seedz(")),
        "its load breaks: TypeError: Can't instantiate abstract class Toyland",
    ),
    "no replacement": (
        edit("platform.py", ("    def replacement(", "    def replacing(")),
        "its nodes have a verb that renews: it has to have replacement",
    ),
    "no guest": (
        edit("platform.py", ("    def guest(", "    def visitor(")),
        "its manifest names a boot: it has to have guest",
    ),
    "a ladder that no spec can choose": (
        edit("spec.py", ("    climb_to: Literal", "    climbs: Literal")),
        "climb and the key climb_to of its spec belong together",
    ),
    "settings that nobody can change": (
        edit("tables.py", ('Transition("change", ("rolled_back",), "pending"),', ""),
             ('Transition("change", ("active", *_WHERE), "gathering"),', ""),
             ('*(Transition("change", ("failed", "held"), "gathering", at=step) for step in _WHERE),', "")),
        "it has may_change, and no state of the clusters in toyland.tables takes change",
    ),
}  # fmt: skip

MODULES = {
    "no tables": (drop("tables.py"), "toyland.tables: it cannot be imported: ModuleNotFoundError"),
    "no spec": (edit("manifest.py", ("toyland.spec", "nope")), "Platform toyland, its spec nope: it cannot be"),
    "no platform": (drop("platform.py"), "toyland.platform: it cannot be imported: ModuleNotFoundError"),
    "no routes": (drop("routes.py"), "toyland.routes: it cannot be imported: ModuleNotFoundError"),
    "no BOOT": (edit("routes.py", ("BOOT = ", "BOTH = ")), "toyland.routes: it has no BOOT ("),
    "BOOT is none": (add("routes.py", "BOOT = 5"), "toyland.routes: its BOOT is not a BootTable"),
    "MODEL is none": (add("spec.py", "MODEL = 5"), "toyland.spec: its MODEL is not a class made of ClusterSpec"),
    "NODE is none": (add("tables.py", "NODE = 5"), "toyland.tables: its NODE is not a Kind"),
    "no load": (edit("platform.py", ("def load(", "def lode(")), "toyland.platform: it has no load ("),
    "load gives nothing": (
        edit("platform.py", ("    return Toyland(\n        Shelf(", "    Toyland(\n        Shelf(")),
        "toyland.platform: load gives a NoneType, and not a Platform",
    ),
    "load breaks": (
        edit("platform.py", ('settings.own["toyland_url"]', 'settings.own["toyland_place"]')),
        "toyland.platform: its load breaks: KeyError: 'toyland_place' (",
    ),
    "no Python": (add("shelf.py", "def of(:"), "toyland/shelf.py, line "),
    "a name that is not there": (
        edit("platform.py", ("from toyland.shelf import Shelf", "from toyland.shelf import Shelves")),
        "toyland.platform: it cannot be imported: ImportError: cannot import name 'Shelves'",
    ),
    "it breaks while it is imported": (
        add("spec.py", "1 / 0"),
        "toyland.spec: it cannot be imported: ZeroDivisionError: division by zero (",
    ),
    "it leaves": (add("tables.py", "raise SystemExit(0)"), "toyland.tables: it cannot be imported: SystemExit: 0 ("),
    "a state that leads nowhere": (
        edit("tables.py", ('Transition("join", ("ready",), "active")', 'Transition("join", ("ready",), "activ")')),
        "toyland.tables: it cannot be imported: ",
    ),
}  # fmt: skip

WORDS = {
    "no template": (drop("templates/boot.ipxe.j2"), "toyland.routes: boot.ipxe.j2: There is no template"),
    "no templates": (drop("templates"), "toyland.routes: there is no folder of templates"),
    "a route that no phase ends": (
        add("routes.py", "from dataclasses import replace\nBOOT = replace(BOOT, phases=())"),
        "toyland.routes: BOOT has no phases",
    ),
    "no reader": (
        add("routes.py", "from dataclasses import replace\nBOOT = replace(BOOT, readers={})"),
        "there is no reader 'events'",
    ),
    "a reader that is none": (
        add("routes.py", "from dataclasses import replace\nBOOT = replace(BOOT, readers={'events': 5})"),
        "toyland.routes: readers, events is a int, and not a function",
    ),
    "no deadline": (edit("tables.py", ("deadline=120.0", "deadline=None")), "NODE: making: a step runs here without"),
    "a stage that ends before its object is certain to be gone": (
        edit("tables.py", ('"taking the box away", 300.0', '"taking the box away", 60.0')),
        "unmake: its deadline (60 s) is over before box is certain to be gone",
    ),
    "an object that no stage takes back": (
        edit("tables.py", ('("box", "mac")', '("mac",)')),
        "box: no stage of a rollback takes it back: name it in the kinds of one",
    ),
    "a deadline that is a text": (
        edit("tables.py", ("deadline=120.0", 'deadline="120"')),
        "toyland.tables: NODE, states, making: deadline is a str, and not a number or None",
    ),
    "a verb that is a command": (
        edit("tables.py", ('    "blink",\n    "let its', '    "show",\n    "let its')),
        "toyland.tables: NODE: show: this is a command of nxd already",
    ),
    "no meaning": (edit("tables.py", ("The shelf fills the box.", "")), "NODE: filling: it has no meaning"),
    "a verb that is none": (
        edit("errors.py", ("AGAIN\n)", '("retry", "glue")\n)')),
        "the error torn: it leads to glue, which is no verb",
    ),
    "a remedy that names no key": (
        edit("errors.py", ('in_spec("key"', 'in_spec("kee"')),
        "toyland.spec: the remedy of wrong_key names the setting kee, and its spec has no such key",
    ),
    "a remedy that nobody can apply": (
        edit("platform.py", ('in ("gate", "climb_to", "key")', 'in ("gate", "climb_to")')),
        "toyland.platform: the remedy of wrong_key changes key, which may not change while the cluster stands",
    ),
    "a key without a word": (
        edit("spec.py", ('default="red", description="The colour of its boxes"', 'default="red"')),
        "toyland.spec: its key colour has no description",
    ),
    "an image that nobody serves": (
        edit("manifest.py", ("    objects=OBJECTS", '    images=("vmlinuz",),\n    objects=OBJECTS')),
        "its machines start from vmlinuz, and no route serves an image",
    ),
}  # fmt: skip


SETTINGS = {
    "NXD_ENVIRONMENT": "lab",
    "NXD_IBM_TRUSTED_PROFILE": "Profile-1",
    "NXD_BOOT_URL": "http://10.240.0.5:8080",
    "NXD_CONFIG_URL": "http://10.240.0.5:8081",
}


def mistakes(directory: Path, *changes: Change) -> list[str]:
    """What is told of toyland as it was changed."""
    copied(directory, *changes)
    settings = replace(load_settings(None, SETTINGS), own={"toyland_url": "http://127.0.0.1:1"})
    with installed(directory) as found:
        assert found.broken == {}
        return looked_through(found.usable["toyland"], settings, ManualClock())[1]


def test_of_one_that_is_sound_nothing_is_told(tmp_path: Path) -> None:
    assert mistakes(tmp_path) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [pytest.param(*one, id=name) for name, one in {**STEPS, **CAPABILITIES, **MODULES, **WORDS}.items()],
)
def test_what_is_broken_is_told_in_a_sentence_with_its_place(
    tmp_path: Path, change: Change, said: str
) -> None:
    told = mistakes(tmp_path, change)
    assert [one for one in told if said in one], told
    assert all(one.startswith("Platform toyland, ") and one.endswith(".") and "\n" not in one for one in told)


def test_several_mistakes_are_told_together_each_once_and_not_without_end(tmp_path: Path) -> None:
    told = mistakes(
        tmp_path,
        edit("platform.py", ('            "powering": self.switch_on,\n', "")),
        edit("spec.py", ("from toyland.names", "from nowhere")),
        drop("templates"),
    )
    assert [one.split(":")[0] for one in told] == [
        "Platform toyland, its spec toyland.spec",
        "Platform toyland, its boot toyland.routes",
    ]
    lines = str(
        refusal("toyland", [f"Platform toyland: {number}." for number in (*range(30), 1)])
    ).splitlines()
    assert len(lines) == 22 and lines[-2] == "Platform toyland: and 10 more."
