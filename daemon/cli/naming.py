"""Completes the names of nodes and clusters in a shell: the daemon knows them, and is not waited for long."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from daemon.cli.ending import find_socket
from daemon.wire import EntityView

if TYPE_CHECKING:
    from daemon.client import AsyncClient

Answer = TypeVar("Answer")

PATIENCE = 1.0
"""Seconds after which a shell is told no names rather than kept waiting."""
MOST = 500
"""So many names are offered: more help nobody to choose."""


def known_names(ctx: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The nodes and clusters whose name begins like this; none if no daemon answers in time."""
    return _offered(ctx, begun, lambda one: True)


def known_clusters(ctx: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The clusters alone."""
    return _offered(ctx, begun, lambda one: one["kind"] == "cluster")


def with_login(ctx: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The clusters for which their platform makes passwords."""
    return _offered(ctx, begun, lambda one: one.get("login", False))


def with_console(ctx: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The nodes whose platform opens consoles."""
    return _offered(ctx, begun, lambda one: one.get("console", False))


def with_verb(verb: str) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """Those that have a verb, whether it is legal now or not."""
    return lambda ctx, parameter, begun: _offered(ctx, begun, lambda one: verb in one["can"])


def offered_commands(ctx: click.Context, usual: Iterable[str], brought: set[str]) -> list[str]:
    """The usual commands, without those that no platform has here of what platforms bring, and with those that only
    these platforms have; the usual ones where no daemon answers in time."""
    try:
        told = _asked(ctx, lambda client: client.verbs())
    except Exception:  # a shell that completes has no room for any trouble
        return list(usual)
    verbs = [verb["name"] for kinds in told["verbs"].values() for kind in kinds.values() for verb in kind]
    found = {*verbs, *(name for names in told["commands"].values() for name in names)}
    kept = [name for name in usual if name in found or name not in brought]
    return [*kept, *(name for name in dict.fromkeys(verbs) if name not in kept)]


def known_images(ctx: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The boot images in the list, for which no daemon is asked."""
    from daemon.images.folder import stored
    from daemon.settings.reading import find_config, load_settings

    try:
        config = find_config(ctx.find_root().params.get("config"), os.environ)
        found = stored(load_settings(config, os.environ).images_dir)
    except Exception:  # a shell that completes has no room for any trouble
        return []
    fitting = [one for one in found if one.name.startswith(begun) and one.state != "unlisted"]
    return [CompletionItem(one.name, help=one.state) for one in fitting[:MOST]]


def named(ctx: click.Context, parameter: click.Parameter, given: Any) -> Any:
    """The names or ids as they were given; an empty one is a variable of a script that was never set."""
    every = given if isinstance(given, tuple) else (given,)
    if any(one is not None and not one.strip() for one in every):
        raise click.BadParameter("It is empty: say which one is meant.", ctx, parameter)
    return given


def _offered(ctx: click.Context, begun: str, is_meant: Callable[[EntityView], bool]) -> list[CompletionItem]:
    try:
        snapshot = _asked(ctx, lambda client: client.snapshot())
    except Exception:  # a shell that completes has no room for any trouble
        return []
    entities = [*snapshot["clusters"], *snapshot["nodes"]]
    fitting = [one for one in entities if one["name"].startswith(begun) and is_meant(one)]
    return [CompletionItem(one["name"], help=one["title"]) for one in fitting[:MOST]]


def _asked(ctx: click.Context, call: Callable[[AsyncClient], Awaitable[Answer]]) -> Answer:
    """What the daemon answers, if it does so in time."""
    import asyncio  # takes long to import, and a command that completes nothing does without

    from daemon.client import AsyncClient

    given = ctx.find_root().params
    socket = find_socket({"socket": given.get("socket"), "config": given.get("config")})

    async def ask() -> Answer:
        async with asyncio.timeout(PATIENCE):
            return await call(AsyncClient(socket, PATIENCE))

    return asyncio.run(ask())


SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS), required=False)
@click.pass_context
def completion(ctx: click.Context, /, shell: str | None) -> None:
    """Print what makes a shell complete commands, options and the names of nodes and clusters.

    bash: nxd completion bash > /etc/bash_completion.d/nxd. zsh: nxd completion zsh > a file _nxd in $fpath.
    fish: nxd completion fish > ~/.config/fish/completions/nxd.fish.
    """
    from click.shell_completion import ShellComplete, get_completion_class

    shell = shell or os.path.basename(os.environ.get("SHELL", ""))
    kind = get_completion_class(shell) if shell in SHELLS else None
    if kind is None:
        raise click.UsageError(f"Name the shell: {', '.join(SHELLS)}.")
    print(ShellComplete.source(kind(ctx.find_root().command, {}, "nxd", "_NXD_COMPLETE")))
