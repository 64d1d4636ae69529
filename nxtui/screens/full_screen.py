"""What every full screen has: the title, the banner of a lost link, what was said last, the keys, and verbs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.events import Key

from daemon.wire import EntityView
from nxtui import keys
from nxtui.acts.verbs import legality
from nxtui.draw import frame, said
from nxtui.draw.band import BandRow
from nxtui.draw.text import Line
from nxtui.model.known import Changes
from nxtui.model.trail import Place
from nxtui.screens.acting import Acting
from nxtui.screens.playing import Playing
from nxtui.terminal import clipboard
from nxtui.widgets.ask import AskLine
from nxtui.widgets.canvas import Canvas
from nxtui.widgets.footer import KEPT, PLACES, KeyLine, Offer
from nxtui.widgets.oneline import OneLine

if TYPE_CHECKING:
    from nxtui.widgets.scrub import ScrubLine

_SENDS = ("act", "confirm_spec")
"""Actions beside the verbs that need a daemon that may be changed."""


class FullScreen(Playing, Canvas):
    """A full screen. Subclasses say what is on it, what a verb would act on, and what a change touches."""

    screen_name: ClassVar[keys.ScreenName]
    AUTO_FOCUS = ""
    scrub: ScrubLine | None = None

    def compose(self) -> ComposeResult:
        renderer = self.nx.renderer
        self.top_line = OneLine(renderer, self._title_line, ground="panel", id="title")
        self.banner_line = OneLine(renderer, lambda width: frame.banner(self.nx.fleet, width), id="banner")
        self.said_line = OneLine(renderer, self._last_said, id="said")
        self.key_line = KeyLine(renderer, self.offers, PLACES if self.screen_name == "fleet" else ())
        self.acting = Acting(self)
        yield from (self.top_line, self.banner_line)
        yield from self.compose_body()
        if self.nx.player is not None:
            from nxtui.widgets.scrub import ScrubLine

            self.scrub = ScrubLine(renderer, self.nx.player)
            self.scrub_words = OneLine(renderer, self._scrub_words, "panel", id="scrub-words")
            yield from (self.scrub, self.scrub_words)
        yield from (self.said_line, self.key_line, self.acting.band)

    def compose_body(self) -> ComposeResult:
        """The widgets between the title and the keys."""
        raise NotImplementedError

    def crumbs(self) -> Sequence[str]:
        """Where this is, below the environment."""
        raise NotImplementedError

    def place(self) -> Place:
        """What this shows, as the trail remembers it."""
        return Place("fleet")

    def take_typed(self, event: Key) -> bool:
        """Whether a key belongs to the line that is typed into. That takes every sign it is sent: one that nothing took
        was sent before the line was open, in the same burst."""
        line = next((line for line in self.query(AskLine) if line.has_keys), None)
        if line is None or event.character is None or not event.is_printable:
            return False
        line.take(event.character)
        return True

    def targets(self) -> list[EntityView]:
        """What a verb would act on."""
        return []

    def hidden_marks(self) -> int:
        """How many marks a filter hides: what they are on is not meant."""
        return 0

    def pointed(self) -> EntityView | None:
        """The one entity that is looked at."""
        return None

    def changed(self, changes: Changes) -> None:
        """The daemon said something; redraw what is different."""
        raise NotImplementedError

    def share_out(self) -> None:
        """Share the height out again, where a screen does so itself: there is another line, or one less."""

    def no_lines(self) -> str:
        """What an empty log says."""
        fleet = self.nx.fleet
        said = f"What was said is {fleet.unknown}." if fleet.unknown else "No line yet."
        return said if fleet.daemon else ""

    def tick(self) -> None:
        """A second has passed."""

    def redraw_frame(self) -> None:
        """Title, banner, what was said last, and keys, as far as they differ."""
        self.top_line.redraw()
        is_told = not frame.is_empty(frame.banner(self.nx.fleet, self.size.width))
        if is_told != self.banner_line.display:
            self.banner_line.display = is_told
            self.share_out()
        if self.banner_line.display:
            self.banner_line.redraw()
        if self.scrub is not None:
            self.scrub.display, self.scrub_words.display = self.size.height >= 8, self.size.height >= 12
            self.scrub.redraw()
            self.scrub_words.redraw()
        self.said_line.redraw()
        self.key_line.redraw()
        self.acting.redraw()

    def on_mount(self) -> None:
        self.redraw_frame()

    def on_screen_suspend(self) -> None:
        self.acting.close()

    def on_screen_resume(self) -> None:
        self.changed(Changes(whole=True, log_replaced=True))
        self.redraw_frame()

    @cached_property
    def footer(self) -> tuple[keys.Action, ...]:
        """What the last line offers at most; neither the keys nor whether it is a replay change while it is open."""
        return keys.footer(self.screen_name, self.nx.player is not None, self.nx.keymap.actions)

    def _title_line(self, width: int) -> Line:
        return frame.title(
            self.nx.fleet,
            self.nx.renderer.glyphs,
            self.crumbs(),
            self.nx.mode,
            width,
            self.nx.preferences.accents,
        )

    def _scrub_words(self, width: int) -> Line:
        from nxtui.draw import scrub

        player, renderer = self.nx.player, self.nx.renderer
        if player is None:
            return []
        return scrub.words(player.marks, player.quiet, player.moment, width, renderer.glyphs, renderer.ascii)

    def _last_said(self, width: int) -> Line:
        fleet = self.nx.fleet
        next = None if fleet.unknown else fleet.next
        return said.one_line(self.nx.said, fleet.moment, width, self.nx.renderer.glyphs, next, fleet.now)

    def idle(self) -> frozenset[str]:
        """Actions of this screen that have nothing to do now."""
        return frozenset()

    def offers(self) -> list[Offer]:
        """The keys of the footer. A verb that the daemon does not say can be given to any of the targets now is not
        there; one that it says can is grey where this window cannot send it. Nor is there what has nothing to do."""
        stopped = self.nx.sender.barred()
        targets = self.targets()
        offers: list[Offer] = []
        idle = self.idle()
        for action in self.footer:
            if action.id in idle:
                continue
            if action.verb is None:
                offers.append((action, stopped is None or action.id not in _SENDS))
                continue
            if legality(action.verb, targets).able:
                offers.append((action, stopped is None))
        last = [offer for offer in offers if offer[0].id in KEPT]
        return [*(offer for offer in offers if offer not in last), *last]

    def action_verb(self, verb: str) -> None:
        """Ask for a verb on the targets."""
        self.nx.sender.act(verb, self.targets())

    def action_verb_at(self, verb: str) -> None:
        """Ask for a verb at a step that is to be chosen."""
        self.nx.sender.act(verb, self.targets(), at_step=True)

    def action_next_trouble(self) -> None:
        """To the next trouble of the fleet."""
        self.nx.following.next_trouble()

    def action_act(self) -> None:
        """Open the band of what may be done, or close it."""
        self.acting.toggle()

    def action_apply(self) -> None:
        """Choose a spec and show it."""
        if reason := self.nx.sender.barred():
            self.nx.say(f"apply: not now. {reason}", "warning")
        else:
            self.nx.choose_spec()

    def go_out(self) -> None:
        self.nx.close_screen(self)

    def action_replay(self) -> None:
        """Play back what is known; out of a replay, leave it."""
        if self.nx.player is not None:
            self.nx.replaying.end()
        else:
            self.nx.questions.begin(self.nx.replaying.begin())

    def action_copy(self) -> None:
        """Copy what the cursor is on."""
        self.copy_text(self.copied_text())

    def copy_text(self, text: str) -> None:
        """Put a text on the clipboard, and say what became of it."""
        if not text:
            return
        try:
            became = self.nx.copy(text)
        except clipboard.TooLong as cause:
            self.nx.say(str(cause), "warning")
        else:
            self.nx.say(became)

    def copied_text(self) -> str:
        """What ``y`` copies."""
        return ""

    def action_help(self) -> None:
        """Every key of this screen."""
        from nxtui.screens.help import HelpScreen

        self.app.push_screen(
            HelpScreen(self.nx.renderer, self.screen_name, self.nx.actions_of(self.screen_name))
        )

    def action_said(self) -> None:
        """All that this window said."""
        self.nx.open_said()

    def action_calls(self) -> None:
        """The calls of what is looked at, or everybody's."""
        entity = self.pointed()
        self.nx.go(Place("calls", None if entity is None else entity["name"]))

    def action_timeline(self) -> None:
        """What all went through, with the cursor on what is looked at."""
        entity = self.pointed()
        self.nx.go(Place("timeline", None if entity is None else entity["name"]))

    def action_log(self) -> None:
        """The log of what is looked at, or of everything."""
        entity = self.pointed()
        self.nx.open_log(None if entity is None else entity["name"])

    def _near(self, what: str) -> EntityView | None:
        """What is looked at, else the first cluster, to show ``what`` of it; it is said where there is none."""
        if self.nx.replaying.lacks(what):
            return None
        entity = self.pointed() or next(iter(self.nx.fleet.clusters.values()), None)
        if entity is None:
            self.nx.say("There is no cluster yet.")
        return entity

    def action_map(self) -> None:
        """A picture of the cluster of what is looked at, with the cursor on it."""
        if (one := self._near("map")) is not None:
            self.nx.go(Place("map", one["name"]))

    def action_applied(self) -> None:
        """The spec of the cluster of what is looked at."""
        if (one := self._near("spec")) is not None:
            self.nx.go(Place("applied", one["cluster"]))

    def action_checks(self) -> None:
        """A preflight of that spec."""
        if (one := self._near("preflight")) is not None:
            self.nx.go(Place("checks", one["cluster"]))

    def action_audit(self) -> None:
        """The clouds against the ledger."""
        if not self.nx.replaying.lacks("audit"):
            self.nx.go(Place("audit"))

    def band_rows(self) -> list[BandRow] | None:
        """What the band offers in place of verbs; None for those."""
        return None

    def action_theme(self) -> None:
        """The next theme."""
        self.nx.next_theme()

    def action_login(self) -> None:
        """Log in on an address of what is looked at."""
        entity = self.pointed()
        if entity is not None:
            self.nx.log_in(entity)

    def action_console(self) -> None:
        """The serial console of what is looked at."""
        entity = self.pointed()
        if entity is not None:
            self.nx.open_console(entity)

    def action_earlier(self) -> None:
        """The place before."""
        self.nx.following.walk(-1)

    def action_later(self) -> None:
        """The place after."""
        self.nx.following.walk(1)

    def action_back(self) -> None:
        """Leave this screen."""
        self.nx.close_screen(self)

    def action_quit(self) -> None:
        """Close the window; nothing else stops."""
        self.nx.leave()
