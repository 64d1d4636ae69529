"""What can go wrong at the command line ends in one clear sentence, the right exit code, and nothing changed."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from daemon import wire
from daemon.client import Client
from tests.loopback import apart

SAMPLES = Path(__file__).parents[3] / "sample-specs"
WRONG = """\
platform: ibm_nutanix
cluster: Not_A_Name
nodes:
  - name: n1
    colour: blue
ibm: nothing
"""


def files(directory: Path) -> dict[str, bytes]:
    """Everything in a directory but sockets, by path."""
    paths = [path for path in directory.rglob("*") if path.is_file() and path.name != "nxd.yaml"]
    return {str(path.relative_to(directory)): path.read_bytes() for path in paths}


@pytest.mark.parametrize("command", [("validate",), ("apply",), ("plan",)])
def test_a_wrong_spec_is_told_mistake_by_mistake_with_its_place(
    place: Any, served: Any, command: tuple[str, ...]
) -> None:
    path = place.directory / "wrong.yaml"
    path.write_text(WRONG)
    ended = place.run(*command, str(path), env={"NXD_SOCKET": str(served.socket)})
    ended.refused_with(2)
    lines = ended.err.strip().splitlines()
    assert len(lines) >= 4
    places = [line.removeprefix(f"{path}:").split(":")[:2] for line in lines]
    assert all(line.startswith(f"{path}:") for line in lines)
    numbers = [(int(line), int(column)) for line, column in places]
    assert numbers == sorted(numbers) and {line for line, _ in numbers} >= {2, 5, 6}
    with Client(served.socket) as client:
        assert [c["name"] for c in client.clusters()] == ["solo"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("missing.yaml", ("cannot be read", "YAML file")),
        (".", ("is a directory", "or - for the input")),
        ("pipe", ("is a pipe", "or - for the input")),
        ("/dev/zero", ("is a device", "or - for the input")),
        ("long", ("more than 262,144 bytes",)),
        ("binary", ("holds the byte 0x89 on line 1, column 1, which is no UTF-8",)),
    ],
)
@pytest.mark.parametrize("command", ["validate", "apply"])
def test_a_spec_that_cannot_be_read_is_told(
    place: Any, served: Any, command: str, path: str, said: tuple[str, ...]
) -> None:
    (place.directory / "binary").write_bytes(b"\x89PNG\r\n\x1a\n\x00")
    (place.directory / "long").write_bytes(b"#" * (wire.SPEC_LIMIT + 1))
    os.mkfifo(place.directory / "pipe")
    ended = place.run(command, path, env={"NXD_SOCKET": str(served.socket)})
    ended.refused_with(2, path, *said)


def test_a_missing_and_an_unknown_setting_are_told_together_with_where_they_stand(place: Any) -> None:
    place.write(environment=None, colour="blue", boot={**place.settings["boot"], "listen": "nowhere"})
    ended = place.run("serve")
    ended.refused_with(
        2, "environment is missing", "NXD_ENVIRONMENT", "colour", "boot.listen", str(place.config)
    )
    assert len(ended.err.strip().splitlines()) == 3
    assert files(place.directory) == {}


def test_no_settings_file_is_told(place: Any) -> None:
    nowhere = place.directory / "nowhere.yaml"
    ended = place.run("--config", str(nowhere), "serve")
    ended.refused_with(2, str(nowhere), "--config")


@pytest.mark.parametrize("command", [("nxd", "status"), ("nxtui",)])
def test_settings_that_would_never_end_are_told_at_once(place: Any, command: tuple[str, ...]) -> None:
    os.mkfifo(place.directory / "pipe")
    (place.directory / "long").write_bytes(b"#" * 300_000)
    for path, said in (
        ("pipe", "is a pipe"),
        ("/dev/zero", "is a device"),
        (".", "is a directory"),
        ("long", "more than 262,144 bytes"),
    ):
        words = [Path(sys.executable).with_name(command[0]), "--config", path, *command[1:]]
        ended = subprocess.run(
            words, env=place.environ(), cwd=place.directory, capture_output=True, text=True, timeout=20
        )
        assert (ended.returncode, said in ended.stderr) == (2, True) and path in ended.stderr, ended


def test_a_pipe_that_a_shell_made_is_a_spec_like_another(place: Any) -> None:
    sample = Path(__file__).parents[3] / "sample-specs" / "one-node.yaml"
    for given in (f"<(cat {sample})", f"/dev/stdin < {sample}", f"/dev/stdin < <(cat {sample})"):
        words = ["bash", "-c", f"{sys.executable} -m daemon.cli validate {given}"]
        ended = subprocess.run(words, env=place.environ(), capture_output=True, text=True, timeout=20)
        assert (ended.returncode, "no mistake found" in ended.stdout) == (0, True), ended


@pytest.mark.parametrize("setting", ["boot.listen", "config.listen"])
def test_a_port_in_use_is_told_with_the_setting_to_change(place: Any, setting: str) -> None:
    key = setting.partition(".")[0]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        place.write(**{key: {**place.settings[key], "listen": address}})
        ended = place.run("serve")
    last = ended.err.strip().splitlines()[-1]
    assert (ended.code, "Traceback" in ended.err) == (1, False), ended
    assert all(word in last for word in (address, "the port is in use", setting))
    assert not place.socket.exists()


def test_a_second_daemon_on_the_same_state_directory_is_refused_and_the_first_works_on(
    served: Any, another: Any
) -> None:
    second = another()
    second.write(state_dir=served.settings["state_dir"])
    ended = second.run("serve")
    ended.refused_with(1, served.settings["state_dir"], "Another nxd", "state_dir")
    assert not second.socket.exists()
    assert served.run("status").code == 0


def test_a_second_daemon_on_the_same_socket_is_refused_and_the_first_works_on(
    served: Any, another: Any
) -> None:
    second = another()
    second.write(socket=str(served.socket))
    ended = second.run("serve")
    assert (ended.code, "Traceback" in ended.err) == (1, False), ended
    last = ended.err.strip().splitlines()[-1]
    assert "Another nxd answers" in last and str(served.socket) in last
    assert served.run("status").code == 0


def test_a_socket_that_a_killed_daemon_left_is_no_obstacle(place: Any) -> None:
    killed = place.serve()
    killed.kill()
    killed.wait(10)
    assert place.socket.exists()
    place.serve()
    assert place.run("status").code == 0


@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("show", "node01"),
        ("events",),
        ("logs",),
        ("wait", "demo"),
        ("plan", str(SAMPLES / "one-node.yaml")),
        ("apply", str(SAMPLES / "one-node.yaml")),
        ("retry", "node01"),
        ("destroy", "demo"),
        ("rollback", "demo", "--yes"),
    ],
    ids=lambda command: " ".join(Path(word).name for word in command),
)
def test_without_a_daemon_every_command_says_so(place: Any, command: tuple[str, ...]) -> None:
    ended = place.run(*command)
    ended.refused_with(3, str(place.socket), "nxd serve")
    assert ended.out == ""


def test_a_socket_that_is_an_ordinary_file_is_no_daemon(place: Any) -> None:
    place.socket.write_text("")
    place.run("status").refused_with(3, str(place.socket))
    ended = place.run("serve")
    assert (ended.code, "Traceback" in ended.err) == (2, False), ended
    assert str(place.socket) in ended.err


@pytest.mark.parametrize(
    ("how", "code"), [("garbage", 4), ("newer", 4), ("another program's", 4), ("a directory", 4)]
)
def test_a_broken_database_is_told_and_left_as_it_is(place: Any, how: str, code: int) -> None:
    path = place.directory / "state" / "nxd.db"
    path.parent.mkdir()
    if how == "garbage":
        path.write_bytes(b"garbage" * 1000)
    elif how == "newer":
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA user_version = 99")
    elif how == "another program's":
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.execute("CREATE TABLE songs (title TEXT)")
    else:
        path.mkdir()
    before = {key: value for key, value in files(place.directory).items() if "nxd.db" in key}
    ended = place.run("serve")
    ended.refused_with(code, str(path))
    after = {key: value for key, value in files(place.directory).items() if "nxd.db" in key}
    assert after == before
    assert not place.socket.exists()


def test_a_state_directory_that_cannot_be_is_told(place: Any) -> None:
    (place.directory / "file").write_text("")
    place.write(state_dir=str(place.directory / "file" / "state"))
    place.run("serve").refused_with(2, "state_dir", "cannot be used")


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (("show", "nobody"), 2, ("nobody", "nxd status")),
        (("status", "nobody"), 2, ("nobody",)),
        (("logs", "nobody"), 2, ("nobody",)),
        (("wait", "nobody"), 2, ("nobody",)),
        (("wait", "nobody", "--for", "gone"), 2, ("There is no node or cluster named nobody",)),
        (("wait", "", "--for", "gone"), 2, ("empty",)),
        (("show", ""), 2, ("empty",)),
        (("status", ""), 2, ("empty",)),
        (("logs", " "), 2, ("empty",)),
        (("spec", ""), 2, ("empty",)),
        (("retry", ""), 2, ("empty",)),
        (("login", ""), 2, ("empty",)),
        (("audit", "--delete", ""), 2, ("empty",)),
        (("login", "solo01"), 2, ("solo01 is a node", "nxd login solo")),
        (("retry", "nobody"), 2, ("nobody", "nxd status")),
        (("retry", "solo01"), 4, ("It is pending",)),
        (("hold", "solo"), 4, ("It is held",)),
        (("rollback", "solo", "--plan", "0" * 16), 4, ("plan", "confirm")),
        (("destroy", "solo"), 4, ("not a terminal", "--plan")),
        (("explode",), 2, ("explode",)),
        (("status", "--nonsense"), 2, ("--nonsense",)),
        (("wait", "solo", "--timeout", "soon"), 2, ("soon",)),
        (("schema", "nowhere"), 2, ("nowhere", "ibm_nutanix")),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_what_cannot_be_is_refused_with_its_exit_code_and_changes_nothing(
    served: Any, command: tuple[str, ...], code: int, words: tuple[str, ...]
) -> None:
    def situation() -> list[Any]:
        with Client(served.socket) as client:
            return [
                (e["name"], e["state"], e["attempt"], e["wish"]) for e in client.nodes() + client.clusters()
            ]

    before = situation()
    served.run(*command).refused_with(code, *words)
    assert situation() == before


def test_a_wait_that_is_given_up_says_that_the_work_goes_on(at_work: Any) -> None:
    at_work.run("wait", "solo", "--timeout", "0.2").refused_with(5, "solo", "the work goes on")


@pytest.mark.parametrize("command", [("events",), ("wait", "solo")], ids=" ".join)
def test_ctrl_c_is_130_and_one_word(at_work: Any, command: tuple[str, ...]) -> None:
    read, write = os.pipe()
    child = at_work.start(*command, stdout=write)
    os.close(write)
    with open(f"/proc/{child.pid}/cmdline"), contextlib.closing(os.fdopen(read)):
        with Client(at_work.socket) as client:
            follows(at_work, child.pid)
            assert client.health()
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=20)
    assert (child.returncode, "Traceback" in err, err.strip()) == (130, False, "Interrupted.")


def follows(served: Any, pid: int) -> None:
    """Wait until the process is connected to the daemon's socket."""
    import time

    until = time.monotonic() + 20
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            links = [os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir()]
            inodes = {link[8:-1] for link in links if link.startswith("socket:[")}
            table = [row.split() for row in Path("/proc/net/unix").read_text().splitlines()[1:]]
            if any(row[6] in inodes and row[5] == "03" for row in table):
                return
        time.sleep(0.02)
    raise AssertionError("the command does not follow the daemon")


def test_a_daemon_that_is_told_to_stop_stops_quietly_and_removes_its_socket(place: Any) -> None:
    child = place.serve()
    child.send_signal(signal.SIGINT)
    assert child.wait(15) == 0
    assert not place.socket.exists()
    assert "Traceback" not in (place.directory / "serve.log").read_text()


@pytest.mark.parametrize(
    "command", [("status", "--json"), ("status",), ("logs",), ("schema",), ("--help",), ("show", "solo01")],
    ids=" ".join,
)  # fmt: skip
def test_a_reader_that_leaves_early_is_no_error(served: Any, command: tuple[str, ...]) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as out:
        ended = subprocess.run(
            [sys.executable, "-m", "daemon.cli", *command],
            env=served.environ(),
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
        )
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("name", ["node09", "", "demo2"])
def test_the_demo_refuses_to_fail_what_is_not_in_it(place: Any, name: str) -> None:
    ended = place.run(
        "demo", "--headless", "--dir", str(place.directory / "demo"), "--fail", f"{name}:installing"
    )
    ended.refused_with(2, f"There is no {name} in the demo to fail")
    assert not (place.directory / "demo").exists()


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--fail", "node01:bogus", "The fault 'node01:bogus' is not known"),
        ("--fail", "node01", "The fault 'node01' is not known"),
        ("--speed", "nan", "'nan' is not a number from 1 to 100000."),
        ("--management", "banana", "The management network 'banana' is not an IPv4 network"),
        ("--workload", "127.24.0.0/24", "overlap"),
    ],
)
def test_what_the_simulated_world_refuses_the_demo_says_in_its_words(
    option: str, value: str, said: str, place: Any
) -> None:
    stage = place.directory / "rooms" / "demo"
    place.run("demo", "--headless", "--dir", str(stage), option, value).refused_with(2, said)
    assert not stage.parent.exists()


def test_a_demo_cannot_be_kept_where_nothing_can_be_made(place: Any) -> None:
    place.run("demo", "--headless", "--dir", "/proc/x").refused_with(2, "A demo cannot be kept in /proc/x")
    file = place.directory / "file"
    file.touch()
    place.run("demo", "--headless", "--dir", str(file / "x")).refused_with(2, "A demo cannot be kept in")


def test_where_no_demo_runs_none_is_ended(place: Any) -> None:
    place.run("demo", "--stop", "--dir", str(place.directory)).refused_with(
        1, f"No demo runs in {place.directory}."
    )


def test_a_second_demo_on_the_same_networks_is_told_so_and_the_first_one_is_ended_where_it_said(
    place: Any,
) -> None:
    first, second, own = place.directory / "a demo", place.directory / "second", apart()
    kept = place.run("demo", "--headless", "--keep", "--speed", "2000", "--dir", str(first), *own)
    assert kept.code == 0, kept
    place.run("demo", "--headless", "--dir", str(second), *own).refused_with(2, "in use")
    assert not second.exists()
    ends = next(line for line in kept.out.splitlines() if line.endswith("ends them")).removesuffix(
        "ends them"
    )
    ended = place.run(*shlex.split(ends)[1:])
    assert (ended.code, ended.out) == (0, "The demo is ended.\n")


def test_one_unreadable_file_of_several_stops_nobody(place: Any) -> None:
    (place.directory / "binary").write_bytes(b"\xff\xfe\x00")
    (place.directory / "large.yaml").write_bytes(b"#" * 300_000)
    right = str(SAMPLES / "one-node.yaml")
    ended = place.run("validate", "binary", "missing.yaml", "large.yaml", ".", right)
    ended.refused_with(
        2, "binary is written in UTF-16", "missing.yaml cannot be read", "large.yaml has more than"
    )
    assert len(ended.err.strip().splitlines()) == 4
    assert "no mistake found" in ended.out
    told = json.loads(place.run("validate", "--json", "missing.yaml", right).out)
    assert [(one["file"], one["line"]) for one in told["problems"]] == [("missing.yaml", None)]
