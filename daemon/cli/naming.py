"""Completes the names of nodes and clusters in a shell: the daemon knows them, and is not waited for long."""

from __future__ import annotations

import os
from typing import Any

import click
from click.shell_completion import CompletionItem

from daemon.cli.ending import find_socket
from daemon.wire import EntityView

PATIENCE = 1.0
"""Seconds after which a shell is told no names rather than kept waiting."""
MOST = 500
"""So many names are offered: more help nobody to choose."""


def known_names(ctx: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The nodes and clusters whose name begins like this; none if no daemon answers in time."""
    return _offered(ctx, begun, ("cluster", "node"))


def known_nodes(ctx: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The nodes alone."""
    return _offered(ctx, begun, ("node",))


def known_clusters(ctx: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The clusters alone."""
    return _offered(ctx, begun, ("cluster",))


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


def _offered(ctx: click.Context, begun: str, kinds: tuple[str, ...]) -> list[CompletionItem]:
    import asyncio  # takes long to import, and a command that completes nothing does without

    try:
        entities = asyncio.run(_entities(ctx))
    except Exception:  # a shell that completes has no room for any trouble
        return []
    fitting = [one for one in entities if one["kind"] in kinds and one["name"].startswith(begun)]
    return [CompletionItem(one["name"], help=one["title"]) for one in fitting[:MOST]]


async def _entities(ctx: click.Context) -> list[EntityView]:
    from asyncio import timeout

    from daemon.client import AsyncClient

    given = ctx.find_root().params
    socket = find_socket({"socket": given.get("socket"), "config": given.get("config")})
    async with timeout(PATIENCE):
        snapshot = await AsyncClient(socket, PATIENCE).snapshot()
    return [*snapshot["clusters"], *snapshot["nodes"]]


SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS), required=False)
def completion(shell: str | None) -> None:
    """Print what makes a shell complete commands, options and the names of nodes and clusters.

    bash: nxd completion bash > /etc/bash_completion.d/nxd. zsh: nxd completion zsh > a file _nxd in $fpath.
    fish: nxd completion fish > ~/.config/fish/completions/nxd.fish.
    """
    from click.shell_completion import ShellComplete, get_completion_class

    from daemon.cli import nxd

    shell = shell or os.path.basename(os.environ.get("SHELL", ""))
    kind = get_completion_class(shell) if shell in SHELLS else None
    if kind is None:
        raise click.UsageError(f"Name the shell: {', '.join(SHELLS)}.")
    print(ShellComplete.source(kind(nxd, {}, "nxd", "_NXD_COMPLETE")))
