"""The handlers of drafts: specs that somebody writes and has not applied yet."""

from __future__ import annotations

from aiohttp import web

from daemon.api.answers import json_answer
from daemon.api.bodies import actor_of, body_of, text_of
from daemon.requests.drafts import Drafts


class DraftRequests:
    """Answers about drafts, by the name that each has."""

    def __init__(self, drafts: Drafts) -> None:
        self._drafts = drafts

    async def all(self, request: web.Request) -> web.StreamResponse:
        return json_answer({"drafts": self._drafts.all()})

    async def one(self, request: web.Request) -> web.StreamResponse:
        return json_answer(self._drafts.one(request.match_info["name"]))

    async def keep(self, request: web.Request) -> web.StreamResponse:
        body = await body_of(request, {"name", "spec"})
        kept = await self._drafts.keep(text_of(body, "name"), text_of(body, "spec"), actor_of(request))
        return json_answer(kept)

    async def drop(self, request: web.Request) -> web.StreamResponse:
        await self._drafts.drop(request.match_info["name"])
        return json_answer({"dropped": True})
