"""What asks something over a screen."""

from __future__ import annotations

from typing import Generic, TypeVar

from textual.screen import ModalScreen

from nxtui.faults import Unbroken

Answer = TypeVar("Answer")


class Dialog(Unbroken, ModalScreen[Answer], Generic[Answer]):
    """Ends once, with its answer: keys that were typed ahead reach one that has ended already."""

    def end(self, answer: Answer | None = None) -> None:
        """Close, unless another screen is on top by now."""
        if self.app.screen_stack[-1:] == [self]:
            self.dismiss(answer)
