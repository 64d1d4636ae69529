"""Networks, ports and an address of loopback that this process has for itself, so that tests run side by side."""

from __future__ import annotations

import atexit
import socket
from functools import cache
from itertools import cycle

BLOCKS = range(64, 240)
"""Second numbers of the 127.N.0.0/16 that tests share out; demos, the bench and bare sources use lower ones."""
CLAIM = 24_024
"""The port that whoever has a block listens at: the system gives the block back when its process ends, however it
ends."""
PORTS = 10_000
"""Where the ports begin that tests share out, a hundred a block: below those that the system gives away itself."""
A_BLOCK = 100


@cache
def _block() -> tuple[int, socket.socket]:
    """The block of this process, and the socket that keeps it."""
    for number in BLOCKS:
        try:
            claim = socket.create_server((f"127.{number}.255.254", CLAIM))
        except OSError:
            continue
        atexit.register(claim.close)
        return number, claim
    raise AssertionError(
        f"every block from 127.{BLOCKS[0]} to 127.{BLOCKS[-1]} is taken: do old tests run still?"
    )


def networks(prefix: int = 24) -> tuple[str, str]:
    """A management and a workload network of this length, at least 17, that no other process has."""
    number, _ = _block()
    second = 1 << max(0, 24 - prefix)
    return f"127.{number}.0.0/{prefix}", f"127.{number}.{second}.0/{prefix}"


def apart() -> list[str]:
    """The words by which a demo keeps to networks that no other process has."""
    management, workload = networks()
    return ["--management", management, "--workload", workload]


def address() -> str:
    """An address outside of these networks that no other process listens at."""
    return f"127.{_block()[0]}.255.1"


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens at and no other process is given."""
    found: list[int] = []
    while len(found) < count:
        port = next(_own_ports())
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        found.append(port)
    return found


@cache
def _own_ports() -> cycle[int]:
    first = PORTS + A_BLOCK * (_block()[0] - BLOCKS[0])
    return cycle(range(first, first + A_BLOCK))
