"""A document of JSON becomes settings that a shell reads as they were meant, or is refused."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pxe.book import Document, DocumentError
from pxe.flat import flat
from tests.pxe.conftest import RecordingBook, a_guest


def test_every_value_is_a_setting_by_its_place() -> None:
    node = {"ip": "10.0.0.1", "dns-name": None, "first": True, "count": 3}
    nics = [{"mac": "a"}, {"mac": "b"}]
    document = json.dumps({"node": node, "drives": ["/dev/sda", "/dev/sdb"], "none": [], "nics": nics})
    lines = flat(document).splitlines()
    assert lines[:8] == [
        "NXD_NODE_IP='10.0.0.1'",
        "NXD_NODE_DNS_NAME=''",
        "NXD_NODE_FIRST='true'",
        "NXD_NODE_COUNT='3'",
        "NXD_DRIVES='/dev/sda /dev/sdb'",
        "NXD_NONE=''",
        "NXD_NICS_1_MAC='a'",
        "NXD_NICS_2_MAC='b'",
    ]
    assert lines[-1] == "NXD_END='yes'"


@pytest.mark.e2e
@pytest.mark.parametrize(
    "value", ["it's", "''", "$(id)", "`id`", "a\\", '"', "\\'", "ü; rm", "$NXD_END", "!!"]
)
def test_a_shell_reads_what_was_meant_and_runs_nothing(value: str, tmp_path: Path) -> None:
    (tmp_path / "settings").write_text(flat(json.dumps({"word": value})), encoding="utf-8")
    script = f'. {tmp_path}/settings; printf %s "$NXD_WORD"; printf "\\n%s" "$NXD_CONFIG"'
    read = subprocess.run(["sh", "-c", script], capture_output=True, check=True).stdout.decode()
    assert read == f"{value}\n{json.dumps({'word': value})}"


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({"a": "two\nlines"}, "the setting NXD_A would hold a character that is none of a line"),
        ({"a": ["two words"]}, "a member of the list NXD_A is no word"),
        ({"a": [""]}, "a member of the list NXD_A is no word"),
        ({"a": {"b": 1}, "a_b": 2}, "two of its values would be the setting NXD_A_B"),
        ({"config": 1}, "two of its values would be the setting NXD_CONFIG"),
        ([1], "it is no object, and cannot be written as settings"),
    ],
)
def test_what_could_be_taken_for_something_else_is_refused(document: Any, why: str) -> None:
    with pytest.raises(DocumentError, match=why):
        flat(json.dumps(document))


async def test_the_settings_are_the_configuration_and_count_as_it(server: Any, book: RecordingBook) -> None:
    headers = {"Authorization": "Bearer install-token"}
    plain = await server.config()
    settings = await server.ask("/server-config?format=env", config=True, headers=headers)
    assert (settings.status, settings.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert settings.text == flat(plain.text)
    assert [report.message for _, report in book.reports] == ["config", "config"]
    wrong = {"Authorization": "Bearer wrong"}
    assert (await server.ask("/server-config?format=env", config=True, headers=wrong)).status == 404


async def test_a_configuration_that_cannot_be_settings_is_told_to_people_and_given_to_nobody(
    server: Any, book: RecordingBook
) -> None:
    book.known = a_guest(documents={"config": Document(lambda: '{"a": "\\n"}', "application/json")})
    headers = {"Authorization": "Bearer install-token"}
    answer = await server.ask("/server-config?format=env", config=True, headers=headers)
    assert answer.status == 500
    assert book.in_vain[0][1:] == (
        "document config",
        "the setting NXD_A would hold a character that is none of a line",
    )
