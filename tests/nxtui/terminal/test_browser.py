"""The window in a real browser: headless Chromium opens it, rows stand on the page, a key acts."""

from __future__ import annotations

import asyncio
import base64
import importlib.util
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chromium
import pytest

from tests.loopback import free_ports

ROOT = Path(__file__).parents[3]

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(chromium.find() is None, reason="no Chromium is installed (apt-get install chromium)"),
    pytest.mark.skipif(
        importlib.util.find_spec("textual_serve") is None, reason="textual-serve is not installed"
    ),
]

CATCH = """
Object.defineProperty(Object.prototype, "webglAddon", {
  configurable: true,
  set(addon) {
    delete Object.prototype.webglAddon;
    this.webglAddon = addon;
    window.shown = this.terminal;
  },
});
window.asked = [];
window.blocked = [];
document.addEventListener("securitypolicyviolation", (one) => window.blocked.push(one.blockedURI));
new PerformanceObserver((list) => window.asked.push(...list.getEntries().map((one) => one.name)))
  .observe({type: "resource", buffered: true});
"""
"""Keeps the page's terminal, which textual-serve shows to nobody, what the page asks for and what it may not load."""

TEXT = """
(() => {
  if (!window.shown) return "";
  const lines = window.shown.buffer.active;
  return Array.from({length: lines.length}, (_, y) => lines.getLine(y).translateToString(true)).join("\\n");
})()
"""

ORANGE = """
(async () => {
  const picture = new Image();
  picture.src = "data:image/png;base64,%s";
  await picture.decode();
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  const pen = canvas.getContext("2d");
  pen.drawImage(picture, 0, 0);
  const data = pen.getImageData(0, 0, picture.width, picture.height).data;
  let count = 0;
  for (let at = 0; at < data.length; at += 4)
    if (data[at] > 200 && data[at + 1] > 80 && data[at + 1] < 150 && data[at + 2] < 110) count++;
  return count;
})()
"""
"""How many points of a picture have the colour of what failed."""


@pytest.fixture
def address(daemon: Any) -> Iterator[str]:
    """nxtui --serve before the canned daemon; answers the address that it printed."""
    (port,) = free_ports(1)
    command = [
        sys.executable,
        "-m",
        "nxtui.main",
        "--socket",
        str(daemon.socket),
        "--serve",
        "--port",
        str(port),
    ]
    environment = os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    environment.pop("NO_COLOR", None)
    child = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        yield _printed(child)
    finally:
        child.terminate()
        child.communicate(timeout=20)


def _printed(child: subprocess.Popen[bytes]) -> str:
    assert child.stdout is not None
    text, end = b"", time.monotonic() + 20
    while b"   (Ctrl-C" not in text:
        assert time.monotonic() < end, text
        if select.select([child.stdout], [], [], 0.2)[0]:
            text += os.read(child.stdout.fileno(), 4096)
    return next(word for word in text.decode().split() if word.startswith("http"))


async def test_chromium_shows_the_rows_takes_a_picture_of_them_and_a_key_opens_the_log(
    address: str, tmp_path: Path
) -> None:
    async with chromium.Chromium() as page:
        await page.ask("Page.enable")
        await page.ask("Page.addScriptToEvaluateOnNewDocument", source=CATCH)
        await page.ask("Page.navigate", url=address)
        await page.until(f"{TEXT}.includes('node03') && {TEXT}.includes('LIVE')", "the rows")
        await page.until(f"{TEXT}.includes('security group lets port 8080')", "the story of the failed node")
        assert "✗ node02      failed" in str(await page.value(TEXT))
        picture = await _until_drawn(page)
        kept = Path(os.environ.get("NXD_SCREENSHOTS") or tmp_path) / "nxtui-in-chromium.png"
        kept.write_bytes(picture)
        assert picture.startswith(b"\x89PNG") and len(picture) > 20_000
        await page.value("window.shown.focus()")
        await page.ask("Input.insertText", text="L")
        await page.until(f"{TEXT}.includes('node02 › log')", "the log of the node")
        asked, blocked = set(await page.value("window.asked")), set(await page.value("window.blocked"))
        outside = {name for name in asked if not name.startswith("http://127.0.0.1:")}
        assert len(asked) > len(outside) and outside <= blocked, (asked, blocked)


async def _until_drawn(page: chromium.Chromium) -> bytes:
    """A picture on which the failed row has its colour: the page fades in."""
    end = time.monotonic() + chromium.PATIENCE
    while True:
        picture = await page.screenshot()
        if await page.value(ORANGE % base64.b64encode(picture).decode()) > 200:
            return picture
        assert time.monotonic() < end, "the rows were never drawn"
        await asyncio.sleep(0.1)
