"""A full screen of rows with a cursor: the keys that move it are the same on each."""

from __future__ import annotations

from abc import abstractmethod

from nxtui.screens.full_screen import FullScreen


class RowScreen(FullScreen):
    """Moves a cursor row by row, page by page, and to both ends."""

    @property
    @abstractmethod
    def row_here(self) -> int:
        """The row of the cursor."""

    @property
    @abstractmethod
    def row_last(self) -> int:
        """The row to which the end leads."""

    @property
    @abstractmethod
    def rows_a_page(self) -> int:
        """How far a page leads; what is left of a small window is one row at least."""

    @abstractmethod
    def to_row(self, row: int) -> None:
        """Put the cursor there, or as near as there are rows."""

    def action_down(self) -> None:
        self.to_row(self.row_here + 1)

    def action_up(self) -> None:
        self.to_row(self.row_here - 1)

    def action_page_down(self) -> None:
        self.to_row(self.row_here + max(1, self.rows_a_page))

    def action_page_up(self) -> None:
        self.to_row(self.row_here - max(1, self.rows_a_page))

    def action_top(self) -> None:
        self.to_row(0)

    def action_bottom(self) -> None:
        self.to_row(self.row_last)
