"""The handlers that tell of what was: the log, the calls, timelines, and the story of one record."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from daemon.api.answers import ASKED, json_answer
from daemon.api.views import Views, call_view, event_view
from daemon.engine.engine import Engine
from daemon.errors.tree import NxdError
from daemon.memory.journal import Journal
from daemon.outlook.boots import boots_of
from daemon.outlook.timelines import MOST
from daemon.requests.last_screens import last_screen
from daemon.requests.verbs import Verbs


class LookingBack:
    """Answers from the store, for who asks what was."""

    def __init__(self, journal: Journal, engine: Engine, verbs: Verbs, views: Views) -> None:
        self._journal = journal
        self._engine = engine
        self._verbs = verbs
        self._views = views

    async def log(self, request: web.Request) -> web.StreamResponse:
        said = request[ASKED]
        events = await self._journal.events(
            after=said.numbers["after"],
            limit=said.numbers["limit"],
            shard=said.texts.get("cluster"),
            record=said.texts.get("node"),
            tail=said.numbers["tail"] == 1,
        )
        shown = [event_view(event) for event in events]
        mirror = self._journal.mirror
        return json_answer({"events": shown, "revision": mirror.revision, "begins": mirror.begins})

    async def calls(self, request: web.Request) -> web.StreamResponse:
        numbers = request[ASKED].numbers
        bodies = numbers["bodies"] == 1
        found = await self._journal.calls_made(
            numbers["after"],
            numbers["limit"],
            request[ASKED].texts.get("target"),
            numbers["tail"] == 1,
            bodies,
        )
        return json_answer({"calls": [call_view(call, bodies) for call in found]})

    async def timelines(self, request: web.Request) -> web.StreamResponse:
        names = list(dict.fromkeys(filter(None, request[ASKED].needed("names").split(","))))
        if len(names) > MOST:
            raise NxdError("request", f"names: at most {MOST} at once, found {len(names)}.")
        records = self._journal.mirror.records
        found = [await self._views.timelines.of(records[name]) for name in names if name in records]
        return json_answer({"now": self._journal.clock.now(), "timelines": found})

    async def show(self, request: web.Request) -> web.StreamResponse:
        record = self._verbs.find(request.match_info["name"])
        role = self._engine.kind(record).role
        if not request.path.startswith(f"/v1/{role}s/"):
            raise NxdError("unknown", f"{record.name} is a {role}.")
        timeline = await self._views.timelines.told(record)
        detail: dict[str, Any] = {"entity": self._views.entity(record), "timeline": timeline}
        if boots := await boots_of(self._journal, record):
            detail["boots"] = boots
        screen = await last_screen(self._journal, record)
        return json_answer(detail if screen is None else {**detail, "screen": screen})
