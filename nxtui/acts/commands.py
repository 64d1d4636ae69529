"""What ``:`` offers: every action of the screen, and everything that two words can say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from daemon.wire import PHASES, EntityView
from nxtui import keys
from nxtui.acts.verbs import AT_A_STEP, MANNERS
from nxtui.draw.themes import THEMES
from nxtui.model import sieve
from nxtui.model.listing import SORTS
from nxtui.screens.room import Room

if TYPE_CHECKING:
    from nxtui.app import NxTui
    from nxtui.screens.fleet import FleetScreen
    from nxtui.screens.log import LogScreen


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

    @property
    def _room(self) -> keys.Room:
        return self.screen.room if isinstance(self.screen, Room) else "fleet"

    def _commands(self) -> Iterator[Command]:
        entities = [*self._nx.fleet.nodes.values(), *self._nx.fleet.clusters.values()]
        yield from self._verbs(entities)
        yield from self._places(entities)
        yield from self._of_the_screen()
        if self._room == "fleet":
            yield from self._of_the_fleet()
        elif self._room == "log":
            yield from self._of_the_log()
        for theme in THEMES:
            name = theme.name.removeprefix("nxd-")
            yield Command(f"theme {name}", "Colours.", partial(self._nx.use_theme, theme.name))

    def _verbs(self, entities: list[EntityView]) -> Iterator[Command]:
        act = self._nx.errands.act_on
        for entity in entities:
            name = entity["name"]
            for verb, told in verbs_on(entity):
                yield Command(f"{verb} {name}", told, partial(act, verb, name))
                if verb in AT_A_STEP:
                    word = "from" if verb == "retry" else "after"
                    told = "At a step of your choice." if entity["can"][verb] is None else told
                    yield Command(f"{verb} {name} {word}", told, partial(act, verb, name, True))

    def _places(self, entities: list[EntityView]) -> Iterator[Command]:
        nx = self._nx
        for entity in entities:
            name = entity["name"]
            yield Command(f"show {name}", "Timeline, objects and log.", partial(nx.open_entity, name))
            yield Command(f"logs {name}", "Its log on the whole screen.", partial(nx.open_log, name))
        yield Command("logs all", "The log of everything.", partial(nx.open_log, None))

    def _of_the_fleet(self) -> Iterator[Command]:
        screen = cast("FleetScreen", self.screen)
        for order in SORTS:
            yield Command(f"sort {order}", "Again turns it round.", partial(screen.sort_by, order))
        for phase in PHASES:
            only = partial(screen.filter_by, f"phase:{phase}")
            yield Command(f"only {phase}", "Nodes in this phase.", only)
        for name in self._nx.fleet.clusters:
            yield Command(f"only {name}", "Nodes of it.", partial(screen.filter_by, f"cluster:{name}"))
        yield Command("export csv", "The rows as a table.", partial(screen.export, "csv"))
        yield Command("export json", "The rows as the daemon told them.", partial(screen.export, "json"))

    def _of_the_log(self) -> Iterator[Command]:
        screen = cast("LogScreen", self.screen)
        for level in ("warning,error", "error"):
            yield Command(f"only {level}", "Lines of it.", partial(screen.sift, f"level:{level}"))
        for kind in ("transition", "verb", "call", "boot", "log", "error", "note"):
            yield Command(f"only {kind}", "Lines of this kind.", partial(screen.sift, f"kind:{kind}"))
        for name in self._nx.fleet.nodes:
            yield Command(f"only {name}", "Its lines.", partial(screen.sift, f"node:{name}"))
        yield Command(
            "only everything", f"No filter. Fields: {', '.join(sieve.FIELDS)}", partial(screen.sift, "")
        )

    def _of_the_screen(self) -> Iterator[Command]:
        for action in self._nx.actions_of(self._room):
            if action.verb is None and action.group != "Move" and action.id != "palette":
                run = partial(self.screen.run_action, action.binding)
                yield Command(action.label, f"{action.help} ({action.shown_key})", run)

    async def discover(self) -> Hits:
        """What stands there before anything is typed: the actions of this screen."""
        for command in self._of_the_screen():
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
