"""Calls a person who looks elsewhere: a message, the bell and a desktop notification, each of which can be off."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from daemon.words import first_of
from nxtui.model.known import Changes
from nxtui.model.said import Level
from nxtui.terminal.control import notification

if TYPE_CHECKING:
    from nxtui.app import NxTui

_NAMED = 3
"""Names told one by one; more are counted."""


class Attention:
    """Tells what failed and which clusters are done, once for each batch of news."""

    def __init__(self, nx: NxTui) -> None:
        self._nx = nx

    def heed(self, changes: Changes) -> None:
        """Call for attention if the changes are worth it."""
        if changes.failed:
            self._call(*self._failed(changes.failed), "error", changes.failed[0])
        if changes.done:
            self._call(
                " ".join(["done:", listed(changes.done)]), "Every step is done.", "info", changes.done[0]
            )
        if changes.vanished:
            self._call(f"gone: {listed(changes.vanished)}", "Everything of it is deleted.", "info")

    def _failed(self, names: list[str]) -> tuple[str, str]:
        entity = self._nx.fleet.find(names[0]) if len(set(names)) == 1 else None
        error = entity["error"] if entity is not None else None
        said = error["message"] if error is not None else "The failed ones stand first in the list."
        return f"failed: {listed(names)}", said

    def _call(self, what: str, said: str, level: Level, about: str = "") -> None:
        nx, wanted = self._nx, self._nx.preferences
        environment = nx.fleet.daemon["environment"] if nx.fleet.daemon else "nxd"
        if wanted.news:
            nx.say(f"{what}. {said}", level, about, is_news=True)
        if wanted.bell:
            nx.bell()
        if wanted.desktop and (sequence := notification(f"nxd {environment}", f"{what}. {said}", os.environ)):
            nx.write_to_terminal(sequence)


def listed(names: list[str]) -> str:
    """``node01, node02``, each once; the first of them and a count where there are many."""
    return first_of(dict.fromkeys(names), _NAMED)
