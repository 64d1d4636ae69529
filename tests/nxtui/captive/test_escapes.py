"""Over a real OpenSSH a captive account has the window and some commands, and no way past them."""

from __future__ import annotations

import asyncio
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nxtui.captive.entry import reduced
from nxtui.captive.window import AWAY, NO_FILE, NO_SPEC
from nxtui.keys import BY_ID

CAPTIVE = Path(sys.executable).with_name("nxtui-captive")

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        shutil.which("ssh") is None, reason="no ssh is installed (apt-get install openssh-client)"
    ),
]


async def opened(terminal: Any, jump: Any, before: str = "") -> None:
    """The window, over SSH, in a terminal."""
    command = shlex.join([*jump.ssh[:-1], "-tt", jump.ssh[-1]])
    await terminal.start(f"{before} {command}; echo code=$?; exec cat")


async def ran(jump: Any, *said: str, **how: Any) -> Any:
    return await asyncio.to_thread(jump.run, *said, **how)


async def test_the_window_acts_and_has_no_way_to_a_program_or_a_file(
    terminal: Any, daemon: Any, jump: Any
) -> None:
    await opened(terminal, jump)
    screen = await terminal.shows(lambda s: "❯    ✗ node02" in s and "LIVE" in s, "the fleet")
    assert "captive" in screen.splitlines()[0]
    await terminal.press("x")
    await terminal.shows(lambda s: NO_FILE[:40] in s, "why no file is written")
    await terminal.press("a", "s")
    await terminal.shows(lambda s: NO_SPEC[:40] in s, "why no file is read")
    await terminal.press("I", "L")
    await terminal.shows(lambda s: "› log" in s, "the log")
    await terminal.press("e", "V", "x")
    await terminal.shows(lambda s: NO_FILE[:40] in s, "why no file is written")
    await terminal.press("Escape")
    await terminal.shows(lambda s: "❯    ✗ node02" in s, "the fleet again")
    await terminal.press("r")
    await terminal.shows(lambda s: "y retry" in s, "the question")
    await asyncio.sleep(0.3)  # a question takes no key at first
    await terminal.press("y")
    await terminal.shows(lambda s: "will be tried again" in s, "the answer")
    assert [verb["target"] for verb in daemon.verbs] == ["node02"]
    await terminal.press("q")
    assert "code=0" in await terminal.shows(lambda s: "code=" in s, "the end")
    assert (await ran(jump, "retry", "--yes", "node02")).returncode == 0
    mine = ["ssh-keygen", "-l", "-f", jump.ssh[jump.ssh.index("-i") + 1]]
    told = await asyncio.to_thread(subprocess.run, mine, capture_output=True, text=True, check=True)
    assert daemon.keys == [told.stdout.split()[1]] * 2, "who asked is the account with this key"


async def test_neither_signals_of_the_keyboard_nor_a_tiny_terminal_nor_a_paste_end_or_suspend_it(
    terminal: Any, daemon: Any, jump: Any, tmp_path: Path
) -> None:
    await opened(terminal, jump)
    await terminal.shows(lambda s: "❯    ✗ node02" in s and "LIVE" in s, "the fleet")
    await terminal.press("C-z", "C-\\", "C-c", "!", "s", "h", "Enter", "Escape", "Escape")
    await terminal.tmux("resize-window", "-x", "1", "-y", "1")
    await asyncio.sleep(0.5)
    await terminal.tmux("resize-window", "-x", "80", "-y", "24")
    await terminal.shows(lambda s: "node02" in s and "LIVE" in s, "the fleet at its size again")
    paste = tmp_path / "paste"
    paste.write_text("$(touch pasted) `sh` ; !sh r y a d y " * 28_000)
    await terminal.tmux("load-buffer", str(paste))
    await terminal.tmux("paste-buffer", "-p")
    await terminal.shows(lambda s: "Pasted text is dropped" in s, "what became of the paste", 60)
    assert daemon.verbs == []


@pytest.mark.parametrize("kind", ["../../etc/passwd", "xterm/../x"])
async def test_a_terminal_of_a_strange_type_is_refused_in_a_sentence(
    terminal: Any, jump: Any, kind: str
) -> None:
    await opened(terminal, jump, f"TERM={shlex.quote(kind)}")
    screen = await terminal.shows(lambda s: "code=" in s, "the end")
    assert "is not drawn on here" in screen and "code=2" in screen and "Traceback" not in screen


async def test_commands_come_and_go_through_ssh(jump: Any, daemon: Any) -> None:
    told = await ran(jump, "status", "--json")
    assert told.returncode == 0 and '"node02"' in told.stdout
    shown = await ran(jump, "validate", "-", given="platform: nowhere\n")
    assert shown.returncode == 2 and "nowhere" in shown.stdout + shown.stderr
    no = await ran(jump, "show", "no-such-node")
    assert no.returncode == 2 and "Traceback" not in no.stderr


ESCAPES = (
    "sh",
    "status; touch {mark}",
    "status `touch {mark}` $(touch {mark}) && touch {mark} | touch {mark} > {mark}",
    "--socket /etc/passwd status",
    "apply --yes /etc/passwd",
    "backup {mark}",
)


async def test_no_words_lead_past_the_commands(jump: Any, daemon: Any, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    for said in ESCAPES:
        done = await ran(jump, said.replace("{mark}", str(mark)))
        assert not mark.exists(), said
        assert "root:" not in done.stdout + done.stderr and "Traceback" not in done.stderr
        assert done.returncode == 2 or said.startswith("status"), (said, done)
    assert daemon.verbs == []


async def test_files_cannot_be_copied_and_nothing_is_forwarded(
    jump: Any, tmp_path: Path, daemon: Any
) -> None:
    mine = tmp_path / "mine"
    mine.write_text("x")
    port, key = str(jump.port), jump.ssh[jump.ssh.index("-i") + 1]
    options = [word for word in jump.ssh[3:-1] if word not in ("-p", port, "-i", key)]
    for copy in (["scp", "-O"], ["scp"], ["sftp", "-b", "/dev/null"]):
        words = [*copy, *options, "-i", key, "-P", port]
        words += [jump.ssh[-1]] if copy[0] == "sftp" else [str(mine), f"{jump.ssh[-1]}:{tmp_path}/theirs"]
        done = await asyncio.to_thread(subprocess.run, words, capture_output=True, text=True, timeout=60)
        assert done.returncode != 0 and not (tmp_path / "theirs").exists(), done
    for asked in (("-A",), ("-X",), ("-D", f"{tmp_path}/socks"), ("-L", f"{tmp_path}/here:127.0.0.1:{port}")):
        done = await ran(jump, "status", "--json", options=asked)
        assert done.returncode == 0 and '"node02"' in done.stdout, (asked, done)
    strict = ("-o", "ExitOnForwardFailure=yes")
    assert (await ran(jump, "status", options=(*strict, "-R", "0:127.0.0.1:1"))).returncode == 255
    tunnel = await ran(jump, options=("-W", f"127.0.0.1:{port}"))
    assert tunnel.returncode != 0 and "SSH-2.0" not in tunnel.stdout


async def test_a_login_with_a_shell_is_the_window_or_nothing(jump: Any, daemon: Any, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    done = await ran(jump, given=f"touch {mark}\nexit\n")
    assert done.returncode == 2 and "needs a terminal" in done.stderr and not mark.exists()
    asked = await ran(jump, "sh", "-c", f"touch {mark}", options=("-tt",))
    assert asked.returncode == 2 and not mark.exists()


def test_nothing_that_a_program_obeys_is_taken_over_from_the_login() -> None:
    strange = (
        *("PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME", "LESSOPEN", "EDITOR", "VISUAL", "PAGER", "LD_PRELOAD"),
        *(
            "NXD_SOCKET",
            "NXTUI_CONFIG",
            "TERMINFO",
            "TEXTUAL_DRIVER",
            "COLUMNS",
            "TMUX",
            "BASH_ENV",
            "HOME",
            "PATH",
        ),
    )
    kept = reduced({**dict.fromkeys(strange, "/evil"), "TERM": "xterm", "LC_ALL": "C.UTF-8", "LANG": "C"})
    assert kept == {
        "TERM": "xterm", "LC_ALL": "C.UTF-8", "LANG": "C", "PATH": "/usr/bin:/bin", "HOME": "/nonexistent"
    }  # fmt: skip


def test_what_leads_away_is_named_by_its_action() -> None:
    assert BY_ID.keys() >= AWAY


async def _walked(terminal: Any) -> None:
    """Go through all that could lead to a program or a file: log, spec, draft, editor, ways in, console."""
    await terminal.shows(lambda s: "node02" in s and "LIVE" in s, "the fleet", 60)
    await terminal.press("L")
    await terminal.shows(lambda s: "› log" in s, "the log")
    await terminal.press("e", "x", "Escape")
    await terminal.shows(lambda s: "❯    ✗ node02" in s, "the fleet again")
    await terminal.press("y", "a", "s")
    await terminal.shows(lambda s: NO_SPEC[:40] in s, "why no file is read")
    await terminal.press("S")
    await terminal.shows(lambda s: "waits to be in force" in s, "the spec")
    await terminal.press("e")
    await terminal.shows(lambda s: "checks it and keeps it" in s, "the editor")
    await terminal.press("#", "Enter", "Escape")
    await terminal.shows(lambda s: "correct" in s, "the draft, checked")
    await terminal.press("Escape")
    await terminal.shows(lambda s: "waits to be in force" in s, "the spec again")
    await terminal.press("Escape")
    await terminal.shows(lambda s: "❯    ✗ node02" in s, "the fleet once more")
    await terminal.press("I")
    await terminal.shows(lambda s: "where?" in s, "the ways in")
    await terminal.press("c", "o", "n", "s")
    await terminal.shows(lambda s: "serial console" in s, "the console")
    await terminal.press("Enter")
    await terminal.shows(lambda s: "ops has it open." in s, "the console, which somebody has")
    await terminal.press("Escape")
    await terminal.shows(lambda s: "❯    ✗ node02" in s, "the fleet at last")
    await terminal.press("q")
    await terminal.shows(lambda s: "code=0" in s, "the end")


@pytest.fixture
def with_console(settings: Path) -> Path:
    settings.write_text(settings.read_text() + "console: true\n")
    return settings


@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace is installed (apt-get install strace)")
@pytest.mark.parametrize("python", [(), (sys.executable, "-IB")], ids=["as it is", "isolated"])
async def test_a_session_starts_no_program_and_opens_no_file_for_writing(
    terminal: Any, daemon: Any, with_console: Path, tmp_path: Path, python: tuple[str, ...]
) -> None:
    traced = tmp_path / "trace"
    calls = "execve,execveat,open,openat,openat2,creat"
    strace = f"strace -f -qq -e trace={calls} -e status=successful -o {traced}"
    entry = shlex.join([*python, str(CAPTIVE), "--settings", str(with_console)])
    await terminal.start(f"EDITOR=/bin/sh PAGER=/bin/sh {strace} {entry}; echo code=$?; exec cat")
    await _walked(terminal)
    assert daemon.looks.drafts["demo"].startswith("#\n")
    lines = traced.read_text().splitlines()
    programs = [line for line in lines if "exec" in line]
    assert len(programs) == (1 if python else 2), "the entry, and the session: " + "\n".join(programs)
    began = lines.index(programs[-1])
    written = [
        line for line in lines[began + 1 :] if re.search(r"O_(WRONLY|RDWR|CREAT|APPEND)|creat\(", line)
    ]
    strange = [line for line in written if not re.search(r'"/dev/(tty|null|pts/\d+)"', line)]
    assert strange == []
