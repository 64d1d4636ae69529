"""Which words of a person are handed to ``nxd``, and which are not."""

from __future__ import annotations

import pytest

from nxtui.captive.commands import COMMANDS, NotAllowed, words_of


@pytest.mark.parametrize(
    "said",
    [
        *(
            "",
            "sh",
            "!sh",
            ":!sh",
            "`sh`",
            "$(sh)",
            "| sh",
            "; sh",
            "/bin/sh",
            "nxd status",
            "-h",
            "\x1b]52;c;eA==\x07",
        ),
        *(
            "--config /etc/passwd status",
            "--socket /etc/passwd status",
            "serve",
            "sim",
            "demo",
            "backup /tmp/x",
        ),
        *(
            "images add x /etc/passwd",
            "console node01",
            "completion bash",
            "spec demo",
            "scp -t /tmp",
            "sftp-server",
        ),
        *(
            "validate /etc/passwd",
            "validate - /etc/passwd",
            "plan /etc/passwd",
            "plan ./-",
            "apply --yes /etc/passwd",
        ),
        *("apply -- /etc/passwd", "preflight /etc/passwd", "status 'unfinished", "STATUS"),
    ],
)
def test_what_is_no_command_of_a_captive_account_is_one_sentence(said: str) -> None:
    with pytest.raises(NotAllowed) as told:
        words_of(said)
    assert "\n" not in str(told.value) and str(told.value)


@pytest.mark.parametrize("said", ["apply --yes -", "apply -", "validate - -", "plan -", "preflight -"])
def test_a_spec_comes_on_standard_input(said: str) -> None:
    assert words_of(said) == said.split()


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - {"validate", "plan", "preflight", "apply"}))
def test_signs_of_a_shell_are_words_like_others(name: str) -> None:
    assert words_of(f"{name} 'a b' ; | $(x) `y` > z") == [name, "a b", ";", "|", "$(x)", "`y`", ">", "z"]
