"""The platforms by name. Naming them imports none; loading one imports that one alone."""

from __future__ import annotations

from collections.abc import Collection
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daemon.clock import Clock
    from daemon.platforms.base import Platform
    from daemon.settings.reading import Settings
    from daemon.spec.reading import ClusterSpec

NAMES: tuple[str, ...] = ("ibm_nutanix",)
"""Every platform, as a spec names it."""


def load(name: str, settings: Settings, clock: Clock) -> Platform:
    """The platform of that name, ready to work. Raises KeyError."""
    if name not in NAMES:
        raise KeyError(name)
    platform: Platform = import_module(f"daemon.platforms.{name}.platform").load(settings, clock)
    return platform


def spec_model(name: str) -> type[ClusterSpec]:
    """What may stand in a spec of that platform; needs neither its steps nor its drivers."""
    model: type[ClusterSpec] = import_module(f"daemon.platforms.{name}.spec").MODEL
    return model


def work_states(name: str) -> Collection[str]:
    """The states of that platform, and the stages of a rollback, for which a spec may set a deadline."""
    tables = import_module(f"state_machines.{name}")
    undo = (stage.name for kind in (tables.NODE, tables.CLUSTER) for stage in kind.undo)
    return (*tables.NODE.steps, *tables.CLUSTER.steps, *undo)
