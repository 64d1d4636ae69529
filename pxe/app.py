"""The two HTTP servers that a booting machine meets, put together from the tables of the platforms.

Whoever is not the machine it says it is gets the same plain 404 as for a path that does not exist; the audit
log gets the reason. ``docs/boot.md`` describes the requests.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Literal

from aiohttp import hdrs, web
from prometheus_client import CollectorRegistry

from pxe.book import Book, BookClosed
from pxe.connections import TIME_LIMITS, TimeLimits
from pxe.handlers import BadBody, BootHandlers, Offer, not_found, not_now, sentence, source_of
from pxe.identity import RequestRefused
from pxe.images import Images
from pxe.line_limiter import LineLimiter, left_out
from pxe.metrics import Counters, MetricsPage
from pxe.routes import NO_PIN, TOKEN, BootTable
from pxe.status import BODY_LIMIT

log = logging.getLogger("nxd.boot")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Note = Callable[[web.Request, RequestRefused], Awaitable[None]]
"""Tells of a request that was turned away, and why."""
Port = Literal["boot", "config"]

CLOSE_SECONDS = 5.0
"""How long a connection may finish what it is doing when the daemon stops."""

_SHOWN_PATH = 200
HIDDEN = "***"
_TOKEN = f"{{{TOKEN}}}"
_SHOWN_SEGMENT = 20
"""Of a path that fits no route a segment with more characters is not shown: it may be a token in the wrong place."""


def boot_server(
    book: Book,
    images: Images,
    tables: Mapping[str, BootTable],
    patience: TimeLimits = TIME_LIMITS,
    registry: CollectorRegistry | None = None,
    pin: str = NO_PIN,
) -> tuple[web.Application, web.Application]:
    """What listens on the boot port and on the configuration port for the machines of these platforms; both count into
    the registry that ``/metrics`` on the boot port shows. ``pin`` is what machines are told to know the configuration
    port's key by."""
    registry = registry or CollectorRegistry()
    counters = Counters(registry)
    handlers = BootHandlers(book, images, tables, patience, pin)
    boot = _application(book, counters, handlers, "boot")
    boot.router.add_get("/metrics", MetricsPage(registry).answer)
    boot.on_cleanup.append(handlers.close)
    return boot, _application(book, counters, handlers, "config")


def _healthz(port: Port) -> Handler:
    """Says which of the two ports answers, so that whoever mixed them up finds out before a machine does."""

    async def healthz(request: web.Request) -> web.Response:
        return web.Response(text=f"nxd {port}: ok\n")

    return healthz


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


def _application(book: Book, counters: Counters, handlers: BootHandlers, port: Port) -> web.Application:
    sparing = LineLimiter()
    hidden: dict[str, set[int]] = {}

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        response = await _answered(request, handler, note)
        counters.count(resource.canonical if resource else "other", response.status)
        return response

    async def note(request: web.Request, refusal: RequestRefused) -> None:
        await _note_refusal(book, request, refusal, _shown_path(request, hidden), sparing)

    async def hide_server(request: web.Request, response: web.StreamResponse) -> None:
        response.headers.pop(hdrs.SERVER, None)

    app = web.Application(middlewares=[answer], client_max_size=BODY_LIMIT)
    app.on_response_prepare.append(hide_server)
    app.router.add_get("/healthz", _healthz(port))
    for offers in handlers.offers(port):
        hidden[_add(app, offers, handlers)] = {
            place
            for offer in offers
            for place, part in enumerate(offer.route.path.split("/"))
            if part == _TOKEN
        }
    return app


def _add(app: web.Application, offers: Sequence[Offer], handlers: BootHandlers) -> str:
    """Give one path to every platform that has it; the path as the router knows it."""
    first = offers[0].route

    async def handle(request: web.Request) -> web.StreamResponse:
        return await handlers.answer(offers, request)

    if first.method == hdrs.METH_GET:
        app.router.add_get(first.path, handle, allow_head=first.serves in ("image", "agent"))
    else:
        app.router.add_post(first.path, handle)
    return first.path


async def _answered(request: web.Request, handler: Handler, note: Note) -> web.StreamResponse:
    """The handler's answer, or what it means that there is none."""
    try:
        try:
            return await handler(request)
        except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
            refusal = RequestRefused("there is no such path")
        except RequestRefused as refused:
            refusal = refused
        await note(request, refusal)
        return not_found()
    except BookClosed:
        return not_now()
    except web.HTTPRequestEntityTooLarge:
        return sentence(413, f"The body may have {BODY_LIMIT} bytes at most.")
    except BadBody:
        return sentence(400, "The body is not what the head of the request says of it: send it anew.")
    except TimeoutError:
        return sentence(408, "The body did not come in time.")
    except web.HTTPException as error:
        return sentence(error.status, error.reason)
    except ConnectionError:
        raise
    except Exception:
        log.exception("boot_broke", extra={"source": source_of(request)})
        return sentence(500, "The boot server failed.")


async def _note_refusal(
    book: Book, request: web.Request, refusal: RequestRefused, path: str, sparing: LineLimiter
) -> None:
    source = source_of(request)
    untold = sparing.take(source, asyncio.get_running_loop().time())
    if untold is not None:
        about = {"path": path, "source": source, "reason": refusal.reason, "left_out": untold or None}
        log.warning("turned_away", extra=about)
    await book.refused(path, source, refusal.reason, refusal.server_id)


def _shown_path(request: web.Request, hidden: Mapping[str, Collection[int]]) -> str:
    """The path without the segments of its route that are ``hidden``, without its query, which may hold a token too,
    and without anything that a log cannot hold."""
    segments = request.rel_url.raw_path.split("/")
    resource = request.match_info.route.resource
    if resource is None:
        shown = [HIDDEN if len(part) > _SHOWN_SEGMENT else part for part in segments]
    else:
        places = hidden.get(resource.canonical, ())
        shown = [HIDDEN if place in places else part for place, part in enumerate(segments)]
    return ascii("/".join(shown)[:_SHOWN_PATH])[1:-1]
