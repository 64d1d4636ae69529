"""Answers a machine what its route serves, once every proof of the route holds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from aiohttp import hdrs, web
from aiohttp.http_exceptions import PayloadEncodingError

from pxe.agent.archive import NAME as AGENT_NAME
from pxe.agent.archive import agent_initrd
from pxe.book import Book, Document, DocumentError, GivenAlready, Guest, Report
from pxe.connections import TimeLimits, source_of_connection
from pxe.flat import flat
from pxe.identity import Asked, RequestRefused, guest_of, prove
from pxe.image_answer import image_answer
from pxe.image_threads import ImageThreads
from pxe.images import Images
from pxe.line_limiter import LineLimiter
from pxe.render import RenderError, render_script
from pxe.routes import NAME, BootRoute, BootTable, Mac, Once, script_of
from pxe.senders import Senders
from pxe.status import BadReport, reports_of
from pxe.transfer import OpenImage, open_sound

log = logging.getLogger("nxd.boot")

RETRY_AFTER_SECONDS = 5
"""When to ask again while the book is closed; iPXE waits for it and asks again by itself."""

FORMAT, SETTINGS = "format", "env"
"""What a query asks for that wants a document of JSON as the settings of a shell."""


class BadBody(Exception):
    """What was received is no body: it is cut short, or not packed as its head says."""


@dataclass(frozen=True)
class Offer:
    """A route of a platform, with the rest of its table."""

    platform: str
    route: BootRoute
    table: BootTable


class BootHandlers:
    """Answers the machines of some platforms."""

    def __init__(
        self, book: Book, images: Images, tables: Mapping[str, BootTable], patience: TimeLimits, pin: str
    ) -> None:
        self._book = book
        self._images = images
        self._tables = tables
        self._pin = pin
        self._seconds, self._stalled = patience.body, patience.stalled
        self._threads = ImageThreads(patience.disk)
        self._senders = Senders(patience.disk, patience.stalled)
        self._unread = LineLimiter()
        self._agent_initrd = agent_initrd()

    def offers(self, port: Literal["boot", "config"]) -> Sequence[Sequence[Offer]]:
        """What a port offers: for each path the platforms that have it."""
        found: dict[tuple[str, str, str], list[Offer]] = {}
        for platform, table in self._tables.items():
            for route in table.routes:
                if route.port == port:
                    found.setdefault(route.shape, []).append(Offer(platform, route, table))
        return list(found.values())

    async def close(self, app: web.Application) -> None:
        """End what waits for nothing."""
        self._threads.close()
        self._senders.close()

    async def answer(self, offers: Sequence[Offer], request: web.Request) -> web.StreamResponse:
        """The answer to the machine that asks for this path, of whichever platform it is."""
        refused: RequestRefused | None = None
        for offer in offers:
            asked = await self._asked(offer, offers[0].route, request)
            try:
                guest = guest_of(self._book, offer.platform, offer.route, asked)
            except RequestRefused as error:
                refused = refused or error
                continue
            try:
                return await self._serve(offer, guest, asked, request)
            except RequestRefused as error:
                error.server_id = guest.server_id
                raise
        assert refused is not None
        raise refused

    async def _asked(self, offer: Offer, matched: BootRoute, request: web.Request) -> Asked:
        values = (request.match_info[name] for name in matched.names)
        looks_into = offer.route.proof(Mac) is not None
        return Asked(
            source_of(request),
            dict(zip(offer.route.names, values, strict=True)),
            request.query,
            request.cookies,
            request.headers.get(hdrs.AUTHORIZATION, ""),
            await self._body(request) if looks_into else b"",
        )

    async def _serve(
        self, offer: Offer, guest: Guest, asked: Asked, request: web.Request
    ) -> web.StreamResponse:
        route = offer.route
        name = asked.path.get(NAME, "") if NAME in route.names else route.what
        prove(guest, route, asked, name)
        match route.serves:
            case "script":
                return await self._script(offer, guest, asked.source)
            case "image":
                return await self._image(guest, name, request)
            case "agent":
                return await self._agent(guest, request)
            case "document":
                return await self._document(offer, guest, name, asked)
            case "report":
                return await self._report(offer, guest, await self._body(request), asked.source)

    async def _script(self, offer: Offer, guest: Guest, source: str) -> web.StreamResponse:
        name = offer.table.scripts.get(guest.stage)
        if name is None:
            raise RequestRefused(f"{guest.server_id} is {guest.stage}, for which there is no script")
        boot = guest.next_boot if name in offer.table.opening else 0
        file = script_of(name, offer.route.personality)
        values = {**guest.values, "boot": str(boot), "pin": self._pin}
        try:
            text = render_script(offer.table.templates, file, values)
        except RenderError as error:
            log.error("script_broke", extra={"record": guest.server_id, "source": source, "problem": error})
            await self._book.unmade(guest, "boot script", str(error))
            return sentence(500, "The boot script of this machine cannot be made.")
        await self._book.report(guest, Report("script_fetched", source, message=name, boot=boot))
        log.info("script_fetched", extra={"record": guest.server_id, "script": name})
        return web.Response(text=text, headers={hdrs.CACHE_CONTROL: "no-store"})

    async def _image(self, guest: Guest, name: str, request: web.Request) -> web.StreamResponse:
        image = self._images.get(name)
        if image is None:
            raise RequestRefused("no image of this name is in the list")
        try:
            opened = await self._threads.ask(partial(open_sound, image), _let_go)
        except TimeoutError:
            log.error("image_disk_silent", extra={"image": name, "remedy": "see that its disk answers"})
            return not_now()
        if opened is None:
            log.error("image_changed", extra={"image": name, "remedy": "restore it"})
            return sentence(500, "This image is not the one that was verified.")
        try:
            if request.method == hdrs.METH_GET:
                await self._book.report(guest, Report("image_fetched", source_of(request), message=name))
        except BaseException:
            opened.let_go()
            raise
        return image_answer(request, opened, self._senders, self._stalled)

    async def _agent(self, guest: Guest, request: web.Request) -> web.StreamResponse:
        if request.method == hdrs.METH_GET:
            await self._book.report(guest, Report("image_fetched", source_of(request), message=AGENT_NAME))
        answer = web.Response(body=self._agent_initrd.content, content_type="application/octet-stream")
        answer.etag = self._agent_initrd.sha256
        return answer

    async def _document(self, offer: Offer, guest: Guest, name: str, asked: Asked) -> web.StreamResponse:
        document = guest.documents.get(name)
        if document is None:
            raise RequestRefused(f"{guest.server_id} has no document of this name")
        try:
            text, content_type = _made(document, asked.query.get(FORMAT, ""))
        except (DocumentError, RenderError) as error:
            about = {"record": guest.server_id, "document": name, "problem": error}
            log.error("document_broke", extra=about)
            await self._book.unmade(guest, f"document {name}", str(error))
            return sentence(500, "This document of this machine cannot be made.")
        if text is None:
            return not_found()
        report = Report(
            "document_fetched", asked.source, message=name, once=offer.route.proof(Once) is not None
        )
        try:
            await self._book.report(guest, report)
        except GivenAlready:
            raise RequestRefused(f"{guest.server_id} was given {name} in this boot already") from None
        log.info("document_fetched", extra={"record": guest.server_id, "document": name})
        headers = {hdrs.CACHE_CONTROL: "no-store"}
        return web.Response(text=text, content_type=content_type, headers=headers)

    async def _report(self, offer: Offer, guest: Guest, body: bytes, source: str) -> web.StreamResponse:
        try:
            reader = offer.table.readers[offer.route.what]
            reports = reports_of(reader, body, source, offer.table.last_phase)
        except BadReport as bad:
            if bad.problem and self._unread.take(source, asyncio.get_running_loop().time()) is not None:
                log.warning("report_unread", extra={"record": guest.server_id, "problem": bad.problem})
            return sentence(400, str(bad))
        for report in reports:
            await self._book.report(guest, report)
        return web.Response(status=204)

    async def _body(self, request: web.Request) -> bytes:
        """The body, within its time. Raises BadBody, TimeoutError."""
        try:
            async with asyncio.timeout(self._seconds):
                return await request.read()
        except (web.RequestPayloadError, PayloadEncodingError) as error:
            raise BadBody from error


def _made(document: Document, form: str) -> tuple[str | None, str]:
    """The text of a document, and its type. Raises DocumentError, RenderError."""
    text = document.make()
    if text is None and not document.optional:
        raise DocumentError("it is not there, and the machine needs it")
    if text is not None and form == SETTINGS and document.content_type == "application/json":
        return flat(text), "text/plain"
    return text, document.content_type


def _let_go(opened: OpenImage | None) -> None:
    if opened is not None:
        opened.let_go()


def not_found() -> web.Response:
    """The answer to whoever gets nothing."""
    return sentence(404, "Not found.")


def not_now() -> web.Response:
    """The answer to whoever shall come again soon."""
    return sentence(503, "Not now: ask again soon.", {hdrs.RETRY_AFTER: str(RETRY_AFTER_SECONDS)})


def sentence(status: int, text: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """An answer of one sentence."""
    return web.Response(status=status, text=text, headers=headers)


def source_of(request: web.Request) -> str:
    """The address the connection comes from; no header can change it."""
    return source_of_connection(request.transport) if request.transport else ""
