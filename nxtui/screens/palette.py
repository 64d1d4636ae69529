"""Textual's palette of commands, which ends once and takes every key at any time."""

from __future__ import annotations

from textual.await_complete import AwaitComplete
from textual.command import CommandList, CommandPalette

from nxtui.faults import Unbroken

_PAGES = ("page_down", "page_up")


class Palette(Unbroken, CommandPalette):
    """What ``:`` opens."""

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Close, unless another screen is on top by now: Enter and Esc may both have been typed ahead."""
        if self.app.screen_stack[-1:] != [self]:
            return AwaitComplete()
        return super().dismiss(result)

    def _action_command_list(self, action: str) -> None:
        """A list that is not drawn has no pages."""
        if action not in _PAGES or self.query_one(CommandList).scrollable_content_region:
            super()._action_command_list(action)
