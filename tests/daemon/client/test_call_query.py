"""The filter of calls: by status, service, try and time, and by text."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.client.call_query import parse_calls
from daemon.wire import CallView


def call(**more: Any) -> CallView:
    usual: dict[str, Any] = {
        "id": 1, "time": 1.0, "target": "node01", "intent": "get bare metal server a", "tries": 1,
        "service": "vpc", "method": "GET", "server": "https://vpc", "path": "/v1/bare_metal_servers/a",
        "status": 200, "failed": False, "ms": 430.4,
    }  # fmt: skip
    return CallView(**{**usual, **more})  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", True), ("status:200", True), ("status:2xx", True), ("status:5xx", False), ("!status:5xx", True),
        ("status:failed", False), ("status:none", False), ("service:vpc", True), ("service:dns,vpc", True),
        ("method:post", False), ("ms:>400", True), ("ms:>1000", False), ("ms:<500", True), ("ms:430", True),
        ("ms:much", False), ("try:>1", False), ("try:1", True), ("bare_metal", True), ("SERVER", True),
        ("nothing", False), ("path:servers service:vpc ms:>1", True), ("path:servers service:dns", False),
        ("target:node01", True), ("request:x", False),
    ],
)  # fmt: skip
def test_every_word_must_agree(text: str, kept: bool) -> None:
    assert parse_calls(text).keeps(call()) is kept


def test_a_call_without_an_answer_is_found_by_that_and_by_why() -> None:
    lost = call(status=None, failed=True, why="Connection refused", tries=3)
    for text in ("status:none", "status:failed", "why:refused", "refused", "try:>2"):
        assert parse_calls(text).keeps(lost), text
    assert not parse_calls("status:2xx").keeps(lost)


@pytest.mark.parametrize(("text", "said"), [("colour:red", "no field 'colour'"), ('"open', "still open")])
def test_what_cannot_be_read_says_why_and_hides_nothing(text: str, said: str) -> None:
    query = parse_calls(text)
    assert said in str(query.error) and query.keeps(call())
