"""A secret on a disk that never answers."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.platforms.toy.test_toyland import SPEC, ended, states

pytestmark = pytest.mark.e2e


def test_a_file_on_a_disk_that_never_answers_fails_its_node_and_holds_nobody_up(
    toy: Any, hung_disk: Path
) -> None:
    spec = toy.directory / "hung.yaml"
    spec.write_text(SPEC.read_text().replace("key: open-sesame-1001", f"key: {{file: {hung_disk}/key}}"))
    child = toy.serve()
    toy.asks(lambda client: client.apply(spec.read_text()))
    begun, slowest = time.monotonic(), 0.0
    while states(toy)["left"] != "failed":
        asked = time.monotonic()
        assert toy.asks(lambda client: client.health())["ok"] is True
        slowest = max(slowest, time.monotonic() - asked)
        assert time.monotonic() - begun < 40
        time.sleep(0.05)
    assert slowest < 2.0
    error = toy.asks(lambda client: client.show("left"))["entity"]["error"]
    assert error["code"] == "secret" and error["message"].startswith(
        f"The file {hung_disk}/key with a secret could not be read within 10 s: the disk"
    )
    threads = [Path(one, "comm").read_text() for one in Path(f"/proc/{child.pid}/task").iterdir()]
    assert len(threads) < 20
    ended(child)
