"""Every route of the boot server, asked by programs that are no test's own: curl and wget, from a machine's address."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import time
from dataclasses import dataclass
from typing import Literal

import pytest

from tests.real.lab import Lab
from tests.real.network import BRIDGE, ip

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
Program = Literal["curl", "wget"]


@dataclass(frozen=True)
class Answer:
    """What a program got."""

    status: int
    headers: str
    body: bytes


def ask(
    program: Program,
    source: str,
    url: str,
    *headers: str,
    post: str = "",
    method: str = "GET",
    start: int = 0,
) -> Answer:
    """Ask from this address, with ``post`` as the body of a POST, for what comes from byte ``start`` on."""
    if program == "curl":
        words = [
            "curl",
            "-s",
            "-i",
            "--max-time",
            "20",
            "--interface",
            source,
            "-X",
            "POST" if post else method,
        ]
        words += [word for header in headers for word in ("-H", header)] + (["-d", post] if post else [])
        words += ["-r", f"{start}-"] if start else []
        head, _, body = subprocess.run([*words, url], capture_output=True).stdout.partition(b"\r\n\r\n")
        said = head.decode()
    else:
        words = ["wget", "-q", "-S", "-O", "-", "-t", "1", "-T", "20", "--no-proxy", "--content-on-error"]
        words += [f"--bind-address={source}", *(f"--header={header}" for header in headers)]
        words += [f"--post-data={post}"] if post else [f"--method={method}"]
        words += [f"--start-pos={start}"] if start else []
        ran = subprocess.run([*words, url], capture_output=True)
        said, body = ran.stderr.decode(), ran.stdout
    found = re.search(r"HTTP/1\.1 (\d{3})", said)
    assert found is not None, (words, said)
    return Answer(int(found[1]), said, body)


def test_every_route_answers_curl_and_wget_and_turns_others_away(lab: Lab) -> None:
    lab.order("node01")
    every_route(lab, "node01", "curl")
    every_route(lab, "node01", "wget")


def every_route(lab: Lab, node: str, program: Program) -> None:
    """From the address of this node, as its machine would come."""
    source, url = lab.entity(node)["addresses"]["mgmt"], lab.user_data(node)
    ip("addr", "add", f"{source}/24", "dev", BRIDGE)
    try:
        boot = url.partition("/boot/ipxe/")[0]
        for path, inside in (("/healthz", b"ok"), ("/metrics", b"# HELP"), ("/nowhere", b"")):
            found = ask(program, source, boot + path)
            assert (found.status == 404) == (path == "/nowhere") and inside in found.body, path
        script = ask(program, source, url)
        assert script.status == 200 and script.body.startswith(b"#!ipxe\n")
        assert f"Content-Length: {len(script.body)}" in script.headers
        assert ask(program, source, url, method="DELETE").status in (404, 405)
        assert ask(program, source, url.replace("token=", "token=x")).status == 404
        images_are_served(lab, program, source, boot)
        words = dict(re.findall(r"(\w+)=(\S+)", script.body.decode()))
        configuration_and_reports(program, source, words)
    finally:
        ip("addr", "del", f"{source}/24", "dev", BRIDGE)


def images_are_served(lab: Lab, program: Program, source: str, boot: str) -> None:
    """Whole, in parts, once more only if it changed; and the agent."""
    kernel = (lab.stage.directory / "images" / "vmlinuz-foundation").read_bytes()
    url = f"{boot}/pxe/images/vmlinuz-foundation"
    ends = time.monotonic() + 20
    while (whole := ask(program, source, url)).status != 200:
        assert time.monotonic() < ends, "the daemon reads the images that were put there while it runs"
        time.sleep(0.5)
    assert whole.body == kernel
    part = ask(program, source, url, start=len(kernel) - 200)
    assert (part.status, part.body) == (206, kernel[-200:])
    tag = re.search(r"(?i)etag: (\S+)", whole.headers)
    assert tag is not None
    assert ask(program, source, url, f"If-None-Match: {tag[1]}").status == 304
    assert ask(program, source, url, start=len(kernel)).status == 416
    assert ask(program, source, f"{boot}/pxe/images/images.json").status == 404
    agent = ask(program, source, f"{boot}/pxe/nxd-agent.img")
    assert agent.status == 200 and gzip.decompress(agent.body).startswith(b"070701")


def configuration_and_reports(program: Program, source: str, words: dict[str, str]) -> None:
    """With the token of this boot, and with no other."""
    bearer, config, status = (
        f"Authorization: Bearer {words['nxd_token']}",
        words["config_url"],
        words["status_url"],
    )
    assert ask(program, source, config).status == 404
    found = ask(program, source, config, bearer)
    assert found.status == 200 and json.loads(found.body)["boot"] == int(words["nxd_boot"])
    assert b"NXD_NODE_CONFIG_CVM_IP=" in ask(program, source, f"{config}?format=env", bearer).body
    as_json = "Content-Type: application/json"
    phase = json.dumps({"boot": int(words["nxd_boot"]), "seq": 1, "phase": 1, "message": "started"})
    assert ask(program, source, status, bearer, as_json, post=phase).status == 204
    assert ask(program, source, status, bearer, as_json, post=phase).status == 204, "again does no harm"
    assert ask(program, source, status, bearer, as_json, post='{"phase": "9"}').status == 400
    assert ask(program, source, status, as_json, post=phase).status == 404
