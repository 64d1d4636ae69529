"""What ``:`` offers: every action of the screen, and everything that two words can say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from daemon.wire import PHASES, EntityView
from nxtui import keys
from nxtui.acts.casting import export_cast
from nxtui.draw.themes import THEMES
from nxtui.model import log_filter
from nxtui.model.known import Fleet
from nxtui.model.listing import SORTS
from nxtui.screens.full_screen import FullScreen

if TYPE_CHECKING:
    from nxtui.app import NxTui
    from nxtui.screens.fleet import FleetScreen
    from nxtui.screens.log import LogScreen


class PaletteCommand(NamedTuple):
    """A phrase, what it means, and what it does."""

    phrase: str
    help: str
    run: Callable[[], object]


def verbs_on(fleet: Fleet, entity: EntityView) -> Iterator[tuple[str, str, str | None]]:
    """Each verb the daemon names for the entity, with what it does or why it cannot be done now, and the word that goes
    before a step where it may name one."""
    for verb, why in entity["can"].items():
        told = fleet.verb(verb, entity)
        promise = told["promise"] if told else ""
        yield verb, promise if why is None else f"Not now: {why}", told["step"] if told else None


class FleetCommands(Provider):
    """Feeds Textual's palette from the table of actions and the names of the fleet."""

    @property
    def _nx(self) -> NxTui:
        return cast("NxTui", self.app)

    @property
    def _screen_name(self) -> keys.ScreenName:
        return self.screen.screen_name if isinstance(self.screen, FullScreen) else "fleet"

    def _run(self, command: PaletteCommand) -> object:
        """Do it, unless the screen that it was for is gone by now: a key that leaves it may have been typed ahead."""
        return command.run() if self.screen in self.app.screen_stack else None

    def _commands(self) -> Iterator[PaletteCommand]:
        entities = [*self._nx.fleet.nodes.values(), *self._nx.fleet.clusters.values()]
        yield from self._verbs(entities)
        yield from self._places(entities)
        yield from self._of_the_screen()
        if self._screen_name == "fleet":
            yield from self._of_the_fleet()
        elif self._screen_name == "log":
            yield from self._of_the_log()
        if self._nx.writes_files:
            export = "A stretch of a replay as a recording of this terminal (asciicast)."
            yield PaletteCommand("export cast", export, self._export_cast)
        for theme in THEMES:
            name = theme.name.removeprefix("nxd-")
            yield PaletteCommand(f"theme {name}", "Colours.", partial(self._nx.use_theme, theme.name))

    def _export_cast(self) -> None:
        self._nx.questions.begin(export_cast(self._nx))

    def _verbs(self, entities: list[EntityView]) -> Iterator[PaletteCommand]:
        act = self._nx.sender.act_on
        for entity in entities:
            name = entity["name"]
            for verb, told, word in verbs_on(self._nx.fleet, entity):
                yield PaletteCommand(f"{verb} {name}", told, partial(act, verb, name))
                if word:
                    told = "At a step of your choice." if entity["can"][verb] is None else told
                    yield PaletteCommand(f"{verb} {name} {word}", told, partial(act, verb, name, True))

    def _places(self, entities: list[EntityView]) -> Iterator[PaletteCommand]:
        nx = self._nx
        for entity in entities:
            name = entity["name"]
            yield PaletteCommand(f"show {name}", "Timeline, objects and log.", partial(nx.open_entity, name))
            yield PaletteCommand(f"logs {name}", "Its log on the whole screen.", partial(nx.open_log, name))
        yield PaletteCommand("logs all", "The log of everything.", partial(nx.open_log, None))

    def _of_the_fleet(self) -> Iterator[PaletteCommand]:
        screen = cast("FleetScreen", self.screen)
        for order in SORTS:
            yield PaletteCommand(f"sort {order}", "Again turns it round.", partial(screen.sort_by, order))
        for phase in PHASES:
            only = partial(screen.filter_by, f"phase:{phase}")
            yield PaletteCommand(f"only {phase}", "Nodes in this phase.", only)
        for name in self._nx.fleet.clusters:
            yield PaletteCommand(f"only {name}", "Nodes of it.", partial(screen.filter_by, f"cluster:{name}"))
        yield PaletteCommand("export csv", "The rows as a table.", partial(screen.export, "csv"))
        yield PaletteCommand(
            "export json", "The rows as the daemon told them.", partial(screen.export, "json")
        )

    def _of_the_log(self) -> Iterator[PaletteCommand]:
        screen = cast("LogScreen", self.screen)
        for level in ("warning,error", "error"):
            yield PaletteCommand(
                f"only {level}", "Lines of it.", partial(screen.filter_lines, f"level:{level}")
            )
        for kind in ("transition", "verb", "call", "boot", "log", "error", "note"):
            yield PaletteCommand(
                f"only {kind}", "Lines of this kind.", partial(screen.filter_lines, f"kind:{kind}")
            )
        for name in self._nx.fleet.nodes:
            yield PaletteCommand(f"only {name}", "Its lines.", partial(screen.filter_lines, f"node:{name}"))
        yield PaletteCommand(
            "only everything",
            f"No filter. Fields: {', '.join(log_filter.FIELDS)}",
            partial(screen.filter_lines, ""),
        )

    def _of_the_screen(self) -> Iterator[PaletteCommand]:
        for action in self._nx.actions_of(self._screen_name):
            if action.verb is None and action.group != "Move" and action.id != "palette":
                run = partial(self.screen.run_action, action.binding)
                yield PaletteCommand(action.label, f"{action.help} ({action.way})", run)

    async def discover(self) -> Hits:
        """What stands there before anything is typed: the actions of this screen."""
        for command in self._of_the_screen():
            yield DiscoveryHit(command.phrase, partial(self._run, command), help=command.help)

    async def search(self, query: str) -> Hits:
        """Everything whose phrase has the typed letters in it."""
        matcher = self.matcher(query)
        for command in self._commands():
            if (score := matcher.match(command.phrase)) > 0:
                yield Hit(
                    score,
                    matcher.highlight(command.phrase),
                    partial(self._run, command),
                    text=command.phrase,
                    help=command.help,
                )
