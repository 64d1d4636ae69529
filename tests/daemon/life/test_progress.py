"""Where a machine stands follows from what was said in its present round, and of that from its newest boot."""

from __future__ import annotations

from daemon.life.boots import boot_progress, next_boot
from daemon.store.ops import Signal
from state_machines.record import Record


def said(name: str, round_: int, boot: int, **data: object) -> dict[str, Signal]:
    return {name: Signal("node01", "bay", name, round_, boot, 1.0, dict(data))}


def in_round(number: int) -> Record:
    return Record("node01", "toy.node", "bay", "installing", 1.0, facts={"round": number})


def test_what_was_said_in_an_earlier_round_does_not_count_and_no_number_of_a_boot_is_used_twice() -> None:
    signals = (
        said("phase", 1, 3, phase=8) | said("install_error", 1, 2, message="x") | said("config_fetched", 1, 3)
    )
    before = boot_progress(in_round(1), signals, 8)
    assert (before.begun, before.ended, before.fetched) == (True, True, {"config"})
    stands = boot_progress(in_round(2), signals, 8)
    assert (stands.begun, stands.ended, stands.fetched) == (False, False, set())
    assert (stands.boot, stands.phase, stands.error) == (0, None, None)
    assert next_boot(signals) == 4


def test_of_one_round_an_error_counts_only_if_it_is_of_the_newest_boot() -> None:
    signals = said("phase", 1, 2, phase=3) | said("install_error", 1, 1, message="x")
    stands = boot_progress(in_round(1), signals, 8)
    assert (stands.boot, stands.error, stands.ended) == (2, None, False)
    assert stands.phase == signals["phase"]
