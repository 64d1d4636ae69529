"""A headless Chromium that a test can send to an address and look at, by the DevTools protocol."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any, Self

import aiohttp

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 40.0


def find() -> str | None:
    """The browser of this machine, if it has one."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Chromium:
    """One page in a browser of its own, which reaches loopback alone; it ends with the block."""

    async def __aenter__(self) -> Self:
        self._home = tempfile.TemporaryDirectory(prefix="nxc", ignore_cleanup_errors=True)
        self._process = await asyncio.create_subprocess_exec(
            str(find()),
            "--headless=new",
            "--no-sandbox",  # a test may run as root, where Chromium has none
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-dev-shm-usage",
            "--use-angle=swiftshader",
            "--enable-unsafe-swiftshader",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            "--remote-debugging-port=0",
            f"--user-data-dir={self._home.name}",
            "--window-size=1200,800",
            "about:blank",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        self._session = aiohttp.ClientSession()
        self._number = 0
        self._page: aiohttp.ClientWebSocketResponse | None = None
        try:
            self._page = await self._session.ws_connect(await self._address(), max_msg_size=0)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._page is not None:
            await self._page.close()
        await self._session.close()
        self._process.kill()
        await self._process.wait()
        await asyncio.to_thread(self._home.cleanup)

    async def _address(self) -> str:
        """Where the first page takes commands; Chromium writes its port into a file once it listens."""
        told = Path(self._home.name) / "DevToolsActivePort"
        end = time.monotonic() + PATIENCE
        while True:
            assert time.monotonic() < end, "Chromium did not start"
            port = told.read_text().split("\n")[0] if told.is_file() else ""
            with contextlib.suppress(aiohttp.ClientConnectionError):
                async with self._session.get(f"http://127.0.0.1:{port or 0}/json") as answer:
                    for page in await answer.json():
                        if page["type"] == "page":
                            return str(page["webSocketDebuggerUrl"])
            await asyncio.sleep(0.05)

    async def ask(self, method: str, **params: Any) -> Any:
        """One command and its answer."""
        self._number += 1
        assert self._page is not None
        await self._page.send_json({"id": self._number, "method": method, "params": params})
        while True:
            told = await self._page.receive_json(timeout=PATIENCE)
            if told.get("id") == self._number:
                assert "error" not in told, told
                return told["result"]

    async def value(self, expression: str) -> Any:
        """What a piece of JavaScript evaluates to on the page."""
        told = await self.ask(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    async def until(self, expression: str, what: str) -> Any:
        """The first value of an expression that is true."""
        end = time.monotonic() + PATIENCE
        while not (found := await self.value(expression)):
            assert time.monotonic() < end, f"waited in vain for {what}"
            await asyncio.sleep(0.1)
        return found

    async def screenshot(self) -> bytes:
        """The page as a PNG."""
        told = await self.ask("Page.captureScreenshot", format="png")
        return base64.b64decode(told["data"])
