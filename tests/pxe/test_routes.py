"""A route gives what it serves to whoever holds every proof that it names, whichever they are, and to nobody else."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pxe.book import Document, GivenAlready, Report
from pxe.routes import AGENT, BootRoute, BootTable, Mac, Once, Source, Stages, Token
from pxe.status import REPORTS_LIMIT
from pxe.table_lint import lint_table
from tests.logfmt import journal
from tests.pxe.conftest import NODE, RecordingBook, a_guest, sha256

WORD = "a-word-that-only-the-machine-knows-0000000000"
MAC = "52:54:00:12:34:56"
STRANGER = "127.33.0.66"
OPEN = Stages(("boot", "installing"))
AT = Mac(("network_interfaces", "mac"))


def reading(body: bytes, source: str) -> list[Report]:
    said = json.loads(body)
    return [
        Report(one["kind"], source, phase=one.get("phase"), message=one["text"]) for one in said["events"]
    ]


TABLE = BootTable(
    templates=Path(),
    routes=(
        BootRoute(
            "GET", "/seed/{server_id}/{token}/{name}", "document", (Token("seed", "path"), Source(), OPEN)
        ),
        BootRoute(
            "GET", "/once/{server_id}", "document", (Token("seed", "query", "t"), OPEN, Once()), "answer"
        ),
        BootRoute("GET", "/cookie", "document", (Token("seed", "cookie", "key"), Source(), OPEN), "answer"),
        BootRoute("POST", "/api/answer", "document", (AT, Source(), OPEN), "answer"),
        BootRoute(
            "POST", "/both/{server_id}/{token}", "document", (Token("seed", "path"), AT, OPEN), "answer"
        ),
        BootRoute("POST", "/event/{token}", "report", (Token("seed", "path"), Source(), OPEN), "events"),
    ),
    scripts={},
    sample={},
    documents=("answer", "user-data", "vendor-data"),
    readers={"events": reading},
    phases=("begun", "done"),
)
TABLES = {"other": TABLE}


def expected(**changes: Any) -> Any:
    known = a_guest(
        platform="other",
        tokens={"seed": sha256(WORD)},
        macs=frozenset({MAC}),
        documents={
            "answer": Document(lambda: "answer = 1\n", "application/toml"),
            "user-data": Document(lambda: "#cloud-config\n"),
            "vendor-data": Document(lambda: None, optional=True),
        },
    )
    return replace(known, **changes)


@pytest.fixture
def book() -> RecordingBook:
    return RecordingBook(expected())


@pytest.fixture
async def server(serve: Callable[..., Awaitable[Any]], book: RecordingBook) -> Any:
    return await serve(book, tables=TABLES)


def interfaces(*macs: str) -> bytes:
    return json.dumps({"network_interfaces": [{"link": "eno1", "mac": mac} for mac in macs]}).encode()


ASKED: list[Any] = [
    pytest.param(f"/seed/lab-node01/{WORD}/user-data", {}, "#cloud-config\n", id="token in the path"),
    pytest.param(f"/once/lab-node01?t={WORD}", {}, "answer = 1\n", id="token in the query"),
    pytest.param("/cookie", {"headers": {"Cookie": f"key={WORD}"}}, "answer = 1\n", id="token in a cookie"),
    pytest.param(
        "/api/answer",
        {"method": "POST", "data": interfaces("AA-BB-CC-00-11-22", "52-54-00-12-34-56")},
        "answer = 1\n",
        id="MAC in the body",
    ),
    pytest.param(
        f"/both/lab-node01/{WORD}",
        {"method": "POST", "data": interfaces(MAC)},
        "answer = 1\n",
        id="MAC and token",
    ),
]


@pytest.mark.parametrize(("path", "options", "text"), ASKED)
async def test_whoever_holds_every_proof_gets_the_document(
    path: str, options: dict[str, Any], text: str, server: Any, book: Any
) -> None:
    answer = await server.ask(path, **options)
    assert (answer.status, answer.text, answer.headers["Cache-Control"]) == (200, text, "no-store")
    ((_, report),) = book.reports
    assert (report.kind, report.source) == ("document_fetched", NODE)
    assert book.refusals == []


REFUSED: list[Any] = [
    pytest.param("/seed/lab-node01/wrong/user-data", {}, {}, "the token is wrong", id="token in the path"),
    pytest.param("/once/lab-node01?t=wrong", {}, {}, "the token is wrong", id="token in the query"),
    pytest.param("/once/lab-node01", {}, {}, "no token was sent", id="no token in the query"),
    pytest.param("/cookie", {"headers": {"Cookie": "key=wrong"}}, {}, "the token is wrong", id="cookie"),
    pytest.param("/cookie", {}, {}, "no token was sent", id="no cookie"),
    pytest.param(
        f"/seed/lab-node01/{WORD}/user-data", {"source": STRANGER}, {}, "only come from", id="another address"
    ),
    pytest.param(
        f"/seed/lab-node01/{WORD}/shadow", {}, {}, "no document of this name", id="no such document"
    ),
    pytest.param(
        f"/seed/lab-node01/{WORD}/user-data", {}, {"stage": "installed"}, "is installed", id="another stage"
    ),
    pytest.param(
        f"/seed/lab-node01/{WORD}/user-data", {}, {"tokens": {}}, "token is wrong", id="no token at all"
    ),
    pytest.param(f"/once/lab-node01?t={WORD}", {}, {"given": frozenset({"answer"})}, "already", id="twice"),
    pytest.param(
        f"/seed/lab-node01/{WORD}/user-data",
        {},
        {"platform": "third"},
        "another platform",
        id="another platform",
    ),
    *[
        pytest.param(
            f"/both/lab-node01/{word}", {"method": "POST", "data": data}, {}, reason, id=f"both: {reason}"
        )
        for word, data, reason in (
            (WORD, interfaces("52:54:00:99:99:99"), "lab-node01 has another MAC"),
            (WORD, b"", "names no MAC"),
            ("wrong", interfaces(MAC), "the token is wrong"),
        )
    ],
    *[
        pytest.param("/api/answer", {"method": "POST", **more}, {}, reason, id=f"MAC: {name}")
        for name, more, reason in (
            ("another", {"data": interfaces("52:54:00:99:99:99")}, "no machine with such a MAC"),
            ("none", {"data": b"{}"}, "no machine with such a MAC"),
            ("elsewhere", {"data": json.dumps({"mac": MAC}).encode()}, "no machine with such a MAC"),
            ("twice", {"data": b'{"network_interfaces": [], "network_interfaces": []}'}, "no JSON"),
            ("no JSON", {"data": b"\xff{"}, "no JSON"),
            ("too deep", {"data": b"[" * 30_000}, "no JSON"),
            ("another address", {"data": interfaces(MAC), "source": STRANGER}, "only come from"),
        )
    ],
]


@pytest.mark.parametrize(("path", "options", "changes", "reason"), REFUSED)
async def test_whoever_fails_one_proof_gets_the_nothing_of_an_unknown_path_and_the_reason_is_audited(
    path: str, options: dict[str, Any], changes: dict[str, Any], reason: str, server: Any, book: Any
) -> None:
    book.known = expected(**changes)
    answer = await server.ask(path, **options)
    assert answer == await server.ask("/nothing/here")
    assert answer.status == 404
    if reason == "another platform":
        reason = "of a platform without such a path"
    assert reason in book.refusals[0][2]
    assert book.reports == []


async def test_a_token_in_a_path_stands_in_no_log_wherever_it_was_put(
    server: Any, book: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for path in (f"/seed/lab-node01/{WORD}/user-data", f"/event/{WORD}"):
        await server.ask(path, source=STRANGER, method="POST" if "event" in path else "GET")
    for path in (
        f"/seed/lab-node01/{WORD}",
        f"/sede/lab-node01/{WORD}/user-data",
        f"/{WORD}",
        f"/event/{WORD}",
    ):
        await server.ask(path)
    assert len(book.refusals) == 6
    assert book.refusals[0][0] == "/seed/lab-node01/***/user-data"
    for text in (*(path for path, _, _ in book.refusals), journal(caplog.records)):
        assert WORD not in text
    assert WORD not in (await server.ask("/metrics")).text


async def test_an_optional_document_that_is_not_there_is_nothing_to_be_alarmed_by(
    server: Any, book: Any
) -> None:
    answer = await server.ask(f"/seed/lab-node01/{WORD}/vendor-data")
    assert answer == await server.ask("/nothing/here")
    assert len(book.refusals) == 1, "that of the path that is not there"


async def test_of_two_who_ask_at_once_for_what_is_given_once_the_book_lets_one_in(
    serve: Callable[..., Awaitable[Any]],
) -> None:
    class Once(RecordingBook):
        async def report(self, guest: Any, report: Report) -> None:
            if self.reports:
                raise GivenAlready
            assert report.once
            await super().report(guest, report)

    book = Once(expected())
    server = await serve(book, tables=TABLES)
    answers = [await server.ask(f"/once/lab-node01?t={WORD}") for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 404]
    assert "already" in book.refusals[0][2]


async def test_two_platforms_may_have_the_same_path_and_each_machine_gets_what_its_own_serves(
    serve: Callable[..., Awaitable[Any]], book: Any
) -> None:
    route = BootRoute("GET", "/seed/{server_id}/{token}/{name}", "document", (Token("other", "path"), OPEN))
    server = await serve(book, tables={"third": replace(TABLE, routes=(route,)), "other": TABLE})
    path = f"/seed/lab-node01/{WORD}/user-data"
    assert (await server.ask(path)).status == 200
    book.known = expected(platform="third", tokens={"other": sha256(WORD)})
    assert (await server.ask(path, source=STRANGER)).status == 200
    book.known = expected(platform="third")
    assert (await server.ask(path)).status == 404


class TestReaders:
    """A platform reads what its machines report; how much, how long and how far it is kept is the same for all."""

    async def say(self, server: Any, *events: dict[str, Any]) -> Any:
        body = json.dumps({"events": events}).encode()
        return await server.ask(f"/event/{WORD}", method="POST", data=body)

    async def test_one_body_may_hold_several_reports(self, server: Any, book: Any) -> None:
        answer = await self.say(
            server, {"kind": "log", "text": "a"}, {"kind": "phase", "phase": 2, "text": "x" * 5000}
        )
        assert (answer.status, [report.kind for _, report in book.reports]) == (204, ["log", "phase"])
        assert book.reports[1][1].message.endswith("… (3000 more characters were left out)")

    @pytest.mark.parametrize(
        ("events", "said"),
        [
            ([{"kind": "phase", "phase": 3, "text": ""}], "from 1 to 2"),
            ([{"kind": "phase", "text": ""}], "from 1 to 2"),
            ([{"kind": "script_fetched", "text": "boot"}], "a phase, a line of the log or an error"),
            ([{"kind": "log", "text": ""}] * (REPORTS_LIMIT + 1), "100 reports at most"),
            ([{"kind": "log"}], "makes no sense"),
        ],
        ids=["phase", "no phase", "kind", "many", "unread"],
    )
    async def test_what_it_makes_of_a_strangers_words_is_held_to_the_bounds(
        self, events: list[dict[str, Any]], said: str, server: Any, book: Any
    ) -> None:
        answer = await self.say(server, *events)
        assert answer.status == 400 and said in answer.text
        assert book.reports == []

    async def test_a_reader_that_breaks_is_a_few_lines_of_the_journal_without_a_word_of_the_body(
        self, server: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        for _ in range(20):
            assert (await server.ask(f"/event/{WORD}", method="POST", data=b"sesame")).status == 400
        told = [record for record in caplog.records if record.msg == "report_unread"]
        assert len(told) == 5 and "sesame" not in journal(caplog.records)
        assert not any(record.exc_info for record in caplog.records)


class TestLint:
    """The linter names what would let a stranger in or leave a machine standing."""

    def test_a_sound_table_has_nothing_wrong(self) -> None:
        assert lint_table(TABLE) == []

    @pytest.mark.parametrize(
        ("route", "said"),
        [
            (BootRoute("GET", "/healthz", "document", (Token("a", "query"), OPEN), "answer"), "nxd's own"),
            (BootRoute("GET", "/a", "document", (Token("a", "query"), Source()), "answer"), "no stages"),
            (BootRoute("GET", "/a", "document", (Source(), OPEN), "answer"), "neither a token nor a MAC"),
            (BootRoute("POST", "/a", "document", (AT, OPEN), "answer"), "neither a token nor the source"),
            (BootRoute("GET", "/a", "document", (AT, Source(), OPEN), "answer"), "only what is posted"),
            (BootRoute("GET", "/a/{token}", "document", (Token("a", "query"), OPEN), "answer"), "{token}"),
            (BootRoute("GET", "/a", "document", (Token("a", "path"), OPEN), "answer"), "{token}"),
            (
                BootRoute("GET", "/a", "document", (Token("a", "query"), OPEN), "nothing"),
                "no document 'nothing'",
            ),
            (BootRoute("GET", "/a/{name}", "document", (Token("a", "query"), OPEN), "answer"), "another one"),
            (
                BootRoute("GET", "/a/{machine}", "document", (Token("a", "query"), OPEN), "answer"),
                "called machine",
            ),
            (BootRoute("POST", "/a", "report", (Token("a", "bearer"), OPEN), "nobody"), "no reader 'nobody'"),
            (BootRoute("GET", "/a", "report", (Token("a", "bearer"), OPEN), "events"), "has to be posted"),
            (BootRoute("POST", "/a", "report", (Token("a", "bearer"), OPEN, Once()), "events"), "given once"),
            (BootRoute("GET", "/a", "image", (Source(), OPEN)), "{name}"),
            (BootRoute("GET", "/a", "script", (Token("a", "query"), OPEN)), "no scripts"),
            (replace(TABLE.routes[0], path="/seed/{name}/{token}/{server_id}"), "more than once"),
        ],
    )
    def test_a_route_that_is_not_sound_is_named(self, route: BootRoute, said: str) -> None:
        (problem,) = lint_table(replace(TABLE, routes=(*TABLE.routes, route)))
        assert said in problem and ("/a" in problem or "/healthz" in problem or "/seed" in problem)

    @pytest.mark.parametrize(
        ("file", "text", "said"),
        [
            ("boot.ipxe.j2", "#!ipxe\necho {{ colour }}\n", "colour"),
            ("boot.ipxe.j2", "#!ipxe\ngoto away\n", "no label away"),
            ("boot.ipxe.j2", "#!ipxe\n{% if %}\n", "broken"),
            ("user-data.j2", "{% if false %}{{ nobody }}{% endif %}", "nobody fills nobody"),
            ("boot.uefi.ipxe.j2", None, "no template boot.uefi.ipxe.j2"),
        ],
    )
    def test_a_template_that_is_not_sound_is_named_for_each_script_and_personality(
        self, file: str, text: str | None, said: str, tmp_path: Path
    ) -> None:
        sound, unsound = (
            tmp_path / "sound",
            tmp_path / "unsound",
        )  # a template is read once, whatever becomes of it
        for folder in (sound, unsound):
            folder.mkdir()
            for name in ("boot.ipxe.j2", "boot.uefi.ipxe.j2"):
                (folder / name).write_text("#!ipxe\necho {{ server_id }} {{ boot }}\n")
        boot = BootRoute("GET", "/boot/{server_id}", "script", (Token("a", "query"), OPEN))
        routes = (boot, replace(boot, path="/uefi/{server_id}", personality="uefi"))
        table = BootTable(sound, routes, {"boot": "boot"}, {"server_id": "node01"})
        assert lint_table(table) == []
        if text is None:
            (unsound / file).unlink()
        else:
            (unsound / file).write_text(text)
        problems = lint_table(replace(table, templates=unsound))
        assert problems and all(file in problem for problem in problems)
        assert any(said in problem for problem in problems)

    @pytest.mark.parametrize(
        ("alter", "said"),
        [
            (lambda t: t, None),
            (lambda t: t.replace(" rdinit=/nxd/init ", " "), "belong together"),
            (lambda t: t.replace("/nxd-agent.img ", "/else.img "), "belong together"),
            (lambda t: t.replace(" initrd=nxd-agent.img ", " "), "belong together"),
        ],
        ids=["sound", "no first program", "not appended", "not named to the kernel"],
    )
    def test_a_script_appends_the_agent_whole_or_not_at_all(
        self, alter: Callable[[str], str], said: str | None, tmp_path: Path
    ) -> None:
        text = (
            "#!ipxe\n:e\nkernel --timeout 9 http://a/k initrd=i initrd=nxd-agent.img rdinit=/nxd/init a=b || goto e\n"
            "initrd --timeout 9 http://a/nxd-agent.img || goto e\n"
        )
        (tmp_path / "boot.ipxe.j2").write_text(alter(text))
        boot = BootRoute("GET", "/boot/{server_id}", "script", (Token("a", "query"), OPEN))
        table = BootTable(tmp_path, (boot, AGENT), {"boot": "boot"}, {}, agent=("boot",))
        problems = lint_table(table)
        assert (problems == []) if said is None else (len(problems) == 1 and said in problems[0])
        assert any("belong together" in one for one in lint_table(replace(table, agent=()))), (
            "the table says it"
        )
        assert "no route serves it" in "".join(lint_table(replace(table, routes=(boot,))))
