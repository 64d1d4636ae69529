"""What a spec needs, looked up now: what failed first, then what nobody knows; what passed is folded."""

from __future__ import annotations

import shlex
from pathlib import Path

from textual import work

from daemon import wire
from daemon.client import DaemonRefused, DaemonUnreachable
from daemon.display.encodings import NotText, text_in
from daemon.wire import CheckView, EntityView
from nxtui import keys
from nxtui.draw import looks
from nxtui.draw.text import Line
from nxtui.model.known import Changes
from nxtui.model.trail import Place
from nxtui.screens.page_screen import ANOTHER, HeadedScreen, PageScreen


class ChecksScreen(HeadedScreen, PageScreen):
    """Looks once when it opens, and again when a person asks. ``file`` holds the spec; without it, that of the cluster
    in force is looked at."""

    screen_name = "checks"
    BINDINGS = keys.bindings("checks")

    def __init__(self, name: str, file: Path | None = None) -> None:
        super().__init__()
        self.name_of = name
        self.file = file
        self.found: list[CheckView] = []
        self._unfolded = False
        self._said = "Looking…"
        self._took: float | None = None

    def on_mount(self) -> None:
        self.look()

    def crumbs(self) -> tuple[str, ...]:
        return (self.name_of, "preflight")

    def place(self) -> Place:
        return Place("checks", str(self.file) if self.file is not None else self.name_of)

    def pointed(self) -> EntityView | None:
        return self.nx.fleet.clusters.get(self.name_of)

    def targets(self) -> list[EntityView]:
        return [entity] if (entity := self.pointed()) is not None else []

    def changed(self, changes: Changes) -> None:
        if self.is_of_another():
            self.found, self._said, self._took = [], ANOTHER, None
            self._redraw()
        self.redraw_frame()

    def action_look_again(self) -> None:
        """Everything is looked up once more."""
        self.look()

    @work(exclusive=True, group="checks")
    async def look(self) -> None:
        """Let the daemon look, however long that takes."""
        self.found, self._said, self._took = [], "Looking…", None
        self._redraw()
        began = self.nx.fleet.moment
        try:
            self.found, self._said = await self._looked(), ""
        except (NotText, OSError) as cause:
            self._said = f"The spec cannot be read ({getattr(cause, 'strerror', None) or cause})."
        except DaemonUnreachable as cause:
            self._said = str(cause)
        except DaemonRefused as refused:
            self._said = f"{refused.error['message']} {refused.error['remedy']}".strip()
        self._took = self.nx.fleet.moment - began
        self._redraw()

    async def _looked(self) -> list[CheckView]:
        if self.file is not None:
            text = text_in(self.file, wire.SPEC_LIMIT, "specs")
        else:
            text = (await self.nx.feed.client.spec(self.name_of))["spec"]
        return await self.nx.feed.patient.preflight(text)

    def _head_line(self, width: int) -> Line:
        if self._said:
            return [(f" {self._said}", "attention")]
        took = "" if self._took is None else f"   {self._took:.1f} s"
        bad = any(check["result"] == "failed" for check in self.found)
        sums = looks.check_sums(self.found, self.nx.renderer.glyphs.dot)
        return [(f" {sums}", "failed-strong" if bad else "strong"), (took, "dim")]

    def _lines(self, width: int) -> list[Line]:
        return looks.checks(self.found, self._unfolded, width, self.nx.renderer.glyphs)

    def go_in(self) -> None:
        """Each of those that passed."""
        self._unfolded = True
        self._redraw()

    def go_out(self) -> None:
        """Those that passed in one paragraph; then back."""
        if self._unfolded:
            self._unfolded = False
            self._redraw()
        else:
            self.nx.close_screen(self)

    def copied_text(self) -> str:
        return "\n".join(
            f"{one['result']}\t{one['name']}\t{one['detail']}\t{one['remedy']}" for one in self.found
        )

    def action_copy_command(self) -> None:
        """Copy the command that looks the same up."""
        if self.file is not None:
            self.copy_text(f"nxd preflight {shlex.quote(str(self.file))}")
        else:
            self.copy_text(f"nxd spec {shlex.quote(self.name_of)} | nxd preflight -")
