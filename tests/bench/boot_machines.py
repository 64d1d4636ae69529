"""The machines of a storm, as a program of their own: each asks once for its script, and then for its configuration.

Reads ``{"machines": [[address, port, path], …], "config_port": …, "within": seconds}`` and prints what each waited for
either, in ms, and how many answers were lost.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
import time

PATIENCE = 30.0
_TOKEN = re.compile(rb"nxd_token=(\S+)")


async def _ask(source: str, port: int, path: str, header: str = "") -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: nxd\r\n{header}Connection: close\r\n\r\n".encode())
        answer = await reader.read()
    finally:
        writer.close()
    if not answer.startswith(b"HTTP/1.1 200 "):
        raise ConnectionError(answer[:80])
    return answer


async def _machine(
    source: str, port: int, path: str, config_port: int, after: float
) -> tuple[float, float] | None:
    await asyncio.sleep(after)
    try:
        async with asyncio.timeout(PATIENCE):
            begun = time.perf_counter()
            script = await _ask(source, port, path)
            between = time.perf_counter()
            token = _TOKEN.search(script)
            assert token is not None
            await _ask(
                source, config_port, "/server-config", f"Authorization: Bearer {token[1].decode()}\r\n"
            )
            ended = time.perf_counter()
    except (OSError, TimeoutError, AssertionError) as error:
        print(f"lost: {error!r}", file=sys.stderr)
        return None
    return (between - begun) * 1000, (ended - between) * 1000


async def _storm(given: dict[str, object]) -> None:
    chance = random.Random(1)
    machines, within = given["machines"], given["within"]
    assert isinstance(machines, list) and isinstance(within, float)
    told = await asyncio.gather(
        *(_machine(*one, given["config_port"], chance.random() * within) for one in machines)
    )
    answered = [one for one in told if one is not None]
    scripts, configurations = zip(*answered, strict=True) if answered else ((), ())
    print(json.dumps({"script": scripts, "config": configurations, "lost": len(told) - len(answered)}))


if __name__ == "__main__":
    asyncio.run(_storm(json.load(sys.stdin)))
