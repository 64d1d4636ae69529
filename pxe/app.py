"""The two HTTP servers that a booting machine meets: one for scripts and images, one for its configuration.

Whoever is not the machine it says it is gets the same plain 404 as for a path that does not exist; the audit
log gets the reason. ``docs/boot.md`` describes the requests.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import hdrs, web
from aiohttp.http_exceptions import PayloadEncodingError
from prometheus_client import CollectorRegistry

from pxe.book import Book, BookClosed, Report, Stage
from pxe.connections import TIME_LIMITS, TimeLimits
from pxe.identity import RequestRefused, boot_guest, installer_guest, installing_guest
from pxe.images import Images
from pxe.line_limiter import LineLimiter, left_out
from pxe.metrics import Counters, MetricsPage
from pxe.render import RenderError, render_script
from pxe.status import BODY_LIMIT, BadReport, read_report

log = logging.getLogger("nxd.boot")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CONFIG_KEYS = (
    "node_id",
    "boot",
    "pxe_server",
    "config_endpoint",
    "status_endpoint",
    "server_info",
    "cluster_config",
    "node_config",
    "storage_config",
    "network_config",
)
"""What every configuration holds; an installer that misses one would stop half way."""

NOT_FOUND = "Not found."
RETRY_AFTER_SECONDS = 5
"""When to ask again while the book is closed; iPXE waits for it and asks again by itself."""

CLOSE_SECONDS = 5.0
"""How long a connection may finish what it is doing when the daemon stops."""

_SHOWN_PATH = 200
_CONFIG_STAGES: tuple[Stage, ...] = ("boot", "installing")
_STATUS_STAGES: tuple[Stage, ...] = ("boot", "installing", "installed", "stopped")
"""Also after the last phase, whose report may be repeated because our answer was lost, and after a failure, when the
machine may come to its end all the same."""


def boot_server(
    book: Book, images: Images, patience: TimeLimits = TIME_LIMITS, registry: CollectorRegistry | None = None
) -> tuple[web.Application, web.Application]:
    """What listens on the boot port and on the configuration port; both count into the registry that ``/metrics`` on
    the boot port shows."""
    registry = registry or CollectorRegistry()
    counters = Counters(registry)
    return boot_app(book, images, counters, MetricsPage(registry)), config_app(book, counters, patience)


def boot_app(book: Book, images: Images, counters: Counters, metrics: MetricsPage) -> web.Application:
    """What listens on the boot port: scripts, images, health and metrics."""
    desk = _BootHandlers(book, images)
    app = _application(book, counters)

    app.router.add_get("/boot/ipxe/{server_id}", desk.script, allow_head=False)
    app.router.add_get("/pxe/images/{name}", desk.image)
    app.router.add_get("/healthz", _healthz("boot"))
    app.router.add_get("/metrics", metrics.answer)
    return app


def _healthz(port: str) -> Handler:
    """Says which of the two ports answers, so that whoever mixed them up finds out before a machine does."""

    async def healthz(request: web.Request) -> web.Response:
        return web.Response(text=f"nxd {port}: ok\n")

    return healthz


def config_app(book: Book, counters: Counters, patience: TimeLimits = TIME_LIMITS) -> web.Application:
    """What listens on the configuration port: an installer's configuration, and what it reports."""
    desk = _ConfigHandlers(book, patience.body)
    app = _application(book, counters)
    app.router.add_get("/server-config", desk.config, allow_head=False)
    app.router.add_get("/healthz", _healthz("config"))
    app.router.add_post("/server-status", desk.status)
    return app


def app_runner(app: web.Application, patience: TimeLimits = TIME_LIMITS) -> web.AppRunner:
    """A runner that logs no request line, since it may hold a token, and that waits for nobody for ever."""
    return web.AppRunner(
        app,
        access_log=None,
        logger=protocol_log,
        handle_signals=False,
        keepalive_timeout=patience.head,
        lingering_time=patience.linger,
        shutdown_timeout=CLOSE_SECONDS,
    )


class _WithoutRequest(logging.Filter):
    """Keeps of a failure below HTTP only its kind, for the exception quotes the request, whoever sent it; and a few
    lines of a flood."""

    def __init__(self) -> None:
        super().__init__()
        self._sparing = LineLimiter()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[0]:
            record.msg = f"{record.getMessage()}: {record.exc_info[0].__name__}"
            record.args, record.exc_info = (), None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        untold = self._sparing.take(record.getMessage(), record.created)
        if untold:
            record.msg, record.args = record.getMessage() + left_out(untold), ()
        return untold is not None


protocol_log = logging.getLogger("nxd.boot.protocol")
protocol_log.addFilter(_WithoutRequest())


class _BootHandlers:
    """Answers iPXE."""

    def __init__(self, book: Book, images: Images) -> None:
        self._book = book
        self._images = images

    async def script(self, request: web.Request) -> web.StreamResponse:
        source = _source(request)
        token = request.query.get("token", "")
        guest = boot_guest(self._book, request.match_info["server_id"], token, source)
        name, boot = ("installed", 0) if guest.stage == "installed" else ("boot", guest.next_boot)
        text = render_script(guest.template, name, {**guest.values, "boot": str(boot)})
        await self._book.report(guest, Report("script_fetched", source, message=name, boot=boot))
        log.info("script_fetched", extra={"record": guest.server_id, "script": name})
        return web.Response(text=text, headers={hdrs.CACHE_CONTROL: "no-store"})

    async def image(self, request: web.Request) -> web.StreamResponse:
        source, name = _source(request), request.match_info["name"]
        guest = installing_guest(self._book, source)
        image = self._images.get(name)
        if image is None:
            raise RequestRefused("no image of this name is in the list")
        if not await asyncio.to_thread(image.unchanged):
            log.error("image_changed", extra={"image": name, "remedy": "restore it"})
            return _sentence(500, "This image is not the one that was verified.")
        if request.method == hdrs.METH_GET:
            await self._book.report(guest, Report("image_fetched", source, message=name))
        return web.FileResponse(image.path, headers={hdrs.CONTENT_TYPE: "application/octet-stream"})


class _ConfigHandlers:
    """Answers an installer, whose report must come within so many seconds."""

    def __init__(self, book: Book, seconds: float) -> None:
        self._book = book
        self._seconds = seconds

    async def config(self, request: web.Request) -> web.StreamResponse:
        source = _source(request)
        guest = installer_guest(self._book, _authorization(request), source, _CONFIG_STAGES)
        config = dict(guest.config())
        missing = [key for key in CONFIG_KEYS if key not in config]
        if missing:
            log.error("config_incomplete", extra={"record": guest.server_id, "lacks": ", ".join(missing)})
            return _sentence(500, "The configuration of this machine is incomplete.")
        await self._book.report(guest, Report("config_fetched", source))
        log.info("config_fetched", extra={"record": guest.server_id})
        return web.json_response(config, headers={hdrs.CACHE_CONTROL: "no-store"})

    async def status(self, request: web.Request) -> web.StreamResponse:
        source = _source(request)
        guest = installer_guest(self._book, _authorization(request), source, _STATUS_STAGES)
        try:
            report = read_report(await _body(request, self._seconds), source)
        except BadReport as bad:
            return _sentence(400, str(bad))
        await self._book.report(guest, report)
        return web.Response(status=204)


async def _body(request: web.Request, seconds: float) -> bytes:
    """The body, within its time. Raises _BadBody, TimeoutError."""
    try:
        async with asyncio.timeout(seconds):
            return await request.read()
    except (web.RequestPayloadError, PayloadEncodingError) as error:
        raise _BadBody from error


class _BadBody(Exception):
    """What came is no body: it is cut short, or not packed as its head says."""


def _application(book: Book, counters: Counters) -> web.Application:
    sparing = LineLimiter()

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        response = await _answered(book, request, handler, sparing)
        counters.count(resource.canonical if resource else "other", response.status)
        return response

    async def hide_server(request: web.Request, response: web.StreamResponse) -> None:
        response.headers.pop(hdrs.SERVER, None)

    app = web.Application(middlewares=[answer], client_max_size=BODY_LIMIT)
    app.on_response_prepare.append(hide_server)
    return app


async def _answered(
    book: Book, request: web.Request, handler: Handler, sparing: LineLimiter
) -> web.StreamResponse:
    """The handler's answer, or what it means that there is none."""
    try:
        try:
            return await handler(request)
        except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
            refusal = RequestRefused("there is no such path")
        except RequestRefused as refused:
            refusal = refused
        path, source = _shown_path(request), _source(request)
        untold = sparing.take(source, asyncio.get_running_loop().time())
        if untold is not None:
            about = {"path": path, "source": source, "reason": refusal.reason, "left_out": untold or None}
            log.warning("turned_away", extra=about)
        await book.refused(path, source, refusal.reason)
        return web.Response(status=404, text=NOT_FOUND)
    except BookClosed:
        return _sentence(503, "Not now: ask again soon.", {hdrs.RETRY_AFTER: str(RETRY_AFTER_SECONDS)})
    except web.HTTPRequestEntityTooLarge:
        return _sentence(413, f"The body may have {BODY_LIMIT} bytes at most.")
    except _BadBody:
        return _sentence(400, "The body is not what the head of the request says of it: send it anew.")
    except TimeoutError:
        return _sentence(408, "The body did not come in time.")
    except RenderError as error:
        log.error("script_broke", extra={"source": _source(request), "problem": error})
        return _sentence(500, "The boot script of this machine cannot be made.")
    except web.HTTPException as error:
        return _sentence(error.status, error.reason)
    except ConnectionError:
        raise
    except Exception:
        log.exception("boot_broke", extra={"source": _source(request)})
        return _sentence(500, "The boot server failed.")


def _sentence(status: int, text: str, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(status=status, text=text, headers=headers)


def _shown_path(request: web.Request) -> str:
    """The path without its query, which may hold a token, and without anything that a log cannot hold."""
    return ascii(request.rel_url.raw_path[:_SHOWN_PATH])[1:-1]


def _source(request: web.Request) -> str:
    """The address the connection comes from; no header can change it."""
    peer: Any = request.transport.get_extra_info("peername") if request.transport else None
    return str(peer[0]) if peer else ""


def _authorization(request: web.Request) -> str:
    return request.headers.get(hdrs.AUTHORIZATION, "")
