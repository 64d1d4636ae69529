"""What a room must not use beyond the rooms it knows: Python's own library, names that are computed, other drivers."""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterable
from pathlib import Path

import pytest

from daemon.platforms import own
from tests.house_rules import COMPUTED, DRIVER_TOOLS, FUNCTIONS, LIGHT, STANDARD, room_of
from tests.house_source import ROOT, Source, borrowers, house, read, users, whole_name

LONGEST_FUNCTION = 40
"""Lines of a function that does one thing, without its docstring."""

TOO_LONG: dict[str, int] = {
    "test_prism.test_each_call_has_its_own_time_limit": 41,
    "test_making.test_a_server_is_ordered_and_waited_for_only_while_it_could_boot": 41,
    "test_agent_protocol.test_the_simulated_machine_and_the_real_agent_say_the_same": 52,
    "test_audit.test_what_an_audit_says_about_a_loss_brings_it_back": 45,
    "test_meddling.test_a_server_that_somebody_deletes_stops_or_unplugs_is_told_at_once_and_the_remedy_leads_on": 48,
    "canned_data.canned_entities": 57,
    "test_real_daemon.test_a_bad_spec_mended_a_failed_node_retried_a_rollback_refused_and_then_done": 75,
}
"""Stories and lists of the tests that are longer, each with its lines: they may shrink. Nothing else is."""

TABLES = {
    manifest.tables: (manifest.platform.rpartition(".")[0],)
    for manifest in own().values()
    if manifest.tables.startswith("state_machines.")
}
"""The tables of a platform, which nobody knows but itself."""


def computing(sources: Iterable[Source]) -> list[str]:
    """Imports whose name does not stand where they are."""
    return [
        f"{source.name} line {line} imports what is not named there"
        for source in sources
        if source.name not in COMPUTED
        for line in source.computed
    ]


def other_drivers(sources: Iterable[Source]) -> list[str]:
    """Imports of one driver in another."""
    found = []
    for source in sources:
        if not source.name.startswith("daemon.drivers."):
            continue
        own_word = source.name.split(".")[2].partition("_")[0]
        for one in source.imports:
            other = one.name.split(".")[2] if one.name.startswith("daemon.drivers.") else own_word
            if other.partition("_")[0] != own_word and other not in DRIVER_TOOLS:
                found.append(str(one))
    return found


def is_table_of_codes(source: Source) -> bool:
    """Whether a module of a driver holds rows of errors and nothing else."""
    return source.name.startswith("daemon.drivers.") and all(
        one.name.startswith(("__future__", "daemon.errors")) for one in source.imports
    )


def heavy(sources: Collection[Source], package: str, role: str) -> list[str]:
    """What the manifest or the spec of a package reaches, by whatever way round, and is too much for it; what the house
    imports only when it is called for is not reached."""
    by_name = {source.name: source for source in sources}
    rooms, installed = LIGHT[role]
    found: list[str] = []
    seen: set[str] = set()
    ahead = [f"{package}.{role}"]
    while ahead:
        name = ahead.pop()
        if name in seen:
            continue
        seen.add(name)
        for one in by_name[name].imports:
            inner = whole_name(one.name, by_name)
            top = one.name.partition(".")[0]
            mine = name.startswith(f"{package}.")
            if (
                one.only_a_type
                or (one.inside_function and not mine)
                or (not inner and (top in installed or top in sys.stdlib_module_names))
            ):
                continue
            if inner == package or inner.startswith(f"{package}.") or (inner and room_of(inner) in rooms):
                ahead.append(inner)
            elif not (inner and is_table_of_codes(by_name[inner])):
                found.append(str(one))
    return sorted(found)


def long_functions(sources: Iterable[Source]) -> dict[str, int]:
    """Functions that are too long, each with its lines."""
    found = {}
    for source in sources:
        for node in source.nodes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = (
                    node.body[1]
                    if ast.get_docstring(node, clean=False) and len(node.body) > 1
                    else node.body[0]
                )
                head = node.body[0].lineno - node.lineno
                lines = head + (node.end_lineno or 0) - first.lineno + 1
                if lines > LONGEST_FUNCTION:
                    found[f"{source.name.rpartition('.')[2]}.{node.name}"] = lines
    return found


@pytest.mark.parametrize(
    ("what", "owners"), [*STANDARD.items(), *TABLES.items()], ids=lambda one: str(one)[:20]
)
def test_what_belongs_to_few_is_imported_by_nobody_else(what: str, owners: tuple[str, ...]) -> None:
    assert borrowers(house(), what, owners) == []


@pytest.mark.parametrize(("function", "owners"), FUNCTIONS.items())
def test_a_function_that_belongs_to_few_is_used_by_nobody_else(
    function: str, owners: tuple[str, ...]
) -> None:
    assert users(house(), function, owners) == []


def test_every_owner_needs_what_it_has() -> None:
    """A permission that nobody uses is taken back."""
    idle = [
        (function, owner)
        for function, owners in FUNCTIONS.items()
        for owner in owners
        if not [one for one in users(house(), function, ()) if one.startswith(owner)]
    ]
    idle += [
        (what, owner)
        for what, owners in STANDARD.items()
        for owner in owners
        if not [one for one in borrowers(house(), what, ()) if one.startswith(owner)]
    ]
    assert idle == []


def test_what_is_imported_is_named_where_it_is() -> None:
    assert computing(house()) == []
    assert [name for name in COMPUTED if not any(one.computed for one in house() if one.name == name)] == []


def test_no_driver_imports_another() -> None:
    assert other_drivers(house()) == []


@pytest.mark.parametrize("role", LIGHT)
@pytest.mark.parametrize("name", own())
def test_a_manifest_and_a_spec_reach_neither_drivers_nor_the_engine(name: str, role: str) -> None:
    assert heavy(house(), own()[name].platform.rpartition(".")[0], role) == []


def test_a_function_does_one_thing() -> None:
    found = long_functions([*house(), *read(ROOT, ("tests",))])
    assert {name: lines for name, lines in found.items() if lines > TOO_LONG.get(name, 0)} == {}
    assert [name for name in TOO_LONG if name not in found] == [], (
        "these are short enough: take them off the list"
    )


PLANTED = {
    "state_machines/ibm_nutanix.py": "NODE = 1\n",
    "daemon/engine/engine.py": "import socket\nimport subprocess\nfrom time import monotonic\nimport os\n"
    "from state_machines.ibm_nutanix import NODE\n",
    "daemon/engine/late.py": "import importlib\nimportlib.import_module('daemon.sim.world')\n"
    "importlib.import_module('daemon.' + 'sim')\n__import__(NAME)\nexec('import x')\n",
    "daemon/engine/hidden.py": "from importlib import import_module as im\nim('daemon.' + N)\nimport importlib\n"
    "getattr(importlib, 'import_module')('x')\nimport sys\nsys.modules['daemon.drivers.http']\n"
    "importlib.util.find_spec('daemon.drivers.http').loader.load_module()\nim('daemon.sim.clock')\n"
    "import asyncio as aio\naio.open_connection('h', 1)\naio.create_subprocess_exec('x')\nopen('/etc/passwd')\n",
    "daemon/life/gate.py": "import typing\nif typing.TYPE_CHECKING:\n    import subprocess\nelse:\n    import uuid\n",
    "daemon/drivers/prism.py": "from daemon.drivers.ibm_errors import translate\nfrom daemon.drivers import http\n"
    "import daemon.drivers.prism_pages\n",
    "daemon/drivers/ibm_codes.py": "from daemon.errors.tree import ErrorKind\n",
    "daemon/drivers/ibm_errors.py": "import httpx\nfrom daemon.drivers.ibm_codes import TAKEN\n",
    "daemon/platforms/one/manifest.py": "from daemon.platforms.one.errors import ERRORS\nimport re\n",
    "daemon/platforms/one/errors.py": "from daemon.drivers.ibm_codes import TAKEN\n"
    "def late():\n    from daemon.drivers.ibm_errors import translate\n",
    "daemon/platforms/one/spec.py": "import pydantic\nimport httpx\nfrom daemon.engine.engine import Engine\n",
    "pxe/app.py": "async def f():\n"
    + "    x = 1\n" * 40
    + "def g():\n    '''Says\n    much.'''\n"
    + "    x = 1\n" * 39,
}


@pytest.fixture
def planted(tmp_path: Path) -> list[Source]:
    """A house in which each rule is broken."""
    for name, text in PLANTED.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return read(tmp_path)


def test_each_rule_catches_who_breaks_it(planted: list[Source]) -> None:
    assert [
        one
        for what, owners in [*STANDARD.items(), *TABLES.items()]
        for one in borrowers(planted, what, owners)
    ] == [
        "daemon.engine.engine line 1 imports socket",
        "daemon.engine.engine line 2 imports subprocess",
        "daemon.life.gate line 3 imports subprocess",
        "daemon.engine.engine line 4 imports os",
        "daemon.engine.engine line 3 imports time.monotonic",
        "daemon.life.gate line 5 imports uuid",
        "daemon.engine.engine line 5 imports state_machines.ibm_nutanix.NODE",
    ]
    assert [found for what, owners in FUNCTIONS.items() for found in users(planted, what, owners)] == [
        "daemon.engine.hidden line 11 uses asyncio.create_subprocess_exec",
        "daemon.engine.hidden line 10 uses asyncio.open_connection",
        "daemon.engine.hidden line 12 uses open",
    ]
    assert [one for one in computing(planted) if ".hidden " in one] == [
        f"daemon.engine.hidden line {line} imports what is not named there" for line in (2, 4, 6, 7)
    ]
    hidden = next(source for source in planted if source.name == "daemon.engine.hidden")
    assert "daemon.engine.hidden line 8 imports daemon.sim.clock" in map(str, hidden.imports)
