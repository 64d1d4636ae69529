"""Where the worlds of the chaos tests stand: each on networks of its own."""

from __future__ import annotations

from collections.abc import Iterable

from daemon.demo.stage import Rehearsal, Stage, StageError


def set_up(stage: Stage, rehearsals: Iterable[Rehearsal]) -> None:
    """Start the first of these whose networks no other world has."""
    for rehearsal in rehearsals:
        try:
            stage.set_up(rehearsal)
            return
        except StageError as error:
            if "in use" not in str(error):
                raise
    raise StageError("Every network is in use.")
