"""Presses a server's power buttons, each again only after a growing pause: one that does not obey is asked rarely, and
told of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from daemon.errors.tree import OutsideError
from daemon.store.ops import Resource

AGAIN_AFTER = 60.0
"""Seconds after which a button is pressed once more; each further pause is twice as long."""
LONGEST_PAUSE = 600.0
PATIENCE = 4
"""How many times a button is pressed before a person's attention is asked for."""


async def press(
    row: Resource, button: str, status: str, call: Callable[[], Awaitable[None]], now: float
) -> dict[str, Any]:
    """Press a button of the server, if it was not pressed lately; what is to be kept with its row.

    A server that cannot do this in its status refuses (409): that is waited out like one that obeys slowly. Raises
    OutsideError for anything else.
    """
    before = row.data.get("pressed") or {}
    times = int(before.get("times", 0)) if before.get("button") == button else 0
    if times and now < float(before["at"]) + min(LONGEST_PAUSE, AGAIN_AFTER * 2.0 ** (times - 1)):
        return {"pressed": {**before, "status": status}}
    answer = ""
    try:
        await call()
    except OutsideError as error:
        if error.code != "conflict":
            raise
        answer = error.message
    pressed = {"button": button, "times": times + 1, "at": now, "status": status, "answer": answer}
    return {"pressed": pressed}


def told(row: Resource) -> str:
    """How a server that was asked stands; empty if it was not."""
    pressed = row.data.get("pressed")
    if not pressed:
        return ""
    count = "once" if pressed["times"] == 1 else f"{pressed['times']} times"
    said = f"it is {pressed['status']}; a {pressed['button']} was sent {count}"
    if pressed["answer"]:
        said += f", the last was refused: {pressed['answer'].rstrip('.')}"
    if is_stubborn(row):
        said += f". If it stays so, open a case with IBM Cloud that names the server {row.cloud_id}"
    return said


def is_stubborn(row: Resource) -> bool:
    """Whether the server was asked so often that a person should know."""
    return int((row.data.get("pressed") or {}).get("times", 0)) >= PATIENCE
