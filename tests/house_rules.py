"""The rooms of the house, each with what it may import; `tests/test_architecture.py` holds every module to it."""

from __future__ import annotations

from dataclasses import dataclass

OUTSIDE = frozenset({
    "asyncio", "concurrent", "datetime", "io", "logging", "multiprocessing", "os", "pathlib", "random",
    "secrets", "shutil", "signal", "socket", "sqlite3", "ssl", "subprocess", "tempfile", "threading", "time",
    "urllib", "uuid",
})  # fmt: skip
"""Standard modules through which the world, the clock or chance come in."""

SDKS = {"ibm_vpc", "ibm_cloud_networking_services", "ibm_cloud_sdk_core"}


@dataclass(frozen=True)
class Room:
    """A folder, or a module that stands alone: what of the project its modules may import beside each other, and what
    of what is installed (None: anything). ``never`` are standard modules that it must not import either."""

    knows: tuple[str, ...] = ()
    others: tuple[str, ...] | None = None
    never: frozenset[str] = frozenset()


OF_ALL = ("daemon.display", "daemon.words")
"""What whoever speaks to people may use."""

WORLD = ("daemon.clock", "daemon.sim.refusals", "daemon.sim.faults", "daemon.sim.world")
SIM = frozenset({"httpx", *SDKS})

LOADING = tuple(
    f"daemon.platforms.{name}"
    for name in (
        "found", "lint", "lint_parts", "lint_platform", "lint_remedies", "lint_settings", "modules", "parts",
        "shapes", "whole",
    )
)  # fmt: skip
"""What finds a platform, looks it through and loads it: one room of several files beside the packages."""
_LOADING = Room(
    (
        "daemon.clock", "daemon.errors", "daemon.platforms", "daemon.platforms.base", "daemon.platforms.manifest",
        "daemon.settings", "daemon.spec", "pxe", "state_machines", *LOADING,
    ),
    ("msgspec",),
)  # fmt: skip

HOUSE_RULES: dict[str, Room] = {
    **dict.fromkeys(LOADING, _LOADING),
    "state_machines": Room((), ("transitions", "msgspec"), OUTSIDE),
    "pxe": Room((), ("aiohttp", "jinja2", "prometheus_client")),
    "daemon.wire": Room((), ()),
    "daemon.disks": Room(("pxe",), ()),
    "daemon.clock": Room((), ()),
    "daemon.faultpoints": Room((), ()),
    "daemon.outside": Room((), ("msgspec",)),
    "daemon.words": Room((), ()),
    "daemon.display": Room(("daemon.wire",), ()),
    "daemon.errors": Room(("state_machines",), ("msgspec",)),
    "daemon.secrets": Room(("daemon.disks", "daemon.errors"), ("cryptography", "msgspec")),
    "daemon.spec": Room(("daemon.secrets", "daemon.wire"), ("yaml", "pydantic", "pydantic_core")),
    "daemon.settings": Room(
        ("daemon.host", "daemon.platforms", "daemon.platforms.manifest", "daemon.spec"), ("yaml",)
    ),
    "daemon.host": Room(
        ("daemon.clock", "daemon.disks", "daemon.errors", "daemon.secrets", "daemon.spec", "pxe"), ("aiohttp",)
    ),
    "daemon.store": Room(
        ("daemon.errors", "daemon.faultpoints", "daemon.outside", "state_machines"), ("aiosqlite", "msgspec", "orjson")
    ),
    "daemon.memory": Room(
        (
            "daemon.clock", "daemon.errors", "daemon.faultpoints", "daemon.outside", "daemon.secrets", "daemon.store",
            "state_machines",
        ),
        ("msgspec",),
    ),
    "daemon.images": Room(("pxe",), ("pycdlib",)),
    "daemon.engine": Room(
        (
            "daemon.clock", "daemon.errors", "daemon.faultpoints", "daemon.memory", "daemon.outside",
            "daemon.platforms.base", "daemon.secrets", "daemon.store", "state_machines",
        ),
        ("msgspec", "prometheus_client"),
    ),
    "daemon.life": Room(
        ("daemon.engine", "daemon.errors", "daemon.platforms.base", "daemon.store", "pxe", "state_machines"),
        ("msgspec",),
    ),
    "daemon.boot": Room(
        (
            "daemon.engine", "daemon.errors", "daemon.life", "daemon.memory", "daemon.secrets", "daemon.store",
            "pxe", "state_machines",
        ),
        ("msgspec",),
    ),
    "daemon.drivers": Room(("daemon.clock", "daemon.errors", "daemon.outside")),
    "daemon.platforms.manifest": Room(("daemon.errors", "daemon.settings", "daemon.spec", "state_machines"), ()),
    "daemon.platforms": _LOADING,
    "daemon.platforms.base": Room(
        ("daemon.engine", "daemon.errors", "daemon.memory", "daemon.store", "pxe", "state_machines"), ("msgspec",)
    ),
    "daemon.platforms.*": Room(
        (
            "daemon.clock", "daemon.disks", "daemon.drivers", "daemon.engine", "daemon.errors", "daemon.life",
            "daemon.memory", "daemon.platforms.base", "daemon.platforms.manifest", "daemon.settings", "daemon.spec",
            "daemon.store", "pxe", "state_machines",
        ),
        ("httpx", "msgspec", "pydantic"),
    ),
    "daemon.requests": Room(
        (
            "daemon.engine", "daemon.errors", "daemon.memory", "daemon.outside", "daemon.platforms",
            "daemon.platforms.base", "daemon.secrets", "daemon.spec", "daemon.store", "daemon.wire", "state_machines",
        ),
        ("msgspec", "yaml", "pydantic"),
    ),
    "daemon.outlook": Room(
        (
            "daemon.engine", "daemon.errors", "daemon.memory", "daemon.platforms.base", "daemon.requests",
            "daemon.store", "daemon.wire", "state_machines",
        ),
        ("msgspec",),
    ),
    "daemon.api": Room(
        (
            "daemon.engine", "daemon.errors", "daemon.memory", "daemon.outlook", "daemon.outside", "daemon.platforms",
            "daemon.requests",
            "daemon.secrets", "daemon.spec", "daemon.store", "daemon.wire", "state_machines",
        ),
        ("aiohttp", "msgspec", "orjson"),
    ),
    "daemon.upkeep": Room(
        ("daemon.boot", "daemon.disks", "daemon.errors", "daemon.host", "daemon.memory", "daemon.store", "pxe"), ()
    ),
    "daemon.service": Room(
        (
            "daemon.api", "daemon.boot", "daemon.clock", "daemon.engine", "daemon.errors", "daemon.faultpoints",
            "daemon.host", "daemon.memory", "daemon.outside", "daemon.platforms", "daemon.platforms.base",
            "daemon.requests",
            "daemon.secrets", "daemon.settings", "daemon.store", "daemon.upkeep", "daemon.wire", "pxe",
        )
    ),
    "daemon.client": Room(("daemon.wire",), ("h11", "orjson")),
    "daemon.client.console": Room(("daemon.client", "daemon.wire"), ("aiohttp", "orjson")),
    "daemon.cli": Room(
        (
            "daemon.client", "daemon.client.console",
            "daemon.demo", "daemon.errors", "daemon.host", "daemon.images", "daemon.platforms",
            "daemon.secrets", "daemon.service", "daemon.settings", "daemon.sim", "daemon.sim.refusals",
            "daemon.sim.scenarios",
            "daemon.spec", "daemon.store", "daemon.wire",
            "nxtui", "state_machines",
        )
    ),
    "daemon.demo": Room(("daemon.client", "daemon.host", "daemon.sim", "daemon.wire", "nxtui", "pxe")),
    "daemon.sim": Room(
        (
            *WORLD, "daemon.sim.cloud", "daemon.sim.machines", "daemon.sim.nutanix", "daemon.sim.scenarios",
            "daemon.sim.service", "daemon.sim.ssh",
        ),
        never=SIM,
    ),
    "daemon.sim.refusals": Room((), ()),
    "daemon.sim.faults": Room(("daemon.clock", "daemon.sim.refusals"), ()),
    "daemon.sim.world": Room(WORLD, never=SIM),
    "daemon.sim.service": Room(WORLD, never=SIM),
    "daemon.sim.cloud": Room((*WORLD, "daemon.sim.service"), never=SIM),
    "daemon.sim.nutanix": Room((*WORLD, "daemon.sim.service"), never=SIM),
    "daemon.sim.ssh": Room((*WORLD, "daemon.sim.nutanix"), never=SIM),
    "daemon.sim.machines": Room((*WORLD, "daemon.sim.nutanix"), never=SIM),
    "daemon.sim.scenarios": Room(WORLD, ()),
    "nxtui.keys": Room((), ("textual",)),
    "nxtui.preferences": Room((), ("yaml",)),
    "nxtui.faults": Room((), ("rich", "textual")),
    "nxtui.model": Room(("daemon.client", "daemon.wire"), ("msgspec",)),
    "nxtui.draw": Room(("daemon.wire", "nxtui.keys", "nxtui.model"), ("rich", "textual")),
    "nxtui.widgets": Room(
        ("daemon.wire", "nxtui.draw", "nxtui.faults", "nxtui.keys", "nxtui.model"), ("rich", "textual")
    ),
    "nxtui.terminal": Room(("nxtui.app", "nxtui.model"), ("textual", "textual_serve", "aiohttp")),
    "nxtui.acts": Room(
        (
            "daemon.client", "daemon.wire", "nxtui.app", "nxtui.draw", "nxtui.keys", "nxtui.model", "nxtui.screens",
            "nxtui.terminal",
        ),
        ("textual", "yaml"),
    ),
    "nxtui.screens": Room(
        (
            "daemon.client", "daemon.client.console", "daemon.wire",
            "nxtui.acts", "nxtui.app", "nxtui.draw", "nxtui.faults", "nxtui.keys",
            "nxtui.model", "nxtui.terminal", "nxtui.widgets",
        ),
        ("rich", "textual", "yaml"),
    ),
    "nxtui.app": Room(
        (
            "daemon.client", "daemon.wire", "nxtui.acts", "nxtui.draw", "nxtui.faults", "nxtui.keys", "nxtui.model",
            "nxtui.preferences", "nxtui.screens", "nxtui.terminal", "nxtui.ways_out",
        ),
        ("textual",),
    ),
    "nxtui.ways_out": Room(("daemon.wire", "nxtui.acts", "nxtui.app", "nxtui.faults", "nxtui.terminal"), ("textual",)),
    "nxtui.captive": Room(
        (
            "daemon.cli", "daemon.wire", "nxtui.acts", "nxtui.app", "nxtui.faults", "nxtui.keys", "nxtui.main",
            "nxtui.preferences", "nxtui.terminal",
        ),
        ("click", "pydantic", "textual", "yaml"),
    ),
    "nxtui.main": Room(
        (
            "daemon.client", "nxtui.acts", "nxtui.app", "nxtui.faults", "nxtui.model", "nxtui.preferences",
            "nxtui.terminal",
        ),
        ("textual", "yaml"),
    ),
}  # fmt: skip
"""Each room with its rule. A name that ends in ``.*`` stands for each package there; the longest name that fits a
module is its room."""


STANDARD: dict[str, tuple[str, ...]] = {
    "socket": (
        "daemon.api", "daemon.client", "daemon.demo", "daemon.host", "daemon.service", "daemon.sim", "pxe",
    ),
    "ssl": ("daemon.drivers", "daemon.host.ports", "daemon.secrets.certificate", "daemon.sim", "pxe.handshakes"),
    "http": (),
    "urllib.request": (),
    "subprocess": ("daemon.cli.simulating", "daemon.demo", "nxtui.terminal"),
    "multiprocessing": (),
    "signal": ("daemon.cli", "daemon.demo", "daemon.faultpoints", "daemon.service", "nxtui.captive.session",
               "nxtui.terminal"),
    "threading": (
        "daemon.cli.patience", "daemon.drivers", "daemon.faultpoints", "daemon.store.writer", "nxtui.terminal", "pxe",
    ),
    "concurrent": ("daemon.disks", "daemon.drivers", "daemon.platforms", "pxe"),
    "ctypes": ("daemon.host", "nxtui.captive.session"),
    "fcntl": ("daemon.host", "daemon.images", "daemon.store.locker"),
    "tempfile": ("daemon.sim.nutanix",),
    "shutil": ("daemon.images",),
    "os": (
        "daemon.cli", "daemon.client", "daemon.demo", "daemon.display", "daemon.drivers", "daemon.engine.crashes",
        "daemon.faultpoints", "daemon.host", "daemon.images", "daemon.secrets", "daemon.service", "daemon.settings",
        "daemon.store.locker", "nxtui", "pxe",
    ),
    "time": ("daemon.cli", "daemon.clock", "daemon.demo", "daemon.drivers.call_log", "nxtui"),
    "random": ("daemon.clock",),
    "secrets": ("daemon.clock", "daemon.demo", "nxtui"),
    "uuid": ("daemon.cli.verbs", "daemon.clock"),
}  # fmt: skip
"""What of Python's own library belongs to few: processes, sockets, threads, files, time and chance."""

FUNCTIONS: dict[str, tuple[str, ...]] = {
    "asyncio.create_subprocess_exec": (),
    "asyncio.create_subprocess_shell": (),
    "asyncio.open_connection": ("daemon.drivers",),
    "asyncio.open_unix_connection": ("daemon.client", "daemon.sim.machines.serial_line"),
    "asyncio.start_server": (),
    "asyncio.start_unix_server": (),
    "open": ("daemon.cli", "daemon.display", "daemon.engine.crashes", "daemon.host", "daemon.images"),
}
"""Functions of what everybody may import that belong to few: processes, sockets and files again."""

DRIVER_TOOLS = ("answers", "call_log", "http", "rates", "websockets")
"""What every driver may use; beside it, a driver knows what begins with its own word."""

COMPUTED = ("daemon.cli", "daemon.drivers.ibm_sdk", "daemon.platforms", "daemon.platforms.modules")
"""Modules that import by a name which does not stand in them: the command that is asked for, an SDK without all of its
parts, and what the manifest of a platform names."""

LIGHT: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "manifest": (
        frozenset({"daemon.errors", "daemon.platforms.manifest", "daemon.settings", "daemon.spec", "daemon.words",
                   "state_machines"}),
        frozenset({"msgspec", "yaml"}),
    ),
    "spec": (
        frozenset({"daemon.disks", "daemon.display", "daemon.errors", "daemon.secrets", "daemon.spec", "daemon.wire",
                   "daemon.words", "pxe", "state_machines"}),
        frozenset({"cryptography", "msgspec", "pydantic", "pydantic_core", "yaml"}),
    ),
}  # fmt: skip
"""What a platform's manifest and its spec may reach, by whatever way round: rooms, and what is installed. A table of a
driver's codes may be reached too."""


def room_of(name: str) -> str | None:
    """The room that a module stands in: the longest of the names; None when there is none for it."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        whole = ".".join(parts[:length])
        if whole in HOUSE_RULES:
            return whole
        star = ".".join((*parts[: length - 1], "*"))
        if star in HOUSE_RULES and length < len(parts):
            return whole
    return None


def star_of(name: str) -> str:
    """The rule of the packages beside which a module stands."""
    return ".".join((*name.split(".")[:2], "*"))


def rule_of(room: str) -> Room:
    return HOUSE_RULES.get(room) or HOUSE_RULES[room.rpartition(".")[0] + ".*"]
