"""What is sealed can be read with its key alone, and a secret that is known gets into no text."""

from __future__ import annotations

import base64
import html
import itertools
import json
import logging
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from daemon.errors.tree import StateLost
from daemon.host.log import Logfmt
from daemon.secrets.box import SecretBox
from daemon.secrets.redaction import HIDDEN, Redactor

SECRET = 'p/ss+wörd "quoted" & <so> on\''


def readings(sealed: bytes) -> list[bytes]:
    """What somebody without the key can make of it: the text, and what it decodes to, again and again."""
    found, last = [sealed], sealed
    for _ in range(3):
        for decode in (base64.b64decode, base64.urlsafe_b64decode, bytes.fromhex):
            try:
                last = decode(last.decode())  # type: ignore[operator]
            except (ValueError, UnicodeDecodeError):
                continue
            found.append(last)
    return found


def test_what_is_sealed_neither_holds_the_secret_nor_decodes_to_it() -> None:
    box = SecretBox(Fernet.generate_key())
    sealed = box.seal(SECRET)
    assert box.open(sealed) == SECRET
    assert sealed != box.seal(SECRET), "nobody sees that two secrets are the same"
    for read in readings(sealed):
        assert SECRET.encode() not in read
        assert base64.b64encode(SECRET.encode())[4:-4] not in read
        assert SECRET.encode()[::-1] not in read


def test_a_key_is_made_for_its_owner_alone_while_the_ledger_is_new(tmp_path: Path) -> None:
    first = SecretBox.at(tmp_path / "secret.key", True, ())
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600
    again = SecretBox.at(tmp_path / "secret.key", False, [first.seal(SECRET)])
    assert again.open(first.seal(SECRET)) == SECRET
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]


def test_a_key_that_others_may_read_or_that_is_gone_is_told_and_none_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    sealed = SecretBox.at(path, True, ()).seal(SECRET)
    path.chmod(0o640)
    with pytest.raises(StateLost, match="open to others"):
        SecretBox.at(path, False, [sealed])
    path.unlink()
    with pytest.raises(StateLost, match="is gone"):
        SecretBox.at(path, False, [sealed])
    assert not path.exists()
    path.write_bytes(Fernet.generate_key())
    path.chmod(0o600)
    with pytest.raises(StateLost, match="not the one"):
        SecretBox.at(path, False, [sealed])


def test_whatever_is_sealed_or_opened_stands_in_no_text_from_then_on() -> None:
    key = Fernet.generate_key()
    first, later = SecretBox(key), SecretBox(key)
    sealed = first.seal(SECRET)
    assert first.known.text(f"said {SECRET}") == f"said {HIDDEN}"
    assert later.known.text(f"said {SECRET}") != f"said {HIDDEN}"
    later.open(sealed)
    assert later.known.text(f"said {SECRET}") == f"said {HIDDEN}"


FORMS = {
    "as it is": str,
    "in a query": quote_plus,
    "in a path": lambda secret: quote(secret, safe=""),
    "in JSON": json.dumps,
    "in JSON as text": lambda secret: json.dumps(secret, ensure_ascii=False),
    "as Python shows it": repr,
    "in a page": html.escape,
}


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_found_in_every_form_in_which_an_answer_quotes_it(form: str) -> None:
    known = Redactor()
    known.add(SECRET)
    quoted = FORMS[form](SECRET)
    told = known.text(f"Bad request: password={quoted}, and nothing else")
    assert (
        HIDDEN in told and told.startswith("Bad request: password=") and told.endswith(", and nothing else")
    )
    assert quoted.strip("\"'") not in told and SECRET not in told


@pytest.mark.parametrize("user", ["", "a", "ad", "adm", "admin"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_secret_is_found_in_a_header_of_basic_authentication(user: str, encode: object) -> None:
    known = Redactor()
    known.add("nutanix/4u-Secret?~~")
    header = encode(f"{user}:nutanix/4u-Secret?~~".encode()).decode()  # type: ignore[operator]
    told = known.text(f"Authorization: Basic {header}")
    assert HIDDEN in told
    shown = told.removeprefix("Authorization: Basic ").partition(HIDDEN)[0]
    assert len(shown) <= len(user) * 4 / 3 + 4


@pytest.mark.parametrize("user", ["", "a:", "ab:", "abc:"])
def test_a_secret_is_found_in_base64_wherever_it_begins_in_it_and_without_a_word_before_it(user: str) -> None:
    known = Redactor()
    known.add(SECRET)
    coded = base64.b64encode(f"{user}{SECRET}".encode()).decode()
    told = known.text(f'"auth": "{coded}"')
    assert HIDDEN in told
    kept = told.removeprefix('"auth": "').partition(HIDDEN)[0]
    assert len(kept) <= len(coded) - len(base64.b64encode(SECRET.encode())) + 4


def test_a_secret_that_was_cut_off_with_the_text_is_found_too() -> None:
    known = Redactor()
    known.add("correct-horse-battery-staple")
    assert known.text("it said correct-horse-bat") == f"it said {HIDDEN}"
    assert known.text("it said correct-horse-bat…") == f"it said {HIDDEN}…"
    assert known.text("it said correct-horse-b… (900 characters)") == f"it said {HIDDEN}… (900 characters)"
    assert known.text("correct-horse-b... and so on") == f"{HIDDEN}... and so on"
    assert known.text("it is correct") == "it is correct"


def test_data_without_a_secret_is_the_very_same_object() -> None:
    known = Redactor()
    known.add(SECRET)
    data = {"a": ["b", {"c": 1, "d": None}], "e": "f" * 100}
    assert known.value(data) is data
    told = known.value({"a": [f"x{SECRET}y", {SECRET: 1}]})
    assert told == {"a": [f"x{HIDDEN}y", {HIDDEN: 1}]}


@given(st.lists(st.text(min_size=6, max_size=30), min_size=1, max_size=6), st.text(max_size=40))
def test_no_known_secret_is_left_in_any_text(secrets: list[str], around: str) -> None:
    known = Redactor()
    for secret in secrets:
        known.add(secret)
    for one, other in itertools.pairwise([*secrets, secrets[0]]):
        told = known.text(around + one + around + other)
        assert all(secret not in told for secret in secrets if not set(secret) <= {*HIDDEN, *around})


@pytest.mark.parametrize("others", [0, 300], ids=["alone", "among many"])
@pytest.mark.parametrize("length", [0, 20, 5000])
def test_a_secret_is_found_however_many_others_are_known(others: int, length: int) -> None:
    redactor = Redactor()
    for number in range(others):
        redactor.add(f"{number:03}-other-secret")
    assert redactor.text("-" * length + "abc123def456") == "-" * length + "abc123def456"
    redactor.add("abc123def456")
    for text in ("abc123def456", "abc123def", "abc123def456 and abc123def456."):
        assert redactor.text("-" * length + text) == "-" * length + text.replace("abc123def", HIDDEN).replace(
            f"{HIDDEN}456", HIDDEN
        )


@pytest.mark.parametrize("secret", ["abc12!", "abc12!d", "abc12!de", "abc12!def-ghi-jkl-mno"])
@pytest.mark.parametrize("before", range(7))
def test_a_secret_among_many_is_found_wherever_it_begins(secret: str, before: int) -> None:
    redactor = Redactor()
    for number in range(300):
        redactor.add(f"{number:03}-other-secret")
    redactor.add(secret)
    for text in (secret, f"{secret} and more", secret[:8]):
        if len(text) >= min(8, len(secret)):
            shown = redactor.text(f"{'~' * 200}{'~' * before}{text}")
            assert shown == f"{'~' * 200}{'~' * before}{HIDDEN}{text[len(secret) :]}"


@pytest.mark.parametrize("others", [0, 300], ids=["alone", "among many"])
def test_a_secret_is_found_in_data_whose_text_quotes_it_once_more(others: int) -> None:
    secret = 'a"b\\c\'d"é!end'
    redactor = Redactor()
    for number in range(others):
        redactor.add(f"{number:03}-other-secret")
    redactor.add(secret)
    for quoted in (secret, json.dumps(secret)[1:-1], repr(secret)[1:-1], html.escape(secret)):
        assert redactor.value({"evidence": [f"it said {quoted}"]}) == {"evidence": [f"it said {HIDDEN}"]}
    assert redactor.value({secret: 1, "half": "\ud800"}) == {HIDDEN: 1, "half": "\ud800"}


def test_a_line_of_the_journal_holds_no_secret_nor_does_its_traceback() -> None:
    known = Redactor()
    known.add("correct-horse-battery-staple")
    line = Logfmt(known)
    try:
        raise ValueError("correct-horse-battery-staple")
    except ValueError as error:
        record = logging.LogRecord(
            "a",
            40,
            "b",
            1,
            "said %s",
            ("correct-horse-battery-staple",),
            (ValueError, error, error.__traceback__),
        )
    assert "correct" not in line.format(record) and HIDDEN in line.format(record)


@pytest.mark.parametrize(
    "quoted",
    [
        "Authorization: Bearer eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJpYW0ifQ.c2lnbmF0dXJl",
        "the token eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJpYW0ifQ.c2lnbmF0dXJl is too old",
        '{"Authorization": "Basic YWRtaW46bnV0YW5peC80dQ=="}',
    ],
)
def test_a_credential_that_somebody_else_made_is_known_by_its_looks(quoted: str) -> None:
    told = Redactor().text(quoted)
    assert HIDDEN in told and "eyJ" not in told and "YWRtaW4" not in told
    assert Redactor().text("Basic authentication is asked for") == "Basic authentication is asked for"


def test_a_text_that_was_looked_through_is_looked_through_again_once_another_secret_is_known() -> None:
    known = Redactor()
    known.add("first-secret")
    text, data = "it says later-secret", {"evidence": ["it says later-secret"], "n": 7}
    assert known.text(text) is text
    assert known.text("".join(["it says later", "-secret"])) == text
    assert known.value(data) is data
    known.add("later-secret")
    assert known.text(text) == "it says ***"
    assert known.value(data) == {"evidence": ["it says ***"], "n": 7}
    assert data["evidence"] == [text]
