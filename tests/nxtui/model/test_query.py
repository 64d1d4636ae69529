"""The filter keeps what a person means by it."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.client.query import FIELDS, parse


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", ["node01", "node02", "node03"]),
        ("state:failed", ["node02"]),
        ("phase:working", ["node03"]),
        ("phase:working,failed", ["node02", "node03"]),
        ("!phase:ok", ["node02", "node03"]),
        ("STATE:Failed", ["node02"]),
        ("cluster:demo name:1", ["node01"]),
        ("!cluster:demo", []),
        ("boot script", ["node02"]),
        ('"script boot"', []),
        ("127.24.0.13", ["node03"]),
        ("ip:127.24.1.", ["node01", "node02", "node03"]),
        ("step:boot !name:03", ["node02"]),
        ("error:boot_script", ["node02"]),
        ("phase: !", ["node01", "node02", "node03"]),
    ],
)
def test_a_filter_keeps_what_all_its_words_agree_on(nodes: list[Any], text: str, kept: list[str]) -> None:
    query = parse(text)
    assert query.error is None
    assert [node["name"] for node in nodes if query.keeps(node)] == kept


def test_an_unknown_field_is_named_with_the_known_ones_and_hides_nothing(nodes: list[Any]) -> None:
    query = parse("colour:red state:failed")
    assert query.error is not None
    assert "'colour'" in query.error
    assert all(name in query.error for name in FIELDS)
    assert all(query.keeps(node) for node in nodes)


def test_an_open_quotation_mark_is_said_and_hides_nothing(nodes: list[Any]) -> None:
    query = parse('"boot scr')
    assert query.error == "A quotation mark is still open."
    assert all(query.keeps(node) for node in nodes)


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_can_be_asked_of_every_entity(nodes: list[Any], cluster: Any, name: str) -> None:
    for entity in [*nodes, cluster]:
        assert all(isinstance(value, str) for value in FIELDS[name](entity))
