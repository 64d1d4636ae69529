"""Small manners: every encoding, a full disk, a reader who left, a no, a stranger to the socket, a shell's Tab."""

from __future__ import annotations

import contextlib
import grp
import json
import os
import pty
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import click
import pytest

from daemon.cli import COMMANDS, nxd
from daemon.client import Client
from daemon.client.signs import asks_for_ascii
from tests.loopback import apart

ROOT = Path(__file__).parents[3]
SAMPLES = ROOT / "sample-specs"
SOLO = str(SAMPLES / "one-node.yaml")
LOOKS = [("status",), ("show", "solo"), ("logs",), ("plan", SOLO), ("spec", "solo"), ("schema",), ("--help",)]
ASCII = [{"PYTHONIOENCODING": "ascii"}, {"LANG": "C", "LC_ALL": "", "LC_CTYPE": ""}, {"LC_ALL": "C"}]


def names(value: Any) -> str:
    return " ".join(Path(word).name for word in value) if isinstance(value, tuple) else str(value)


# encodings


@pytest.mark.parametrize("env", ASCII, ids=lambda env: ",".join(env))
def test_an_encoding_that_lacks_a_sign_prints_another_one(served: Any, env: dict[str, str]) -> None:
    ended = served.run("plan", SOLO.replace("one-node", "three-node"), env=env)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.isascii() and "cannot be foreseen" in ended.out


def test_every_command_prints_in_ascii_and_its_json_stays_json(served: Any) -> None:
    for command in LOOKS:
        ended = served.run(*command, env=ASCII[0])
        assert (ended.code, ended.err, ended.out.isascii()) == (0, "", True), command
    ended = served.run("show", "sölo", "--json", env=ASCII[0])
    assert "sölo" in json.loads(ended.out)["error"]["message"] and ended.out.isascii()


def test_what_no_encoding_has_is_told_by_its_code_point(served: Any) -> None:
    ended = served.run("show", b"s\xfflo".decode(errors="surrogateescape"))
    ended.refused_with(2, "\\udcff")


@pytest.mark.parametrize(
    ("environment", "plain"),
    [
        ({}, False),
        ({"LANG": "C"}, True),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, True),  # how Python leaves it
        ({"LANG": "C.UTF-8"}, False),
        ({"LC_CTYPE": "C.UTF-8"}, False),
        ({"LC_ALL": "POSIX", "LANG": "de_DE.UTF-8"}, True),
        ({"LANG": "de_DE.UTF-8"}, False),
        ({"LANG": "C", "PYTHONIOENCODING": "utf-8"}, False),
    ],
)
def test_a_locale_without_signs_is_known_by_its_name(environment: dict[str, str], plain: bool) -> None:
    assert asks_for_ascii(environment) is plain


# where it goes


@pytest.mark.parametrize(
    "command", [*LOOKS, ("status", "--json"), ("validate", SOLO), ("apply", SOLO)], ids=names
)
def test_a_full_disk_is_one_sentence_and_a_failure(served: Any, command: tuple[str, ...]) -> None:
    with open("/dev/full", "w") as full:
        child = served.start(*command, stdout=full)
        _, err = child.communicate(timeout=30)
    said = "The output cannot be written (No space left on device): send it where there is room.\n"
    assert (child.returncode, err) == (1, said)


def test_an_output_and_an_error_output_that_are_closed_break_nothing(served: Any) -> None:
    program = [sys.executable, "-m", "daemon.cli"]
    for words, code in ((["status"], 0), (["show", "nobody"], 2)):
        for closed in (">&-", "2>&-", ">&- 2>&-", "2>/dev/full"):
            line = " ".join([*program, *words, closed])
            ended = subprocess.run(
                ["sh", "-c", line],
                env=served.environ(),
                capture_output=True,
                timeout=30,
            )
            assert ended.returncode == code and b"Traceback" not in ended.stderr, (line, ended)


def test_who_follows_for_nobody_ends(served: Any) -> None:
    read, write = os.pipe()
    child = served.start("events", "solo", stdout=write)
    os.close(write)
    os.close(read)
    _, err = child.communicate(timeout=30)
    assert (child.returncode, err) == (0, "")


def test_a_wait_whose_reader_left_still_ends_with_its_own_exit_code(at_work: Any) -> None:
    read, write = os.pipe()
    child = at_work.start("wait", "solo", "--timeout", "6", stdout=write)
    os.close(write)
    os.close(read)
    with Client(at_work.socket) as client:
        for _ in range(4):  # lines that nobody reads
            time.sleep(0.7)
            client.verb("protect", "solo")
            client.verb("unprotect", "solo")
    _, err = child.communicate(timeout=40)
    assert (child.returncode, "the work goes on" in err, "Traceback" in err) == (5, True, False)


# questions


def answer(served: Any, typed: bytes, *command: str, stdout: Any = None) -> tuple[int, str]:
    """Run a command on a terminal and type this at its question."""
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "daemon.cli", *command],
        env=served.environ(),
        stdin=child,
        stdout=child if stdout is None else stdout,
        stderr=child,
        start_new_session=True,
    )
    os.close(child)
    said = b""
    with contextlib.suppress(OSError):
        while piece := os.read(parent, 4096):
            said += piece
            if typed and said.rstrip().endswith((b"[y/N]:", b"to destroy it:")):
                os.write(parent, typed)
                typed = b""
    os.close(parent)
    return process.wait(20), said.decode()


@pytest.mark.parametrize(
    ("command", "typed"),
    [
        (("rollback", "solo"), b"n\n"),
        (("rollback", "solo"), b"\n"),
        (("rollback", "solo"), b"\x04"),
        (("destroy", "solo"), b"y\n"),
        (("destroy", "solo"), b"sol\n"),
    ],
)
def test_a_no_is_a_refusal_and_changes_nothing(served: Any, command: tuple[str, ...], typed: bytes) -> None:
    code, said = answer(served, typed, *command)
    assert (code, "Nothing was changed." in said, "Traceback" in said) == (4, True, False), said
    with Client(served.socket) as client:
        assert client.show("solo")["entity"]["state"] == "held"


def test_at_a_terminal_a_plan_is_a_table(served: Any) -> None:
    code, said = answer(served, b"", "plan", str(SAMPLES / "three-node.yaml"))
    assert code == 0 and "───" in said and "this plan is" in said, said


def test_a_question_is_seen_although_the_plan_goes_into_a_file(served: Any) -> None:
    with open("/dev/null", "w") as nowhere:
        code, said = answer(served, b"n\n", "rollback", "solo", stdout=nowhere)
    assert (code, said.splitlines()[-1]) == (4, "Nothing was changed."), said


# strangers


def as_nobody(program: str, socket_path: Path) -> subprocess.CompletedProcess[str]:
    """Run Python as a user who is in no group; what it needs is imported before."""
    prepared = (
        "import os, sys, grp, pwd, stat, h11, encodings.idna, daemon.client.blocking, daemon.cli.ending, "
        "daemon.cli.reading, daemon.cli.fleet, daemon.cli.patience, daemon.settings.reading, click.shell_completion\n"
        "pwd.getpwuid(65534); grp.getgrgid(0)\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
    )
    return subprocess.run(
        [sys.executable, "-c", prepared + program],
        env={**os.environ, "PYTHONPATH": str(ROOT), "NXD_SOCKET": str(socket_path)},
        capture_output=True,
        text=True,
        timeout=30,
        cwd=ROOT,
    )


@pytest.mark.e2e
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("barred", ["socket", "directory"])
def test_a_person_outside_the_group_is_told_which_it_is_and_how_to_join(barred: str) -> None:
    group = next(one for one in grp.getgrall() if one.gr_name in ("daemon", "bin", "users"))
    with tempfile.TemporaryDirectory(prefix="nx") as name, socket.socket(socket.AF_UNIX) as listening:
        directory = Path(name)
        path = directory / "nxd.sock"
        listening.bind(str(path))
        listening.listen()
        os.chown(directory, 0, group.gr_gid)
        os.chown(path, 0, group.gr_gid)
        directory.chmod(0o755 if barred == "socket" else 0o750)
        path.chmod(0o660)
        program = "sys.argv = ['nxd', 'status']\nfrom daemon.cli import main\nmain()"
        ended = as_nobody(program, path)
        assert ended.returncode == 3, ended
        assert ended.stderr == (
            f"You may not talk to the daemon on {path}: it is open to the group {group.gr_name}. "
            f"Join it (sudo usermod -aG {group.gr_name} nobody), then log in anew.\n"
        )
        directory.chmod(0o700)
        assert "is open to its owner alone" in as_nobody(program, path).stderr


# ends


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT], ids=lambda one: one.name)
def test_a_demo_that_is_ended_takes_its_world_with_it(place: Any, number: signal.Signals) -> None:
    stage = place.directory / "demo"
    words = ("demo", "--headless", "--speed", "1", "--dir", str(stage), *apart())
    child = place.start(*words, stdout=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while not (stage / "nxd.sock").exists():
        assert child.poll() is None and time.monotonic() < until
        time.sleep(0.05)
    world = json.loads((stage / "stage.json").read_text())["processes"]
    assert set(world) == {"sim", "serve"}
    child.send_signal(number)
    _, err = child.communicate(timeout=60)
    assert (child.returncode, err.strip()) == (130, "Interrupted.")
    assert [pid for pid in world.values() if Path(f"/proc/{pid}").exists()] == []


# shells and pages


def complete(served: Any, words: str, shell: str = "bash", **env: str) -> list[str]:
    """What a shell is offered for the last word of a line."""
    given = {
        "_NXD_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    ended = served.run(env={**given, **env})
    assert ended.err == ""
    return [line.partition(",")[2] for line in ended.out.splitlines() if line]


def test_a_shell_completes_commands_options_and_the_names_that_the_daemon_knows(served: Any) -> None:
    assert {"status", "show", "spec", "schema", "serve", "sim"} == set(complete(served, "nxd s"))
    assert set(complete(served, "nxd show so")) == {"solo", "solo01"}
    assert set(complete(served, "nxd logs --utc solo0")) == {"solo01"}
    assert set(complete(served, "nxd destroy so")) == {"solo"}
    assert set(complete(served, "nxd replace so")) == {"solo01"}
    assert {"login", "logs"} == set(complete(served, "nxd lo"))
    assert set(complete(served, "nxd login so")) == {"solo"}
    assert set(complete(served, "nxd console so")) == {"solo01"}
    assert "--since" in complete(served, "nxd logs --s")


def test_bash_itself_completes_a_name(served: Any) -> None:
    program = (
        'eval "$(nxd completion bash)"; COMP_WORDS=(nxd retry solo0); COMP_CWORD=2; '
        '_nxd_completion nxd; echo "${COMPREPLY[@]}"; complete -p nxd'
    )
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    ended = subprocess.run(
        ["bash", "-c", program],
        env={**served.environ(), "PATH": path},
        capture_output=True,
        text=True,
        timeout=30,
    )
    lines = ended.stdout.splitlines()
    assert (ended.stderr, lines[0]) == ("", "solo01") and "_nxd_completion" in lines[1]


def test_a_shell_waits_for_no_daemon(place: Any) -> None:
    assert complete(place, "nxd show so") == []
    assert {"login", "logs"} == set(complete(place, "nxd lo")), "any daemon may have them"
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(place.socket))
        silent.listen()
        held: list[socket.socket] = []
        threading.Thread(target=lambda: held.append(silent.accept()[0]), daemon=True).start()
        began = time.monotonic()
        assert complete(place, "nxd show so") == []
        assert time.monotonic() - began < 10
        for one in held:
            one.close()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script_that_asks_nxd(place: Any, shell: str) -> None:
    ended = place.run("completion", shell)
    assert (ended.code, ended.err) == (0, "") and f"_NXD_COMPLETE={shell}_complete" in ended.out
    if shell == "bash":
        assert subprocess.run(["bash", "-n"], input=ended.out, text=True, check=False).returncode == 0


@pytest.mark.e2e
def test_the_man_pages_hold_every_command_and_every_option(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, str(ROOT / "packaging" / "man.py"), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    page = (tmp_path / "nxd.1").read_text()
    sections = page.split("\n.SS nxd ")[1:]
    found: dict[str, str] = {}
    for section in sections:
        name = section.split()[0]
        found[name] = found.get(name, "") + section.replace("\\-", "-")
    assert list(found) == list(COMMANDS)
    for name, section in found.items():
        command = nxd.get_command(click.Context(nxd), name)
        assert command is not None
        inner = command.commands.values() if isinstance(command, click.Group) else ()
        assert all(f"{name} {one.name} " in section for one in inner)
        for parameter in [param for one in (command, *inner) for param in one.params]:
            if isinstance(parameter, click.Option):
                assert all(option in section for option in parameter.opts), (name, parameter.opts)
    assert "--read-only" in (tmp_path / "nxtui.1").read_text().replace("\\-", "-")
    for one in tmp_path.glob("*.1"):
        drawn = groff(one)
        assert drawn is None or (drawn.returncode, drawn.stderr) == (0, ""), drawn


def groff(page: Path) -> subprocess.CompletedProcess[str] | None:
    """The page as `man` draws it, with every warning; None where groff is not installed."""
    if shutil.which("groff") is None:
        return None
    words = ["groff", "-man", "-Tutf8", "-Kutf8", "-ww", "-z", str(page)]
    return subprocess.run(words, capture_output=True, text=True, timeout=30)
