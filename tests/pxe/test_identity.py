"""A machine gets what is meant for it; whoever is not that machine gets the same nothing as all others."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from daemon.platforms.ibm_nutanix.boot import whole
from pxe.book import Document
from tests.logfmt import journal

GOLDEN = Path(__file__).parent / "golden"
STRANGER = "127.33.0.66"


async def test_the_machine_gets_its_script_and_that_is_written_down(server: Any, book: Any) -> None:
    answer = await server.script()
    assert (answer.status, answer.text) == (200, (GOLDEN / "boot.ipxe").read_text())
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert answer.headers["Content-Length"] == str(len(answer.body))
    ((server_id, report),) = book.reports
    assert (server_id, report.kind, report.source, report.message) == (
        "lab-node01", "script_fetched", "127.33.0.10", "boot",
    )  # fmt: skip
    assert book.refusals == []


async def test_a_machine_that_boots_again_while_it_installs_gets_the_same_script(
    server: Any, book: Any, guest: Any
) -> None:
    book.known = guest(stage="installing")
    assert (await server.script()).text == (GOLDEN / "boot.ipxe").read_text()


async def test_a_script_opens_the_boot_whose_number_it_carries(server: Any, book: Any, guest: Any) -> None:
    book.known = guest(stage="installing", next_boot=7)
    assert " nxd_boot=7 " in (await server.script()).text
    book.known = guest(stage="installed", next_boot=8)
    assert "nxd_boot" not in (await server.script()).text
    assert [report.boot for _, report in book.reports] == [7, 0]


async def test_an_installed_machine_is_told_to_boot_from_its_disk(server: Any, book: Any, guest: Any) -> None:
    book.known = guest(stage="installed")
    answer = await server.script()
    assert (answer.status, answer.text) == (200, (GOLDEN / "installed.ipxe").read_text())
    assert book.reports[0][1].message == "installed"


async def test_the_installer_gets_its_configuration_and_that_is_written_down(server: Any, book: Any) -> None:
    answer = await server.config()
    assert answer.status == 200
    assert json.loads(answer.body) == {"node_id": "lab-node01"}
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    told = [(name, report.kind, report.message) for name, report in book.reports]
    assert told == [("lab-node01", "document_fetched", "config")]


REFUSALS: list[Any] = [
    pytest.param({"server_id": "lab-node99"}, "no machine of this name", id="unknown-machine"),
    pytest.param({"token": "wrong"}, "the token is wrong", id="wrong-token"),
    pytest.param({"token": "install-token"}, "the token is wrong", id="the-other-token"),
    pytest.param({"token": ""}, "no token", id="no-token"),
    pytest.param({"source": STRANGER}, "may only come from 127.33.0.10", id="another-address"),
    pytest.param({"method": "HEAD"}, "no such path", id="another-method"),
]


@pytest.mark.parametrize(("options", "reason"), REFUSALS)
async def test_a_script_is_refused_without_a_word_and_the_reason_is_audited(
    options: dict[str, Any], reason: str, server: Any, book: Any
) -> None:
    answer = await server.script(**options)
    nothing = await server.ask("/nothing/here", method=options.get("method", "GET"))
    assert answer.status == 404
    assert answer == nothing
    assert reason in book.refusals[0][2]
    assert "token=" not in book.refusals[0][0]
    known = options.get("server_id") is None and options.get("method") is None
    assert book.named[0] == ("lab-node01" if known else None), "it stands beside the machine that was named"
    assert book.reports == []


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        pytest.param({"token": "wrong"}, "the token is wrong", id="wrong-token"),
        pytest.param({"token": "boot-token"}, "the token is wrong", id="the-other-token"),
        pytest.param({"source": STRANGER}, "no machine is expected at this address", id="another-address"),
    ],
)
async def test_a_configuration_is_refused_without_a_word(
    options: dict[str, Any], reason: str, server: Any, book: Any
) -> None:
    answer = await server.config(**options)
    said = await server.say({"seq": 1, "phase": 1, "message": "started"}, **options)
    assert answer == said == await server.ask("/nothing/here")
    assert [refusal[2] for refusal in book.refusals[:2]] == [reason, reason]
    assert book.reports == []


async def test_a_configuration_without_a_bearer_token_is_refused(server: Any, book: Any) -> None:
    answer = await server.ask("/server-config", config=True, headers={"Authorization": "Basic YTpi"})
    assert (answer.status, answer.text) == (404, "Not found.")
    assert book.refusals[0][2] == "no bearer token was sent"


@pytest.mark.parametrize(
    ("stage", "allowed"),
    [
        ("boot", {"script", "image", "config", "status"}),
        ("installing", {"script", "image", "config", "status"}),
        ("installed", {"script", "status"}),
        ("stopped", {"status"}),
        ("closed", set()),
    ],
)
async def test_each_stage_allows_exactly_what_belongs_to_it(
    stage: str, allowed: set[str], server: Any, book: Any, guest: Any
) -> None:
    book.known = guest(stage=stage)
    answers = {
        "script": await server.script(),
        "image": await server.ask("/pxe/images/vmlinuz-foundation"),
        "config": await server.config(),
        "status": await server.say({"seq": 1, "phase": 8, "message": "done"}),
    }
    assert {name for name, answer in answers.items() if answer.status < 300} == allowed
    assert {answer.text for name, answer in answers.items() if name not in allowed} <= {"Not found."}


async def test_an_empty_book_expects_nobody(
    serve: Callable[[Any], Awaitable[Any]], books: dict[str, Any]
) -> None:
    server = await serve(books["empty"]())
    answers = [
        await server.script(),
        await server.config(),
        await server.ask("/pxe/images/vmlinuz-foundation"),
    ]
    assert answers == [await server.ask("/nothing/here")] * 3


async def test_while_the_book_is_closed_nothing_is_handed_out_and_the_machine_comes_back(
    serve: Callable[[Any], Awaitable[Any]], books: dict[str, Any]
) -> None:
    server = await serve(books["closed"]())
    answers = [
        await server.script(),
        await server.script(token="wrong"),
        await server.ask("/pxe/images/vmlinuz-foundation"),
        await server.config(),
        await server.say({"seq": 1, "phase": 1, "message": "started"}),
    ]
    assert {(a.status, a.headers["Retry-After"], a.text) for a in answers} == {
        (503, "5", "Not now: ask again soon.")
    }


async def test_a_script_with_a_gap_is_an_error_and_not_a_script(
    server: Any, book: Any, guest: Any, caplog: pytest.LogCaptureFixture
) -> None:
    values = {key: value for key, value in guest().values.items() if key != "status_url"}
    book.known = guest(values=values)
    answer = await server.script()
    assert (answer.status, answer.text) == (500, "The boot script of this machine cannot be made.")
    assert "status_url" in journal(caplog.records)
    assert book.reports == []
    ((name, what, why),) = book.in_vain
    assert (name, what) == (guest().server_id, "boot script") and "status_url" in why


@pytest.mark.parametrize("made", [lambda: None, lambda: whole({"node_id": "x"})], ids=["missing", "gap"])
async def test_a_document_with_a_gap_is_an_error_and_not_a_document(
    made: Any, server: Any, book: Any, guest: Any, caplog: pytest.LogCaptureFixture
) -> None:
    book.known = guest(documents={"config": Document(made)})
    answer = await server.config()
    assert (answer.status, answer.text) == (500, "This document of this machine cannot be made.")
    assert "the machine needs it" in journal(caplog.records) or "storage_config" in journal(caplog.records)
    assert book.reports == []


async def test_an_unforeseen_failure_is_one_sentence(
    serve: Callable[[Any], Awaitable[Any]], books: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    answer = await (await serve(books["broken"]())).script()
    assert (answer.status, answer.text) == (500, "The boot server failed.")
    assert "the book is on fire" in journal(caplog.records)


async def test_no_token_is_ever_logged(server: Any, book: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await server.script()
    await server.script(token="guessed-token", source=STRANGER)
    await server.config(token="guessed-token")
    assert "action=script_fetched record=lab-node01" in journal(caplog.records)
    for token in ("boot-token", "install-token", "guessed-token"):
        assert token not in journal(caplog.records)
        assert token not in str(book.refusals)


async def test_a_path_is_audited_in_plain_letters_and_cut_short(server: Any, book: Any) -> None:
    await server.script("%0A%1B[2Jcl%C3%A9" + "x" * 1000)
    ((path, _, _),) = book.refusals
    assert path.isprintable() and path.isascii() and len(path) == 200


async def test_garbage_instead_of_http_is_no_traceback_in_the_log(
    server: Any, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.boot_port)
    writer.write(b"GET /boot/ipxe/lab-node01?token=boot-token\xff HTTP/1.1\r\nHost: a\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()
    assert answer.split(b" ")[1] == b"400"
    assert "InvalidURLError" in journal(caplog.records)
    assert "Traceback" not in journal(caplog.records) and "boot-token" not in journal(caplog.records)


async def test_health_and_metrics_are_open_and_count_every_answer(server: Any) -> None:
    assert (await server.ask("/healthz", source=STRANGER)).status == 200
    await server.script()
    await server.script(token="wrong")
    await server.say({"seq": 1, "phase": 1, "message": "started"})
    await server.ask("/nothing/here")
    metrics = (await server.ask("/metrics", source=STRANGER)).text
    for line in (
        'nxd_boot_requests_total{route="/boot/ipxe/{server_id}",status="200"} 1.0',
        'nxd_boot_requests_total{route="/boot/ipxe/{server_id}",status="404"} 1.0',
        'nxd_boot_requests_total{route="/healthz",status="200"} 1.0',
        'nxd_boot_requests_total{route="/server-status",status="204"} 1.0',
        'nxd_boot_requests_total{route="other",status="404"} 1.0',
    ):
        assert line in metrics.splitlines()
