"""The real SDK against servers that refuse, hang up, stall and lie: what may have taken effect is in doubt."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from daemon.clock import ManualClock, SystemClock, count_held, take_held
from daemon.drivers.http import AnswerLost, Line
from daemon.drivers.ibm_auth import TrustedProfile
from daemon.drivers.ibm_calls import IbmCloud
from daemon.drivers.ibm_dns import IbmDns, open_dns
from daemon.drivers.ibm_vpc import IbmVpc, Listed, open_vpc
from daemon.drivers.rates import TokenBucket
from daemon.errors.tree import OutsideError

JSON = {"Content-Type": "application/json"}
TIMEOUT = (2.0, 0.3)


class NoToken(TrustedProfile):
    """Calls go out without a token: what is tested here is what comes back."""

    def at_hand(self) -> str | None:
        return "none"


PROFILE = NoToken("Profile-1", "http://127.0.0.1:1")


@pytest.fixture(scope="module")
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


@pytest.fixture
async def vpc(threads: ThreadPoolExecutor) -> AsyncIterator[Callable[[str], IbmVpc]]:
    made: list[IbmVpc] = []

    def client(url: str, timeout: tuple[float, float] = TIMEOUT) -> IbmVpc:
        bucket = TokenBucket(1000, SystemClock())
        made.append(open_vpc(IbmCloud(PROFILE, threads, 8, timeout), f"{url}/v1", bucket))
        return made[-1]

    yield client
    for one in made:
        await one.close()


@pytest.fixture
async def dns(threads: ThreadPoolExecutor) -> AsyncIterator[Callable[[str], IbmDns]]:
    made: list[IbmDns] = []

    def client(url: str) -> IbmDns:
        bucket = TokenBucket(1000, SystemClock())
        made.append(open_dns(IbmCloud(PROFILE, threads, 8, TIMEOUT), f"{url}/v1", bucket))
        return made[-1]

    yield client
    for one in made:
        await one.close()


def says(status: int, body: object, headers: dict[str, str] | None = None) -> Callable[..., Any]:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda method, path, sent: (status, {**JSON, **(headers or {})}, content)


@pytest.mark.parametrize(
    ("manner", "code"),
    [("refused", "unreachable"), ("reset", "in_doubt"), ("silent", "in_doubt"), ("cut", "in_doubt"),
     ("gibberish", "in_doubt")],
)  # fmt: skip
async def test_only_a_connection_that_was_never_made_is_no_doubt(
    vpc: Any, rude: Any, manner: str, code: str
) -> None:
    client = vpc(f"http://127.0.0.1:{rude(manner)}")
    with pytest.raises(OutsideError) as caught:
        await client.reserve_ip("subnet", "10.0.0.9", "name")
    assert (caught.value.code, caught.value.status, caught.value.retry) == (code, None, "now")
    assert caught.value.evidence


async def test_the_sdk_repeats_nothing_by_itself(vpc: Any, serve: Any) -> None:
    server = serve(says(500, {"errors": [{"code": "internal_error", "message": "x"}]}))
    with pytest.raises(OutsideError, match="create subnet reserved ip"):
        await vpc(server.url).reserve_ip("subnet", "10.0.0.9", "name")
    assert server.asked == ["POST /v1/subnets/subnet/reserved_ips"]


async def test_not_even_a_deletion_whose_answer_is_lost_is_repeated(
    vpc: Any, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(method: str, path: str, sent: bytes) -> Any:
        if method == "DELETE":
            raise ConnectionError
        return 200, JSON, b'{"id": "s"}'

    monkeypatch.setattr("socketserver.BaseServer.handle_error", lambda *_: None)
    server = serve(lose)
    client = vpc(server.url)
    await client.server("s")
    with pytest.raises(OutsideError) as caught:
        await client.release_ip("subnet", "ip")
    assert caught.value.code == "in_doubt"
    assert server.asked == ["GET /v1/bare_metal_servers/s", "DELETE /v1/subnets/subnet/reserved_ips/ip"]


@pytest.mark.parametrize(
    ("status", "headers", "body", "code"),
    [
        (200, JSON, b'{"id": "r0', "malformed"),
        (200, {"Content-Type": "text/plain"}, b"all is well", "malformed"),
        (200, {"Content-Type": "text/html"}, b"<html>log in first</html>", "malformed"),
        (502, {"Content-Type": "text/html", "Server": "cloudflare"}, b"<html>", "unavailable"),
        (500, JSON, b"", "unavailable"),
    ],
)
@pytest.mark.parametrize("call", ["server", "reserve_ip", "vnis"])
async def test_an_answer_that_is_not_the_apis_is_told_as_such(
    vpc: Any, serve: Any, call: str, status: int, headers: dict[str, str], body: bytes, code: str
) -> None:
    client = vpc(serve(says(status, body, headers)).url)
    calls: dict[str, Callable[[], Any]] = {
        "server": lambda: client.server("s"),
        "reserve_ip": lambda: client.reserve_ip("subnet", "10.0.0.9", "name"),
        "vnis": lambda: client.vnis(Listed),
    }
    with pytest.raises(OutsideError) as caught:
        await calls[call]()
    assert caught.value.code == code


async def test_a_proxy_of_the_environment_is_used_and_looked_up_once(
    vpc: Any, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(says(200, {"id": "s"}))
    monkeypatch.setenv("http_proxy", proxy.url)
    client = vpc("http://vpc.invalid")
    assert await client.server("s") == {"id": "s"}
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert await client.server("s") == {"id": "s"}
    assert proxy.asked == ["GET http://vpc.invalid/v1/bare_metal_servers/s"] * 2


@pytest.mark.parametrize("page", [b"<html><body>Not Found</body></html>", b"", b"no such route"])
async def test_a_404_that_is_not_the_service_s_own_proves_nothing(vpc: Any, serve: Any, page: bytes) -> None:
    client = vpc(serve(says(404, page, {"Content-Type": "text/html"})).url)
    for look in (client.server("s"), client.delete_vni("v"), client.vpc("r006-1")):
        with pytest.raises(OutsideError) as caught:
            await look
        assert (caught.value.code, caught.value.retry) == ("malformed", "now")


async def test_a_list_is_read_to_its_last_page(vpc: Any, serve: Any) -> None:
    def pages(method: str, path: str, sent: bytes) -> Any:
        number = int(path.partition("start=")[2].partition("&")[0] or 0)
        more = {"next": {"href": f"http://x/v1/v?limit=2&start={number + 1}"}} if number < 3 else {}
        body = {"virtual_network_interfaces": [{"id": f"v{number}", "name": "a"}], **more}
        return 200, JSON, json.dumps(body).encode()

    server = serve(pages)
    assert [one.id for one in await vpc(server.url).vnis(Listed)] == ["v0", "v1", "v2", "v3"]
    assert len(server.asked) == 4


@pytest.mark.parametrize("body", [{}, [], {"virtual_network_interfaces": 7}, b""])
async def test_an_answer_without_the_list_that_was_asked_for_is_told_as_such(
    vpc: Any, serve: Any, body: object
) -> None:
    with pytest.raises(OutsideError) as caught:
        await vpc(serve(says(200, body)).url).vnis(Listed)
    assert caught.value.code == "malformed"


@pytest.mark.parametrize(
    ("status", "code"), [(400, "not_found"), (403, "not_authorized"), (500, "not_found"), (410, "gone")]
)
async def test_only_a_404_proves_that_a_thing_is_gone(
    vpc: Any, dns: Any, serve: Any, status: int, code: str
) -> None:
    server = serve(says(status, {"errors": [{"code": code, "message": "x"}]}))
    for look in (
        vpc(server.url).server("s"),
        vpc(server.url).vni("v"),
        dns(server.url).record("i", "z", "r"),
    ):
        with pytest.raises(OutsideError):
            await look


async def test_a_404_is_an_answer_and_deleting_what_is_gone_is_no_error(
    vpc: Any, dns: Any, serve: Any
) -> None:
    server = serve(says(404, {"errors": [{"code": "not_found", "message": "x"}]}))
    assert await vpc(server.url).server("s") is None
    assert await dns(server.url).record("i", "z", "r") is None
    await vpc(server.url).delete_vni("v")
    await dns(server.url).delete_record("i", "z", "r")
    with pytest.raises(OutsideError):
        await vpc(server.url).reserve_ip("subnet", "10.0.0.9", "name")


async def test_calls_are_made_beside_each_other_and_not_after_each_other(vpc: Any, serve: Any) -> None:
    met = threading.Barrier(8)  # passes when all are there at once

    def together(method: str, path: str, sent: bytes) -> Any:
        if path.endswith("met") or "/met?" in path:
            met.wait(20)
        return 200, JSON, b'{"id": "s"}'

    client = vpc(serve(together).url, (20.0, 20.0))
    await client.server("s")
    answers = await asyncio.gather(*(client.server("met") for _ in range(8)))
    assert [one["id"] for one in answers] == ["s"] * 8


async def test_who_waits_for_a_place_or_a_turn_is_told_how_long_that_was_and_not_how_long_the_call_was(
    threads: ThreadPoolExecutor, serve: Any
) -> None:
    def slow(method: str, path: str, sent: bytes) -> Any:
        time.sleep(0.15)
        return 200, JSON, b'{"id": "s"}'

    one_place = IbmCloud(PROFILE, threads, 1, TIMEOUT)
    client = open_vpc(one_place, f"{serve(slow).url}/v1", TokenBucket(1000, SystemClock()))

    async def held_up() -> float:
        count_held()
        await client.server("s")
        return take_held()

    await held_up()  # builds the service
    first, *others = sorted(await asyncio.gather(*(held_up() for _ in range(3))))
    await client.close()
    assert first < 0.1
    assert others[0] > 0.14 and others[1] > 0.29


async def test_the_rate_of_calls_is_kept_and_the_burst_is_a_second_s_worth() -> None:
    clock = ManualClock()
    bucket = TokenBucket(10, clock)
    through: list[float] = []

    async def one() -> None:
        await bucket.take()
        through.append(clock.now())

    tasks = [asyncio.create_task(one()) for _ in range(50)]
    began = clock.now()
    for _ in range(100):
        for _ in range(5):
            await asyncio.sleep(0)
        clock.advance(0.1)
    await asyncio.gather(*tasks)
    first_second = [when for when in through if when < began + 1.0]
    assert len(first_second) <= 21
    assert 2.9 <= through[-1] - began <= 5.1


async def test_an_answer_of_too_many_requests_slows_every_caller_of_that_api_down(
    threads: ThreadPoolExecutor, serve: Any
) -> None:
    def refuse(method: str, path: str, sent: bytes) -> Any:
        return (
            429,
            {**JSON, "Retry-After": "7"},
            b'{"errors": [{"code": "rate_limit_exceeded", "message": "x"}]}',
        )

    clock = ManualClock()
    bucket = TokenBucket(10, clock)
    clock.advance(5)
    client = open_vpc(IbmCloud(PROFILE, threads, 8, TIMEOUT), f"{serve(refuse).url}/v1", bucket)
    with pytest.raises(OutsideError) as told:
        await client.server("s")
    await client.close()
    assert (told.value.code, told.value.after, bucket.rate) == ("rate_limited", 7.0, 5.0)
    waiting = asyncio.create_task(bucket.take())
    await asyncio.sleep(0)
    clock.advance(6.9)
    await asyncio.sleep(0)
    assert not waiting.done()
    clock.advance(0.4)
    await asyncio.wait_for(waiting, 5)


@pytest.mark.parametrize("pause", [0.0, 0.1])
async def test_an_answer_without_an_end_is_given_up(pause: float) -> None:
    """By its length, and by its time where it comes drop by drop."""

    ended = asyncio.Event()

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{")
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b" " * (1 if pause else 1 << 20))
                await writer.drain()
                await asyncio.sleep(pause)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        ended.set()

    server = await asyncio.start_server(pour, "127.0.0.1", 0)
    line, began = Line(1), time.monotonic()
    with pytest.raises(AnswerLost):
        await line.ask("GET", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", {}, None, 1, 0.3)
    assert time.monotonic() - began < 20
    await line.close()
    await asyncio.wait_for(ended.wait(), 10)
    server.close()
