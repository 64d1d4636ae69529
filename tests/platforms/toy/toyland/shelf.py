"""How to speak to the shelf: plain HTTP with JSON. Every method raises OutsideError."""

from __future__ import annotations

from typing import Any

import msgspec

from daemon.drivers.call_log import logged
from daemon.drivers.http import AnswerLost, Line, NotDelivered
from daemon.errors.tree import OutsideError
from toyland.errors import WRONG_KEY

CODES = {409: "name_taken", 429: "rate_limited"}


class Shelf:
    """The shelf at a URL."""

    def __init__(self, url: str) -> None:
        self._url, self._line = url, Line(8)

    async def _ask(self, method: str, path: str, body: Any = None, key: str = "") -> Any:
        with logged("shelf", f"{method} {path}"):
            return await self._answer(method, path, body, key)

    async def _answer(self, method: str, path: str, body: Any, key: str) -> Any:
        what = f"{method} {path}"
        content = None if body is None else msgspec.json.encode(body)
        headers = {"X-Key": key} if body is None else {"X-Key": key, "Content-Type": "application/json"}
        try:
            answer = await self._line.ask(method, self._url + path, headers, content, connect=5, read=5)
        except NotDelivered as error:
            raise OutsideError("unreachable", f"{what}: no connection.", evidence=str(error)) from error
        except AnswerLost as error:
            raise OutsideError("in_doubt", f"{what}: the answer was lost.", evidence=str(error)) from error
        if answer.status == 404:
            return None
        if answer.status == 401:
            said = f"{what}: the key was refused."
            raise OutsideError(WRONG_KEY, said, evidence=answer.text, status=401)
        if answer.status >= 300:
            code = CODES.get(answer.status, "unavailable" if answer.status >= 500 else "bad_request")
            raise OutsideError(code, f"{what}: refused.", evidence=answer.text, status=answer.status)
        return msgspec.json.decode(answer.content) if answer.content else None

    async def boxes(self) -> list[Any]:
        """Every box on the shelf."""
        return list(await self._ask("GET", "/boxes"))

    async def box(self, id_: str) -> Any:
        """The box, or None."""
        return await self._ask("GET", f"/boxes/{id_}")

    async def put(self, name: str, colour: str, mac: str, boot: str, key: str) -> Any:
        """A new box, which fetches its script at the URL ``boot``; a name can be there once."""
        return await self._ask(
            "POST", "/boxes", {"name": name, "colour": colour, "mac": mac, "boot": boot}, key
        )

    async def switch(self, id_: str, state: str, key: str) -> None:
        """Order the box on or off; it heeds that a little later."""
        await self._ask("POST", f"/boxes/{id_}/power", {"state": state}, key)

    async def blink(self, id_: str, key: str) -> None:
        """Let the lamp of the box blink once."""
        await self._ask("POST", f"/boxes/{id_}/blink", {}, key)

    async def remove(self, id_: str, key: str) -> None:
        """Take the box away."""
        await self._ask("DELETE", f"/boxes/{id_}", key=key)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._line.close()
