"""The story beside the rows of a wide screen: asked for once the cursor rests, and anew when the row changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import work

from daemon.wire import Detail, EntityView, OfferView
from nxtui import keys
from nxtui.acts import band
from nxtui.draw import pane
from nxtui.draw.band import BandRow
from nxtui.draw.text import Line
from nxtui.model.known import Changes
from nxtui.widgets.page import Page

if TYPE_CHECKING:
    from nxtui.app import NxTui


class StoryPane(Page):
    """The row under the cursor in full. ``offer``: what the verb that leads on from a failure would come to, as far as
    that is known."""

    def __init__(
        self,
        nx: NxTui,
        selected: Callable[[], EntityView | None],
        offer: Callable[[EntityView], OfferView | None],
    ) -> None:
        super().__init__(nx.renderer, self._made, ground="panel", id="pane")
        self._nx = nx
        self._selected = selected
        self._offer = offer
        self._detail: Detail | None = None
        self._asked: EntityView | None = None
        """As what the row was asked for last."""

    def heed(self, changes: Changes) -> None:
        """Another daemon may answer: what is known is asked for again."""
        if changes.whole:
            self._asked = None

    def follow(self) -> None:
        """The cursor may stand on another row, or the row have changed."""
        entity = self._selected()
        if self.display and entity is not None and entity is not self._asked:
            self._asked = entity
            self._fetch(entity["name"])

    @work(exclusive=True, group="pane")
    async def _fetch(self, name: str) -> None:
        """Get the boots of its machine and what it went through; what cannot be had stays absent."""
        from daemon.client import DaemonRefused, DaemonUnreachable

        try:
            self._detail = await (self._nx.player or self._nx.feed).detail(name)
        except (DaemonRefused, DaemonUnreachable, KeyError):
            return
        self.redraw()

    def _made(self, width: int) -> list[Line]:
        entity = self._selected()
        if entity is None:
            return []
        nx, fleet = self._nx, self._nx.fleet
        detail = self._detail
        if detail is not None and detail["entity"]["name"] != entity["name"]:
            detail = None
        offer = self._offer(entity)
        told = pane.Told(
            entity,
            cluster=fleet.clusters.get(entity["cluster"]),
            boots=[] if detail is None else detail.get("boots", []),
            stays=[] if detail is None else detail["timeline"],
            offers=None if offer is None else [offer],
            acts=self._acts(entity),
            is_protected=fleet.is_protected(entity),
            slow=fleet.history.slow(entity, fleet.now),
            usual=fleet.history.present(entity),
            at=fleet.history.title_of(entity),
        )
        return pane.pane(told, keys.band(nx.keymap.actions), fleet.now, width, nx.renderer.glyphs)

    def _acts(self, entity: EntityView) -> list[BandRow]:
        """The verbs that are legal for it now; none where this window can send none."""
        nx = self._nx
        if nx.player is not None or nx.sender.barred() is not None:
            return []
        rows = band.rows(nx.fleet, [entity], nx.keymap.actions, {})
        return [row for row in rows if row.able and row.verb and not row.at_step]
