"""The arrows of the house, as in CONTRIBUTING.md: who may import whom."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest

import daemon
from tests.house_rules import HOUSE_RULES, OF_ALL, SDKS, Room, room_of, rule_of, star_of
from tests.house_source import ROOMS, ROOT, Source, borrowers, house, read, under, whole_name

LONGEST = 400
"""Lines of a file that holds one idea."""

TOO_LONG: dict[str, str] = {}
"""Files that may be longer, each with the reason."""

SAYS_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}

IMPORTED_ONLY_BY: dict[str, tuple[str, ...]] = {
    "transitions": ("state_machines.kind",),
    "daemon.sim": ("daemon.sim", "daemon.demo", "daemon.cli.simulating"),
    "daemon.demo": ("daemon.demo", "daemon.cli.simulating"),
    "nxtui": ("nxtui", "daemon.demo", "daemon.cli.simulating"),
    "pycdlib": ("daemon.images.installers",),
    "daemon.images": ("daemon.images", "daemon.cli.images", "daemon.cli.naming"),
    "sqlite3": ("daemon.store",),
    "aiosqlite": ("daemon.store",),
    **{sdk: ("daemon.drivers",) for sdk in sorted(SDKS)},
}
"""What belongs to a few modules alone."""

CLOCK_CALLS = {
    "time.time", "time.time_ns", "time.sleep", "asyncio.sleep", "uuid.uuid1", "uuid.uuid4",
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today",
}  # fmt: skip
BESIDES_THE_CLOCK: dict[tuple[str, str], str] = {
    ("daemon.cli.auditing", "time.sleep"): "a command that watches waits in its user's time",
    ("daemon.cli.verbs", "uuid.uuid4"): "the token of a command is drawn by the client, which has no clock",
    (
        "daemon.demo.setup",
        "time.time",
    ): "the rehearsal's own time, from which the clocks are made, begins now",
    ("daemon.demo.setup", "time.sleep"): "it waits for processes of this machine, in real seconds",
}
"""Uses of real time and chance outside daemon/clock.py, each with the reason."""


def homeless(sources: Iterable[Source]) -> list[str]:
    """Modules that stand in no room; packages hold nothing but rooms."""
    names = [source.name for source in sources if source.tree.body]
    return [name for name in names if room_of(name) is None]


def strangers(sources: Iterable[Source]) -> list[str]:
    """Imports that the rule of a room does not allow."""
    found = []
    for source in sources:
        room = room_of(source.name)
        rule = Room() if room is None else rule_of(room)
        for one in source.imports:
            top = one.name.partition(".")[0]
            if top in ROOMS:
                known = room_of(one.name) in (
                    room,
                    *rule.knows,
                    *(OF_ALL if source.name.startswith(("daemon", "nxtui")) and not rule.never else ()),
                )
            else:
                brought = (*sys.stdlib_module_names, *(rule.others or ()))
                known = top not in rule.never and (rule.others is None or top in brought)
            found += [] if known or room is None else [str(one)]
    return found


def circles(sources: Iterable[Source]) -> list[str]:
    """Modules that import each other, by whatever way round; an import for a type alone is none."""
    sources = list(sources)
    names = {source.name for source in sources}
    graph = {
        source.name: {whole_name(one.name, names) for one in source.imports if not one.only_a_type}
        - {source.name, ""}
        for source in sources
    }
    sorter = TopologicalSorter(graph)
    try:
        sorter.prepare()
    except CycleError as error:
        ring = error.args[1][1:]
        first = ring.index(min(ring))
        return [" → ".join((*ring[first:], *ring[:first], ring[first]))]
    return []


def early_sdks(sources: Iterable[Source]) -> list[str]:
    """Imports of an SDK that happen before it is used."""
    found = (one for source in sources for one in source.imports)
    return [str(one) for one in found if under(one.name, SDKS) and not one.inside_function]


def own_clocks(sources: Iterable[Source]) -> list[str]:
    """Real time, sleep, chance and ids in the daemon that do not come from the clock."""
    found = []
    for source in sources:
        if not under(source.name, ("daemon",)) or source.name == "daemon.clock":
            continue
        used = [(one.name, one.line) for one in source.imports if under(one.name, ("random",))]
        used += [(one.name, one.line) for one in source.imports if one.name in CLOCK_CALLS]
        dotted = ((".".join(name.split(".")[-2:]), line) for name, line in source.uses if "." in name)
        used += [(name, line) for name, line in dotted if name in CLOCK_CALLS]
        allowed = {call for module, call in BESIDES_THE_CLOCK if module == source.name}
        found += [f"{source.name} line {line} uses {call}" for call, line in used if call not in allowed]
    return found


def long_files(sources: Iterable[Source]) -> list[str]:
    counted = ((source, len(source.text.splitlines())) for source in sources)
    return [
        f"{source.name} has {lines} lines"
        for source, lines in counted
        if lines > LONGEST and source.name not in TOO_LONG
    ]


def empty_names(sources: Iterable[Source]) -> list[str]:
    return [source.name for source in sources if SAYS_NOTHING & set(source.name.split("."))]


def providers_of_daemon(installed: Iterable[Distribution]) -> set[str]:
    """The distributions, other than nxd, that bring a top-level package or module named daemon."""
    names = set()
    for one in installed:
        tops = {Path(file).parts[0] for file in one.files or ()}
        tops |= set((one.read_text("top_level.txt") or "").split())
        if tops & {"daemon", "daemon.py"}:
            names.add(one.metadata["Name"])
    return names - {"nxd"}


@pytest.mark.parametrize("room", HOUSE_RULES)
def test_a_room_knows_only_its_neighbours(room: str) -> None:
    inside = [source for source in house() if room in (room_of(source.name), star_of(source.name))]
    assert inside, "nothing stands in this room any more"
    assert strangers(inside) == []


def test_every_module_stands_in_a_room() -> None:
    assert homeless(house()) == []


def test_no_modules_import_each_other() -> None:
    assert circles(house()) == []


@pytest.mark.parametrize(("what", "owners"), IMPORTED_ONLY_BY.items(), ids=lambda value: str(value)[:20])
def test_what_belongs_to_few_is_imported_by_nobody_else(what: str, owners: tuple[str, ...]) -> None:
    assert borrowers(house(), what, owners) == []


def test_an_sdk_is_imported_only_when_it_is_used() -> None:
    assert early_sdks(house()) == []


def test_time_sleep_chance_and_ids_come_from_the_clock() -> None:
    assert own_clocks(house()) == []


def test_no_exception_outlives_its_reason() -> None:
    lines = {source.name: source.text for source in house()}
    assert [key for key in BESIDES_THE_CLOCK if key[1] not in lines.get(key[0], "")] == []
    assert [name for name in TOO_LONG if lines.get(name, "").count("\n") <= LONGEST] == []


def test_every_room_with_code_has_its_folder_of_tests_and_every_folder_its_room() -> None:
    folders = [
        ROOT / "pxe",
        ROOT / "state_machines",
        *(ROOT / "daemon").iterdir(),
        *(ROOT / "nxtui").iterdir(),
    ]
    rooms = {
        str(folder.relative_to(ROOT))
        for folder in folders
        if any(path.stat().st_size for path in folder.rglob("*.py"))
    }
    mirrored = {
        str(path.parent.relative_to(ROOT / "tests"))
        for room in ROOMS
        for path in (ROOT / "tests" / room).rglob("test_*.py")
    }
    assert rooms - mirrored == set()
    assert mirrored - rooms == {"daemon", "nxtui"}


def test_a_file_holds_one_idea() -> None:
    assert long_files([*house(), *read(ROOT, ("tests",))]) == []


def test_a_module_is_named_after_what_it_is() -> None:
    assert empty_names(house()) == []


PLANTED = {
    "state_machines/kind.py": "import transitions\n",
    "state_machines/late.py": "import asyncio\nfrom transitions import Machine\n",
    "pxe/app.py": "import daemon.settings.reading\nimport aiohttp\n",
    "nxtui/app.py": "from daemon import wire\nfrom daemon.engine import engine\n",
    "nxtui/model/known.py": "from nxtui.draw import text\n",
    "nxtui/draw/text.py": "from nxtui.model import known\n",
    "daemon/client/blocking.py": "import aiohttp\n",
    "daemon/engine/engine.py": "from daemon import platforms\nfrom daemon.platforms import base\ntime.time()\n"
    "import asyncio as aio\naio.sleep(1)\n",
    "daemon/engine/context.py": "def f():\n    from daemon.drivers.prism import Prism\n",
    "daemon/memory/mirror.py": "from daemon.engine.engine import Engine\n",
    "daemon/life/boots.py": "from daemon.platforms.one.node import Node\n",
    "daemon/service.py": "import sqlite3\nfrom daemon.sim import world\nimport random\n",
    "daemon/wishes.py": "from daemon.platforms.one.node import Node\n",
    "daemon/drivers/vpc.py": "import ibm_vpc\nimport state_machines.record\ndef f():\n    import ibm_vpc\n",
    "daemon/platforms/one/node.py": "from daemon.platforms import base\nfrom daemon.platforms.two import a\n",
    "daemon/sim/utils.py": "from daemon.errors.tree import NxdError\n" + "\n" * 400,
    "daemon/sim/world/world.py": "from daemon.sim.cloud import vpc\n",
}


def test_each_rule_catches_who_breaks_it(tmp_path: Path) -> None:
    for name, text in PLANTED.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    broken = read(tmp_path)
    assert strangers(broken) == [
        "daemon.client.blocking line 1 imports aiohttp",
        "daemon.drivers.vpc line 2 imports state_machines.record",
        "daemon.engine.context line 2 imports daemon.drivers.prism.Prism",
        "daemon.engine.engine line 1 imports daemon.platforms",
        "daemon.life.boots line 1 imports daemon.platforms.one.node.Node",
        "daemon.memory.mirror line 1 imports daemon.engine.engine.Engine",
        "daemon.platforms.one.node line 2 imports daemon.platforms.two.a",
        "daemon.service line 2 imports daemon.sim.world",
        "daemon.sim.utils line 1 imports daemon.errors.tree.NxdError",
        "daemon.sim.world.world line 1 imports daemon.sim.cloud.vpc",
        "nxtui.app line 2 imports daemon.engine.engine",
        "nxtui.model.known line 1 imports nxtui.draw.text",
        "pxe.app line 1 imports daemon.settings.reading",
        "state_machines.late line 1 imports asyncio",
    ]
    assert homeless(broken) == ["daemon.wishes"]
    assert circles(broken) == ["nxtui.draw.text → nxtui.model.known → nxtui.draw.text"]
    assert [
        found for what, owners in IMPORTED_ONLY_BY.items() for found in borrowers(broken, what, owners)
    ] == [
        "state_machines.late line 2 imports transitions.Machine",
        "daemon.service line 2 imports daemon.sim.world",
        "daemon.service line 1 imports sqlite3",
    ]
    assert early_sdks(broken) == ["daemon.drivers.vpc line 1 imports ibm_vpc"]
    assert own_clocks(broken) == [
        "daemon.engine.engine line 3 uses time.time",
        "daemon.engine.engine line 5 uses asyncio.sleep",
        "daemon.service line 3 uses random",
    ]
    assert long_files(broken) == ["daemon.sim.utils has 401 lines"]
    assert empty_names(broken) == ["daemon.sim.utils"]


def test_nobody_else_brings_a_package_named_daemon() -> None:
    others = providers_of_daemon(distributions())
    assert others == set(), f"{', '.join(others)} hides nxd: give nxd a virtual environment of its own"
    assert Path(daemon.__file__).parent == ROOT / "daemon"


def test_a_clash_over_the_package_named_daemon_is_seen(tmp_path: Path) -> None:
    for name, record in (
        ("python-daemon", "daemon/__init__.py,,\n"),
        ("nxd", "daemon/__init__.py,,\n"),
        ("x", "x.py,,\n"),
    ):
        info = tmp_path / f"{name.replace('-', '_')}-3.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 3.0\n", encoding="utf-8"
        )
        (info / "RECORD").write_text(record, encoding="utf-8")
    assert providers_of_daemon(distributions(path=[str(tmp_path)])) == {"python-daemon"}
