"""The socket API: HTTP with JSON on a Unix socket. ``docs/api.md`` describes it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from aiohttp import web

from daemon.api.answers import ASKED, json_answer
from daemon.api.bodies import actor_of, body_of, maybe_text, maybe_true, text_of
from daemon.api.console import ConsoleSockets
from daemon.api.drafts import DraftRequests
from daemon.api.looking_back import LookingBack
from daemon.api.parameters import asked, shortened
from daemon.api.stream import lines
from daemon.api.views import Views, problem_view
from daemon.engine.engine import Engine
from daemon.errors.tree import NxdError, StoreError
from daemon.memory.journal import WRITE_SECONDS, Journal
from daemon.platforms import spec_model, states
from daemon.requests.audit import Audit
from daemon.requests.consoles import ConsoleFailed, Consoles
from daemon.requests.drafts import Drafts
from daemon.requests.login import Login
from daemon.requests.offers import offers
from daemon.requests.specs import Specs
from daemon.requests.verbs import Verbs
from daemon.secrets.box import SecretBox
from daemon.store.base import Fenced

if TYPE_CHECKING:
    from daemon.spec.reading import ClusterSpec, SpecError

log = logging.getLogger("nxd.api")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_STATUS = {"unknown": 404, "refused": 409, "plan_changed": 409, "deletes": 409, "database": 503}
BODY_LIMIT = 4 * 1024 * 1024


class Api:
    """The handlers, with what they look at."""

    def __init__(
        self,
        journal: Journal,
        engine: Engine,
        verbs: Verbs,
        specs: Specs,
        views: Views,
        box: SecretBox,
        consoles: Consoles,
    ) -> None:
        self._journal = journal
        self._box = box
        self._engine = engine
        self._verbs = verbs
        self._login = Login(journal, engine, box)
        self._consoles = ConsoleSockets(consoles, box)
        self._audit = Audit(journal, engine)
        self._audited: dict[str, Any] = {"findings": []}
        """The answer to whoever audited last."""
        self._specs = specs
        self._views = views
        self._past = LookingBack(journal, engine, verbs, views)
        self._drafts = Drafts(journal, box)
        self._drafted = DraftRequests(self._drafts)
        self._reading = asyncio.Lock()

    def app(self) -> web.Application:
        """The application for an AppRunner."""
        app = web.Application(middlewares=[self._answer_errors], client_max_size=BODY_LIMIT)
        get, post, delete = (
            partial(one, expect_handler=self._go_on) for one in (web.get, web.post, web.delete)
        )
        app.add_routes(
            [
                get("/v1/snapshot", self.snapshot),
                get("/v1/events", self.events),
                get("/v1/log", self._past.log),
                get("/v1/calls", self._past.calls),
                get("/v1/timelines", self._past.timelines),
                get("/v1/nodes", self.nodes),
                get("/v1/clusters", self.clusters),
                get("/v1/steps", self.steps),
                get("/v1/verbs", self.verbs),
                get("/v1/offers", self.offers),
                get("/v1/troubles", self.troubles),
                get("/v1/nodes/{name}", self._past.show),
                get("/v1/clusters/{name}", self._past.show),
                get("/v1/nodes/{name}/console", self.console),
                get("/v1/clusters/{name}/login", self.login),
                get("/v1/clusters/{name}/map", self.map),
                post("/v1/plans", self.plan),
                post("/v1/specs", self.apply),
                get("/v1/specs/{name}", self.spec),
                get("/v1/drafts", self._drafted.all),
                post("/v1/drafts", self._drafted.keep),
                get("/v1/drafts/{name}", self._drafted.one),
                delete("/v1/drafts/{name}", self._drafted.drop),
                post("/v1/verbs", self.verb),
                post("/v1/preflights", self.preflight),
                get("/v1/audit", self.audit),
                get("/v1/audit/last", self.last_audit),
                post("/v1/audit/deletions", self.discard),
                get("/v1/healthz", self.health),
            ]
        )
        app.on_shutdown.append(self._let_go)
        return app

    async def _let_go(self, _: web.Application) -> None:
        """Nobody who listens is waited for when the daemon stops."""
        self._journal.bus.close()
        self._consoles.close()

    async def snapshot(self, request: web.Request) -> web.StreamResponse:
        return json_answer(self._views.snapshot())

    async def nodes(self, request: web.Request) -> web.StreamResponse:
        return json_answer(self._views.snapshot()["nodes"])

    async def clusters(self, request: web.Request) -> web.StreamResponse:
        return json_answer(self._views.snapshot()["clusters"])

    async def steps(self, request: web.Request) -> web.StreamResponse:
        return json_answer(self._views.steps())

    async def verbs(self, request: web.Request) -> web.StreamResponse:
        return json_answer(self._views.verbs())

    async def offers(self, request: web.Request) -> web.StreamResponse:
        return json_answer(offers(self._verbs, self._engine, request[ASKED].needed("target")))

    async def troubles(self, request: web.Request) -> web.StreamResponse:
        return json_answer(self._views.news.now())

    async def map(self, request: web.Request) -> web.StreamResponse:
        record = self._verbs.find(request.match_info["name"])
        if record.name != record.shard:
            raise NxdError("unknown", f"{record.name} is a node: the map is that of {record.shard}.")
        return json_answer(self._views.maps.of(record))

    async def login(self, request: web.Request) -> web.StreamResponse:
        return json_answer(
            await self._login.tell(self._verbs.find(request.match_info["name"]), actor_of(request))
        )

    async def console(self, request: web.Request) -> web.StreamResponse:
        record = self._verbs.find(request.match_info["name"])
        force = request[ASKED].numbers["force"] == 1
        return await self._consoles.serve(request, record, actor_of(request), force)

    async def events(self, request: web.Request) -> web.StreamResponse:
        numbers = request[ASKED].numbers
        after, first = numbers.get("after"), numbers.get("first")
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        try:
            async for line in lines(self._journal, self._views, self._journal.bus, after, first):
                await response.write(line)
        except ConnectionError:
            log.debug("reader_left")
        return response

    async def plan(self, request: web.Request) -> web.StreamResponse:
        body = await body_of(request, {"verb", "target", "step", "spec"})
        if "spec" in body:
            if len(body) > 1:
                raise NxdError("request", "A plan is that of a spec or that of a verb: give one of them.")
            return json_answer(await self._specs.plan(await self._spec(body)))
        step = maybe_text(body, "step")
        return json_answer(self._verbs.plan(text_of(body, "verb"), text_of(body, "target"), step))

    async def apply(self, request: web.Request) -> web.StreamResponse:
        body = await body_of(request, {"spec", "digest"})
        spec = await self._spec(body)
        changed = await self._specs.apply(spec, actor_of(request), maybe_text(body, "digest"))
        await self._drafts.drop_applied(spec.cluster, text_of(body, "spec"))
        answer = {"cluster": spec.cluster, "changed": changed, "revision": self._journal.mirror.revision}
        return json_answer(answer)

    async def spec(self, request: web.Request) -> web.StreamResponse:
        record = self._verbs.find(request.match_info["name"])
        if record.name != record.shard:
            raise NxdError("unknown", f"{record.name} is a node: the spec is that of {record.shard}.")
        return json_answer(await self._views.spec(record, self._drafts))

    async def verb(self, request: web.Request) -> web.StreamResponse:
        body = await body_of(request, {"verb", "target", "digest", "token", "step", "meant"})
        accepted = await self._verbs.give(
            text_of(body, "verb"),
            text_of(body, "target"),
            actor_of(request),
            maybe_text(body, "digest"),
            maybe_text(body, "token"),
            maybe_text(body, "step"),
            maybe_true(body, "meant"),
        )
        return json_answer(accepted)

    async def preflight(self, request: web.Request) -> web.StreamResponse:
        spec = await self._spec(await body_of(request, {"spec"}))
        checks = await self._specs.preflight(spec)
        return json_answer(self._box.known.value({"checks": [asdict(check) for check in checks]}))

    async def audit(self, request: web.Request) -> web.StreamResponse:
        clock = self._journal.clock
        began = clock.now()
        findings = await self._audit.findings()
        told = {"findings": [asdict(finding) for finding in findings], "agree": self._audit.agreed(findings)}
        self._audited = {**told, "looked": clock.now(), "seconds": round(clock.now() - began, 1)}
        return json_answer(self._audited)

    async def last_audit(self, request: web.Request) -> web.StreamResponse:
        return json_answer(self._audited)

    async def discard(self, request: web.Request) -> web.StreamResponse:
        body = await body_of(request, {"ids", "meant"})
        ids = body.get("ids")
        if not isinstance(ids, list) or not ids or not all(isinstance(one, str) for one in ids):
            raise NxdError("request", "ids must be a list of ids.")
        left = await self._audit.discard(ids, actor_of(request), maybe_true(body, "meant"))
        return json_answer({"left": [asdict(finding) for finding in left]})

    async def health(self, request: web.Request) -> web.StreamResponse:
        troubles = await self._journal.troubles(WRITE_SECONDS)
        problems = list(dict.fromkeys((*troubles, *self._engine.problems)))  # both may tell of one full disk
        problems = self._box.known.value(list(dict.fromkeys(problems)))
        answer = {"ok": not problems, "daemon": self._views.daemon, "problems": problems}
        return json_answer(answer)

    async def _spec(self, body: dict[str, Any]) -> ClusterSpec:
        """The spec in a request, read beside everything else that goes on, one at a time. Raises SpecRefused."""
        text = "" if body.get("spec") == "" else text_of(body, "spec")
        async with self._reading:
            return await asyncio.to_thread(self._read_spec, text)

    def _read_spec(self, text: str) -> ClusterSpec:
        from daemon.spec.reading import SpecError, UnknownPlatform, load_spec

        def model_for(name: str) -> type[ClusterSpec]:
            if name not in self._engine.platforms:
                raise UnknownPlatform(name, tuple(self._engine.platforms), self._engine.absence(name))
            return spec_model(name)

        try:
            return load_spec(text, "spec", model_for, states)
        except SpecError as error:
            raise SpecRefused(error) from error

    @web.middleware
    async def _answer_errors(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """What the handler answers, or its error as data, without the secrets that somebody outside quoted."""
        try:
            if request.match_info.http_exception is None:
                request[ASKED] = asked(request)
                if request.method in ("GET", "HEAD") and request.body_exists:
                    raise NxdError("request", f"{request.method} {request.path} takes no body.")
            return await handler(request)
        except Exception as error:
            status, body = _error(error, request)
            return json_answer(self._box.known.value(body), status=status)

    async def _go_on(self, request: web.Request) -> web.StreamResponse | None:
        """Who asks before he sends a body is told to send it; nothing else can be expected."""
        expected = request.headers["Expect"]
        if expected.lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.writer.output_size = 0  # the answer itself is still to come
            return None
        problem = NxdError("request", f'Nothing like "{shortened(expected)}" can be expected here.')
        return json_answer(self._box.known.value({"error": problem_view(problem)}), status=417)

    def nonsense(self, status: int, said: str) -> web.Response:
        """The answer to what is no request in HTTP."""
        problem = NxdError("request", "What came is no request in HTTP/1.1.", evidence=shortened(said))
        return json_answer(self._box.known.value({"error": problem_view(problem)}), status=status)


class SpecRefused(NxdError):
    """A spec with mistakes; ``problems`` says where each of them is."""

    def __init__(self, error: SpecError) -> None:
        super().__init__("spec", f"The spec is wrong:\n{error}")
        self.problems = [
            {"line": one.line, "column": one.column, "message": one.message} for one in error.problems
        ]


def _error(error: Exception, request: web.Request) -> tuple[int, dict[str, Any]]:
    """The status and the body that tell of an error; a caller who left is told nothing."""
    match error:
        case ConnectionError():
            raise error
        case SpecRefused():
            return 400, {"error": problem_view(error), "problems": error.problems}
        case ConsoleFailed():
            return 502, {"error": problem_view(error)}
        case NxdError():
            return _STATUS.get(error.code, 400), {"error": problem_view(error)}
        case Fenced():
            return 503, {"error": problem_view(StoreError("database", str(error)))}
        case web.HTTPRequestEntityTooLarge():
            said = f"The body may have {BODY_LIMIT:,} bytes at most."
            return 413, {"error": problem_view(NxdError("request", said))}
        case web.HTTPException():
            message = f"{request.method} {request.path}: {error.reason}."
            return error.status, {"error": problem_view(NxdError("request", message))}
        case _:
            log.exception("api_broke", extra={"path": request.path})
            evidence = f"{type(error).__name__}: {error}"
            return 500, {"error": problem_view(NxdError("bug", evidence=evidence))}
