"""A draft where no file is written: its text is with the daemon and in this window, and is edited here."""

from __future__ import annotations

from pathlib import Path

from nxtui.model.trail import Place
from nxtui.screens.editor import EditorScreen
from nxtui.screens.spec import SpecScreen


class DraftScreen(SpecScreen):
    """Checked, kept and planned as a file is; what is edited is the text of this window."""

    def __init__(self, cluster: str, text: str) -> None:
        super().__init__(Path(f"{cluster}.yaml"), cluster, text)
        self._here = text

    def on_unmount(self) -> None:
        """Nothing is left of it here."""

    def place(self) -> Place:
        return Place("applied", self.draft)

    def _stamp(self) -> None:
        """No file to be looked at again."""

    def _read(self) -> str:
        return self._here

    @property
    def _named(self) -> str:
        return f"draft of {self.draft}"

    @property
    def _kept_where(self) -> str:
        return "this window"

    def action_edit(self) -> None:
        """Edit the text, at the first mistake that can be seen."""
        self.nx.questions.begin(self._edit())

    async def _edit(self) -> None:
        line, column = self._place() or (1, 1)
        editor = EditorScreen(self.nx.renderer, self._named, self._here, line - 1, column - 1)
        text = await self.nx.questions.ask(editor)
        if text is not None:
            self._here = text
            self.action_reread()

    def action_checks(self) -> None:
        """Looked up with the plan: there is no file that another screen could read."""
        self.nx.say("Enter looks up everything that it needs, beside its plan.")
