"""The keys of a replay, which every full screen has; elsewhere they say that nothing is played back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from textual.screen import Screen

from daemon.words import first_of
from nxtui.model.times import clock

if TYPE_CHECKING:
    from nxtui.app import NxTui
    from nxtui.model.player import Player


class Playing(Screen[None]):
    """What plays, stops and jumps; two of the keys go out of and into what is looked at where nothing is played."""

    @property
    def nx(self) -> NxTui:
        """The app, as what it is."""
        return cast("NxTui", self.app)

    # a replay has keys of its own; elsewhere they say so

    def _play(self, does: Callable[[Player], object]) -> None:
        if self.nx.player is None:
            self.nx.say("This is no replay: R plays back what was.")
            return
        does(self.nx.player)
        self.nx.tick()

    def action_play(self) -> None:
        """Let the recorded time pass, or stop it."""
        self._play(lambda player: player.toggle())

    def action_rewind(self) -> None:
        """Back in time, or out of what is looked at."""
        if self.nx.player is not None:
            self._play(lambda player: player.jump(-1))
        else:
            self.go_out()

    def action_forward(self) -> None:
        """On in time, or into what is looked at."""
        if self.nx.player is not None:
            self._play(lambda player: player.jump(1))
        else:
            self.go_in()

    def go_out(self) -> None:
        """What lies around what is looked at."""
        raise NotImplementedError

    def go_in(self) -> None:
        """What lies within what is looked at."""

    def action_slower(self) -> None:
        """Half the speed."""
        self._play(lambda player: player.pace(0.5))

    def action_faster(self) -> None:
        """Twice the speed."""
        self._play(lambda player: player.pace(2.0))

    def action_replay_next(self) -> None:
        """A little before the next failure, try anew or end, and slowly through it."""
        self._to_mark(1)

    def action_replay_prev(self) -> None:
        """The same backwards."""
        self._to_mark(-1)

    def _to_mark(self, by: int) -> None:
        def go(player: Player) -> None:
            mark = player.to_mark(by)
            if mark is None:
                self.nx.say("There is no mark after this." if by > 0 else "There is no mark before this.")
            else:
                self.nx.say(f"{clock(mark.time)} {mark.kind}: {first_of(mark.names, 4)}", about=mark.names[0])

        self._play(go)

    def action_skip_quiet(self) -> None:
        """Jump over stretches in which nothing was told, or show all of the time."""

        def skip(player: Player) -> None:
            player.skips = not player.skips
            if player.skips:
                player.skip_quiet()
            self.nx.say("Quiet time is skipped." if player.skips else "Quiet time is played.")

        self._play(skip)

    def action_first(self) -> None:
        """To the beginning of the recording."""
        self._play(lambda player: player.seek(player.recording.start))

    def action_last(self) -> None:
        """To its end."""
        self._play(lambda player: player.seek(player.recording.end))
