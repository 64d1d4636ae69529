"""Who is turned away at the boot server stands in the log, and cannot fill it."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.boot.book import BootBook


@pytest.fixture
def book(house: Any) -> BootBook:
    return BootBook(house.journal, house.engine, house.box, {})


TOLD = 5
"""So many refusals of one source stand in the log in a minute."""


async def told(house: Any) -> list[str]:
    return [event.message for event in await house.store.events(kind="boot", limit=10_000)]


async def test_one_source_that_knocks_and_knocks_is_told_a_few_times_and_then_counted(
    house: Any, book: BootBook
) -> None:
    for _ in range(1000):
        await book.refused("/boot/ipxe/x", "10.0.0.9", "nobody of that name")
    assert len(await told(house)) == TOLD
    await house.pass_time(60.0)
    await book.refused("/boot/ipxe/x", "10.0.0.9", "nobody of that name")
    assert (await told(house))[-1].endswith(f"({1000 - TOLD} more were left out)")


async def test_a_second_source_is_told_while_the_first_one_floods(house: Any, book: BootBook) -> None:
    for _ in range(100):
        await book.refused("/boot/ipxe/x", "10.0.0.9", "nobody of that name")
    await book.refused("/boot/ipxe/y", "10.0.0.10", "the token is wrong")
    assert (await told(house))[-1] == "turned away 10.0.0.10 at /boot/ipxe/y: the token is wrong"


async def test_a_refusal_stands_beside_the_machine_that_was_named_wherever_it_came_from(
    house: Any, book: BootBook
) -> None:
    await house.sow("n1")
    await book.refused("/boot/ipxe/n1", "10.0.0.99", "n1 may only come from 10.0.0.1", "n1")
    await book.refused("/boot/ipxe/gone", "10.0.0.98", "the token is wrong", "gone")
    told = [(event.record, event.message) for event in await house.store.events(kind="boot", limit=10)]
    assert [record for record, _ in told] == ["n1", None]
