"""nxtui in a browser on the same machine: textual-serve behind a key, on loopback alone."""

from __future__ import annotations

import hmac
import importlib
import logging
import secrets
import shlex
import sys
from collections.abc import Sequence
from typing import Any

HOST = "127.0.0.1"
COOKIE = "nxtui-key"
MISSING = (
    "The browser mode needs textual-serve, which is not installed: "
    "install it with `pip install 'nxd[browser]'`, or use nxtui in a terminal."
)


def policy(port: int) -> str:
    """What the page may load: this server alone. textual-serve's page asks Google for a font; it does not get it,
    and no outside host hears of a window on nxd."""
    here = " ".join(f"ws://{name}:{port}" for name in (HOST, "localhost"))
    return (
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
        f"img-src 'self' data:; font-src 'self' data:; connect-src 'self' {here}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


class NoBrowserMode(Exception):
    """The optional part is not installed; the text says what to do."""


def command(arguments: Sequence[str]) -> str:
    """The shell command of one window; every browser tab gets one of its own."""
    return shlex.join([sys.executable, "-P", "-m", "nxtui.main", *arguments])


def make_guard(key: str, port: int) -> Any:
    """A middleware that lets in only who has the key and asked for this very host.

    Whoever reaches the port could act as the person who started it, so the key in the address is what tells
    that person from the other users of the machine; it becomes a cookie that no other site's page can send.
    The host is checked because a foreign name may be made to point at loopback.
    """
    web = importlib.import_module("aiohttp.web")
    hosts = {f"{HOST}:{port}", f"localhost:{port}"}

    @web.middleware  # type: ignore[untyped-decorator]
    async def guard(request: Any, handler: Any) -> Any:
        given = request.query.get("key") or request.cookies.get(COOKIE, "")
        origin = request.headers.get("Origin")
        known = hmac.compare_digest(given.encode(), key.encode())
        if not known or request.host not in hosts or origin not in (None, f"http://{request.host}"):
            return web.Response(status=403, text="Open the address that nxtui printed, with its key.\n")
        response = await handler(request)
        if not response.prepared:
            response.set_cookie(COOKIE, key, httponly=True, samesite="Strict")
            response.headers["Content-Security-Policy"] = policy(port)
            response.headers["Referrer-Policy"] = "no-referrer"
        return response

    return guard


def serve(arguments: Sequence[str], port: int) -> None:
    """Serve until it is interrupted. Raises NoBrowserMode if textual-serve is not installed."""
    try:
        server = importlib.import_module("textual_serve.server").Server
    except ImportError as cause:
        raise NoBrowserMode(MISSING) from cause
    key = secrets.token_urlsafe(24)
    logging.getLogger(
        "aiohttp.access"
    ).disabled = True  # it would write each address as it was asked for, key and all

    class Guarded(server):  # type: ignore[misc, valid-type]
        async def _make_app(self) -> Any:
            app = await super()._make_app()
            app.middlewares.append(make_guard(key, port))
            return app

        async def on_startup(self, app: Any) -> None:
            print(f"nxtui is at http://{HOST}:{port}/?key={key}   (Ctrl-C ends it)", flush=True)

    Guarded(command(arguments), host=HOST, port=port, title="nxtui").serve()
