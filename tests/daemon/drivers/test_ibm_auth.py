"""One token for everybody, fetched once; a metadata service that fails stalls nobody."""

from __future__ import annotations

import base64
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from daemon.clock import SystemClock
from daemon.drivers.ibm_auth import TrustedProfile
from daemon.drivers.ibm_calls import IbmCloud
from daemon.drivers.ibm_errors import TokenRefused
from daemon.drivers.ibm_vpc import open_vpc
from daemon.drivers.rates import TokenBucket
from daemon.errors.tree import OutsideError

JSON = {"Content-Type": "application/json"}


class Metadata:
    """The two requests that lead to a token. ``failures`` are the answers given first."""

    def __init__(self) -> None:
        self.failures: list[tuple[int, bytes]] = []
        self.profiles: list[Any] = []
        self.pause = 0.0
        self.lifetime = 3600

    def token(self) -> str:
        now = int(time.time())
        claims = json.dumps({"iat": now, "exp": now + self.lifetime}).encode()
        parts = (b'{"alg":"none"}', claims, b"signature")
        return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)

    def __call__(self, method: str, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        time.sleep(self.pause)
        if self.failures:
            status, content = self.failures.pop(0)
            return status, JSON, content
        if method == "POST":
            self.profiles.append(json.loads(body))
        return 200, JSON, json.dumps({"access_token": self.token()}).encode()


@pytest.fixture
def metadata() -> Metadata:
    return Metadata()


def trusted_profile(profile: str, url: str) -> Any:
    return TrustedProfile(profile, url).authenticator()


def bearer(authenticator: Any) -> str:
    request: dict[str, Any] = {"headers": {}}
    authenticator.authenticate(request)
    return str(request["headers"]["Authorization"])


@pytest.mark.parametrize(
    ("profile", "sent"),
    [("Profile-1", {"id": "Profile-1"}), ("crn:v1:a:b", {"crn": "crn:v1:a:b"})],
)
def test_the_profile_is_named_as_it_was_given(
    serve: Any, metadata: Metadata, profile: str, sent: Any
) -> None:
    server = serve(metadata)
    assert bearer(trusted_profile(profile, server.url)).startswith("Bearer ey")
    assert metadata.profiles == [{"trusted_profile": sent}]


def test_twenty_who_come_at_once_share_one_token(serve: Any, metadata: Metadata) -> None:
    metadata.pause = 0.05
    server = serve(metadata)
    authenticator = trusted_profile("Profile-1", server.url)
    together = threading.Barrier(20)

    def come(_: int) -> str:
        together.wait(5)
        return bearer(authenticator)

    with ThreadPoolExecutor(20) as threads:
        tokens = set(threads.map(come, range(20)))
    assert len(tokens) == 1
    assert server.asked == ["PUT /instance_identity/v1/token", "POST /instance_identity/v1/iam_token"]


@pytest.mark.parametrize(
    ("failure", "evidence"),
    [
        ((500, b'{"errors": [{"code": "service_error", "message": "Down."}]}'), "HTTP 500 .*Down."),
        ((502, b"<html><style>p {}</style><h1>Bad Gateway</h1></html>"), "^HTTP 502 Bad Gateway$"),
        ((403, b'{"errors": [{"code": "unauthorized", "message": "It is disabled."}]}'), "It is disabled"),
        ((200, b"not json"), "JSON"),
    ],
)
def test_one_failure_of_the_metadata_service_does_not_stall_the_next_caller(
    serve: Any, metadata: Metadata, failure: tuple[int, bytes], evidence: str
) -> None:
    metadata.failures = [failure]
    authenticator = trusted_profile("Profile-1", serve(metadata).url)
    began = time.monotonic()
    with pytest.raises(TokenRefused, match=evidence):
        bearer(authenticator)
    assert bearer(authenticator).startswith("Bearer ey")
    assert time.monotonic() - began < 5


def test_callers_that_come_during_a_failure_are_not_stalled_either(serve: Any, metadata: Metadata) -> None:
    metadata.pause = 0.05
    metadata.failures = [(500, b"{}")] * 3
    authenticator = trusted_profile("Profile-1", serve(metadata).url)

    def come(_: int) -> str:
        try:
            return bearer(authenticator)
        except TokenRefused:
            return "refused"

    began = time.monotonic()
    with ThreadPoolExecutor(10) as threads:
        told = list(threads.map(come, range(10)))
    assert time.monotonic() - began < 5
    assert told.count("refused") == 3


def test_nobody_there_is_told_and_a_later_caller_tries_again(rude: Any) -> None:
    authenticator = trusted_profile("Profile-1", f"http://127.0.0.1:{rude('refused')}")
    began = time.monotonic()
    for _ in range(2):
        with pytest.raises(TokenRefused, match="ConnectionError"):
            bearer(authenticator)
    assert time.monotonic() - began < 5


def test_neither_a_proxy_nor_a_netrc_file_comes_between_the_host_and_its_metadata_service(
    serve: Any, metadata: Metadata, rude: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{rude('refused')}")
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password geheim\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    seen: list[str] = []

    def watched(method: str, path: str, body: bytes) -> Any:
        seen.append(path)
        return metadata(method, path, body)

    assert bearer(trusted_profile("Profile-1", serve(watched).url)).startswith("Bearer ey")
    assert len(seen) == 2 and all(path.startswith("/instance_identity") for path in seen)


def test_all_services_share_one_authenticator() -> None:
    profile = TrustedProfile("Profile-1", "http://127.0.0.1:1")
    assert profile.authenticator() is profile.authenticator()


def test_a_token_that_runs_out_is_fetched_again(serve: Any, metadata: Metadata) -> None:
    metadata.lifetime = -60
    server = serve(metadata)
    authenticator = trusted_profile("Profile-1", server.url)
    bearer(authenticator)
    fetched = len(server.asked)
    metadata.lifetime = 3600
    bearer(authenticator)
    assert len(server.asked) > fetched


def test_a_token_is_at_hand_until_it_runs_out_or_is_refused_and_looking_waits_for_nobody(
    serve: Any, metadata: Metadata
) -> None:
    profile = TrustedProfile("Profile-1", serve(metadata).url)
    assert profile.at_hand() is None
    metadata.pause = 0.5
    with ThreadPoolExecutor(1) as threads:
        fetched = threads.submit(profile.token)
        began = time.monotonic()
        looks = 0
        while not fetched.done():
            profile.at_hand()
            looks += 1
        assert looks > 100 and 0.4 < time.monotonic() - began < 5
    assert profile.at_hand() == fetched.result()
    profile.renounce()
    assert profile.at_hand() is None
    metadata.lifetime, metadata.pause = -60, 0.0
    profile.token()
    assert profile.at_hand() is None


async def test_a_token_that_the_service_refuses_is_not_used_again(serve: Any, metadata: Metadata) -> None:
    identity = serve(metadata)
    answers = [(401, b'{"errors": [{"code": "token_invalid", "message": "x"}]}'), (200, b'{"id": "s"}')]
    cloud = serve(lambda method, path, body: (answers[0][0], JSON, answers.pop(0)[1]))
    profile = TrustedProfile("Profile-1", identity.url)
    with ThreadPoolExecutor(2) as threads:
        shared = IbmCloud(profile, threads, 2, (2.0, 2.0))
        vpc = open_vpc(shared, f"{cloud.url}/v1", TokenBucket(1000, SystemClock()))
        with pytest.raises(OutsideError) as caught:
            await vpc.server("s")
        assert caught.value.code == "authentication"
        assert identity.asked.count("POST /instance_identity/v1/iam_token") == 1
        assert (await vpc.server("s")) == {"id": "s"}
        await vpc.close()
    assert identity.asked.count("POST /instance_identity/v1/iam_token") == 2
