"""Asks the API whether it is well, again and again over one connection, as a program of its own: `python boot_health.py
SOCKET` prints, when its input ends, the longest that an answer took, in ms."""

from __future__ import annotations

import select
import socket
import sys
import time

BETWEEN = 0.005
_ASK = b"GET /v1/healthz HTTP/1.1\r\nHost: nxd\r\n\r\n"


def _answered(api: socket.socket) -> None:
    got = b""
    while b"\r\n\r\n" not in got:
        got += api.recv(65536)
    head, _, body = got.partition(b"\r\n\r\n")
    (length,) = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while len(body) < int(length.split(b":")[1]):
        body += api.recv(65536)


def main() -> None:
    longest = 0.0
    with socket.socket(socket.AF_UNIX) as api:
        api.connect(sys.argv[1])
        while not select.select([sys.stdin], [], [], BETWEEN)[0]:
            begun = time.perf_counter()
            api.sendall(_ASK)
            _answered(api)
            longest = max(longest, time.perf_counter() - begun)
    print(longest * 1000)


if __name__ == "__main__":
    main()
