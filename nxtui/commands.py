"""What ``:`` offers: every action of the screen, and every verb with every name it may act on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from daemon.wire import EntityView
from nxtui import keys
from nxtui.screens.room import Room
from nxtui.themes import THEMES
from nxtui.verbs import MANNERS

if TYPE_CHECKING:
    from nxtui.app import NxTui


class Command(NamedTuple):
    """A phrase, what it means, and what it does."""

    phrase: str
    help: str
    run: Callable[[], object]


def verbs_on(entity: EntityView) -> Iterator[tuple[str, str]]:
    """Each verb the daemon names for the entity, with what it does or why it cannot be done now."""
    for verb, why in entity["can"].items():
        manner = MANNERS.get(verb)
        if manner is not None:
            yield verb, manner.promise if why is None else f"Not now: {why}"


class FleetCommands(Provider):
    """Feeds Textual's palette from the table of actions and the names of the fleet."""

    @property
    def _nx(self) -> NxTui:
        return cast("NxTui", self.app)

    def _commands(self) -> Iterator[Command]:
        nx, screen = self._nx, self.screen
        for entity in [*nx.fleet.nodes.values(), *nx.fleet.clusters.values()]:
            for verb, told in verbs_on(entity):
                yield Command(f"{verb} {entity['name']}", told, partial(nx.act_on, verb, entity["name"]))
        for entity in [*nx.fleet.nodes.values(), *nx.fleet.clusters.values()]:
            name = entity["name"]
            yield Command(f"show {name}", "Timeline, objects and log.", partial(nx.open_entity, name))
            yield Command(f"logs {name}", "Its log on the whole screen.", partial(nx.open_log, name))
        yield from self._of_the_screen(screen.room if isinstance(screen, Room) else "fleet")
        for theme in THEMES:
            yield Command(f"theme {theme.name}", "Colours.", partial(nx.use_theme, theme.name))

    def _of_the_screen(self, room: keys.Room) -> Iterator[Command]:
        for action in keys.in_room(room):
            if action.verb is None and action.group != "Move" and action.id != "palette":
                run = partial(self.screen.run_action, action.binding)
                yield Command(action.label, f"{action.help} ({action.shown_key})", run)

    async def discover(self) -> Hits:
        """What stands there before anything is typed: the actions of this screen."""
        screen = self.screen
        for command in self._of_the_screen(screen.room if isinstance(screen, Room) else "fleet"):
            yield DiscoveryHit(command.phrase, command.run, help=command.help)

    async def search(self, query: str) -> Hits:
        """Everything whose phrase has the typed letters in it."""
        matcher = self.matcher(query)
        for command in self._commands():
            if (score := matcher.match(command.phrase)) > 0:
                yield Hit(
                    score,
                    matcher.highlight(command.phrase),
                    command.run,
                    text=command.phrase,
                    help=command.help,
                )
