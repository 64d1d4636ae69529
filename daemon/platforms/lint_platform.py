"""Looks through a platform that is loaded: that everything its tables name is there to be run, and can be called."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from daemon.platforms.base import Platform
from daemon.platforms.lint_remedies import no_change_that_is_taken
from daemon.platforms.manifest import Manifest
from daemon.platforms.modules import looked
from state_machines.kind import Kind


def mistakes_of_loaded(manifest: Manifest, platform: object, parts: Mapping[str, Any]) -> list[str]:
    """What is wrong with a platform that was loaded, half a sentence each; ``parts`` are the others by their names."""
    if not isinstance(platform, Platform):
        return [f"load gives a {type(platform).__name__}, and not a Platform (daemon/platforms/base.py)"]

    return looked(
        lambda: (said for rule in RULES for said in rule(manifest, platform, parts)), manifest.platform
    )


def _its_tables_are_those_of_its_manifest(
    manifest: Manifest, platform: Platform, parts: Mapping[str, Any]
) -> Iterator[str]:
    for name in ("node", "cluster"):
        if getattr(platform, name, None) is not parts[name.upper()]:
            yield f"its {name} is not the {name.upper()} of {manifest.tables}: make it that"


def _every_step_and_stage_can_be_run(
    manifest: Manifest, platform: Platform, parts: Mapping[str, Any]
) -> Iterator[str]:
    kinds: list[Kind] = [parts["NODE"], parts["CLUSTER"]]
    steps = {step: f"the state {step} of {kind.name}" for kind in kinds for step in kind.steps}
    stages = {
        stage.name: f"the stage {stage.name} of a rollback of {kind.name}"
        for kind in kinds
        for stage in kind.undo
    }
    for held, wanted in (("steps", steps), ("undo", stages)):
        found = getattr(platform, held, None)
        if not isinstance(found, Mapping):
            yield f"its {held} is no mapping: give each name in the tables what runs there"
            continue
        for name, whose in wanted.items():
            if name not in found:
                yield f"its {held} has nothing that runs in {whose}: add {name}"
            elif not _takes(found[name], 1) or not _is_coroutine_function(found[name]):
                yield f"what runs in {whose} is no coroutine function that takes the context alone: write it so"
        for name in found.keys() - wanted.keys():
            yield f"its {held} has {name}, and {manifest.tables} nothing of this name: take it out, or name it there"


def _what_it_overrides_can_be_called_as_the_daemon_does(
    manifest: Manifest, platform: Platform, parts: Mapping[str, Any]
) -> Iterator[str]:
    for name, meant in vars(Platform).items():
        its = getattr(platform, name)
        if name.startswith("_") or not inspect.isfunction(meant) or getattr(type(platform), name) is meant:
            continue
        arguments = list(inspect.signature(meant).parameters)[1:]
        if not _takes(its, len(arguments)):
            yield f"its {name} does not take what the daemon gives it: {', '.join(arguments) or 'nothing'}"
        elif _is_coroutine_function(its) != inspect.iscoroutinefunction(meant):
            words = (
                "an async def" if inspect.iscoroutinefunction(meant) else "a plain def, for nobody awaits it"
            )
            yield f"its {name} has to be {words}"


def _what_belongs_together_is_there_together(
    manifest: Manifest, platform: Platform, parts: Mapping[str, Any]
) -> Iterator[str]:
    renews = any(verb.renews for verb in parts["NODE"].verbs.values())
    for name in ("replacement", "renewal"):
        if platform.has(name) != renews:
            yield f"its nodes have {'a' if renews else 'no'} verb that renews: it has to {_(renews)} {name}"
    if platform.has("guest") != bool(manifest.boot):
        yield f"its manifest names {'a' if manifest.boot else 'no'} boot: it has to {_(bool(manifest.boot))} guest"
    if platform.has("may_change") and not parts["CLUSTER"].leads("change"):
        yield f"it has may_change, and no state of the clusters in {manifest.tables} takes change: add the transition"
    if "MODEL" in parts and platform.has("climb") != ("climb_to" in parts["MODEL"].model_fields):
        yield "climb and the key climb_to of its spec belong together: it has only one of them"


def _(has: bool) -> str:
    return "have" if has else "leave out"


def _takes(call: Any, count: int) -> bool:
    """Whether something can be called with so many arguments; what does not tell is believed."""
    if not callable(call):
        return False
    try:
        inspect.signature(call).bind(*[None] * count)
    except ValueError:
        return True
    except TypeError:
        return False
    return True


def _is_coroutine_function(call: Any) -> bool:
    return inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(type(call).__call__)


RULES: tuple[Callable[[Manifest, Platform, Mapping[str, Any]], Iterator[str]], ...] = (
    _its_tables_are_those_of_its_manifest,
    _every_step_and_stage_can_be_run,
    _what_it_overrides_can_be_called_as_the_daemon_does,
    _what_belongs_together_is_there_together,
    no_change_that_is_taken,
)
