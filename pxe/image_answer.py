"""The answer to a machine that asks for an image, or for a part of it, or whether it has changed (RFC 9110)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime

from aiohttp import ETag, hdrs, web
from aiohttp.abc import AbstractStreamWriter

from pxe.images import Image
from pxe.senders import Senders
from pxe.transfer import OpenImage, Transfer, TransferCut

log = logging.getLogger("nxd.boot")

_NANOSECONDS = 1_000_000_000
_ANY = "*"


class _NotSatisfiable(Exception):
    """No byte of the image is in the range."""


def image_answer(
    request: web.BaseRequest, opened: OpenImage, senders: Senders, stalled: float
) -> web.StreamResponse:
    """What is sent of an open image, which the answer closes."""
    image = opened.image
    headers: dict[str, str] = {
        hdrs.CONTENT_TYPE: "application/octet-stream",
        hdrs.ACCEPT_RANGES: "bytes",
        hdrs.ETAG: f'"{image.sha256}"',
    }
    status = _by_condition(request, image)
    start, end = 0, image.size
    try:
        if status == 200 and request.method == hdrs.METH_GET and _in_part(request, image):
            start, end = _range(request, image)
            headers[hdrs.CONTENT_RANGE] = f"bytes {start}-{end - 1}/{image.size}"
            status = 206
    except _NotSatisfiable:
        headers[hdrs.CONTENT_RANGE] = f"bytes */{image.size}"
        status = 416
    if status >= 300:
        opened.let_go()
        answer: web.StreamResponse = web.Response(status=status, headers=headers)
    else:
        answer = ImageResponse(opened, start, end, senders, stalled, status=status, headers=headers)
        answer.content_length = end - start
    answer.last_modified = _changed(image)
    return answer


class ImageResponse(web.StreamResponse):
    """The bytes of an image from ``start`` to ``end``, sent by threads of their own."""

    def __init__(
        self,
        opened: OpenImage,
        start: int,
        end: int,
        senders: Senders,
        stalled: float,
        *,
        status: int,
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(status=status, headers=headers)
        self._opened, self._part = opened, (start, end)
        self._senders, self._stalled = senders, stalled

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send the head and everything that belongs to it. Raises ConnectionError."""
        try:
            writer = await super().prepare(request)
            transport = request.transport
            if transport is None:
                raise ConnectionResetError("The connection is over.")
            connection = transport.get_extra_info("socket").dup()
        except BaseException:
            self._opened.let_go()
            raise
        transfer = Transfer(self._opened, connection, *self._part)
        try:
            if writer is not None and request.method == hdrs.METH_GET:
                await self._after_the_head(transfer, writer, transport)
        finally:
            if transfer.done is None:  # no sender ever had it
                transfer.close()
        return writer

    async def _after_the_head(
        self, transfer: Transfer, writer: AbstractStreamWriter, transport: asyncio.Transport
    ) -> None:
        assert transport.get_extra_info("sslcontext") is None, "What is sent past TLS nobody can read."
        transport.set_write_buffer_limits(0)  # nothing of the head may come after the body
        try:
            async with asyncio.timeout(self._stalled):
                await writer.drain()
            await self._senders.send(transfer)
        except (ConnectionError, TimeoutError) as error:
            if isinstance(error, TransferCut):
                about = {"image": self._opened.image.path.name, "sent": transfer.at, "problem": error}
                log.error("image_cut", extra=about)
            transfer.end_connection()
            transport.abort()
            raise ConnectionResetError(str(error)) from error
        transport.set_write_buffer_limits()


def _changed(image: Image) -> int:
    """When the image was changed last, in seconds since 1970, as exactly as HTTP says it."""
    return image.mark[2] // _NANOSECONDS


def _by_condition(request: web.BaseRequest, image: Image) -> int:
    """200, or why nothing is sent."""
    match, none_match = request.if_match, request.if_none_match
    if match is not None:
        if not _names(match, image):
            return 412
    elif (since := request.if_unmodified_since) is not None and _changed(image) > since.timestamp():
        return 412
    if none_match is not None:
        return 304 if _names(none_match, image, weak=True) else 200
    known = request.if_modified_since
    return 304 if known is not None and _changed(image) <= known.timestamp() else 200


def _names(tags: Sequence[ETag], image: Image, weak: bool = False) -> bool:
    return any(tag.value in (_ANY, image.sha256) and (weak or not tag.is_weak) for tag in tags)


def _in_part(request: web.BaseRequest, image: Image) -> bool:
    """Whether a range is wanted, of the image as it is now."""
    if hdrs.RANGE not in request.headers:
        return False
    condition = request.headers.get(hdrs.IF_RANGE)
    if condition is None or condition.strip() == f'"{image.sha256}"':
        return True
    date: datetime | None = request.if_range
    return date is not None and date.timestamp() == _changed(image)


def _range(request: web.BaseRequest, image: Image) -> tuple[int, int]:
    try:
        wanted = request.http_range
    except ValueError:
        raise _NotSatisfiable from None
    start = image.size if wanted.start is None else wanted.start
    if start < 0:
        start = max(0, image.size + start)
    end = image.size if wanted.stop is None else min(wanted.stop, image.size)
    if start >= end:
        raise _NotSatisfiable
    return start, end
