"""What a platform says of itself before any of it is loaded: a manifest, made of tables and the standard library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from daemon.errors.tree import ErrorKind, Mend
from daemon.settings.kinds import Setting
from daemon.spec.names import EVERYWHERE, NameRule
from state_machines.objects import ObjectKind


@dataclass(frozen=True)
class Manifest:
    """One platform by its name, which a spec gives as ``platform``. ``tables``, ``spec`` and ``platform`` name what is
    imported when it is needed, and not before."""

    name: str
    title: str
    """What people call it."""
    tables: str
    """The module of its tables, with ``NODE`` and ``CLUSTER``."""
    spec: str
    """The module of its spec's model, ``MODEL``."""
    platform: str
    """The module that loads it: ``load(settings, clock)``."""
    boot: str = ""
    """The module of what its machines meet at the boot server, with ``BOOT``, a ``pxe.routes.BootTable``; none for a
    platform whose machines do not boot from it."""
    images: tuple[str, ...] = ()
    """The boot images that its machines start from."""
    objects: tuple[ObjectKind, ...] = ()
    """The kinds of its objects."""
    names: NameRule = EVERYWHERE
    """What it asks of the names of clusters and nodes, and of the environment."""
    errors: tuple[ErrorKind, ...] = ()
    """The codes of errors that only it has, each with what a person does."""
    remedies: Mapping[str, Mend] = field(default_factory=dict)
    """Code that all platforms share → what a person does first on this one, where the error says no more than its
    code; one about credentials is always among them. A change of the spec is told as one (``in_spec``)."""
    subjects: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Code of an error → the settings of the spec, by their dotted names, that it is about: all that fails with this
    code for the same is told as one cause. Of other codes it is what the error says."""
    settings: tuple[Setting, ...] = ()
    """Its own settings, which are required only while it is switched on."""
