"""What was asked and answered last is known by address and by id; what nobody asked is not."""

from __future__ import annotations

from daemon.memory.looks import KEPT, Looks
from daemon.outside import OutsideCall

CLOUD = "https://vpc.example.test:443"


def call(path: str, status: int | None, time: float, server: str = CLOUD, method: str = "GET") -> OutsideCall:
    why = None if status is not None else "No answer in time."
    return OutsideCall("vpc", method, server, path, "", "look", time=time, status=status, why=why, ms=500.0)


def test_the_last_look_counts_with_when_it_was_over_and_what_it_said() -> None:
    looks = Looks()
    looks.take(call("/v1/servers/0717-a", 200, 10.0))
    assert looks.of("0717-a") is not None and looks.of("0717-b") is None and looks.of(None) is None
    looks.take(call("/v1/servers/0717-a", 404, 20.0))
    gone = looks.of("0717-a")
    assert gone is not None and (gone.time, gone.status, gone.well) == (20.5, 404, False)


def test_an_answer_to_a_change_tells_that_somebody_is_there_and_nothing_of_what_changed() -> None:
    looks = Looks()
    looks.take(call("/api/clusters/c-1", 200, 10.0, "https://10.0.0.5:9440", "POST"))
    there = looks.at("10.0.0.5")
    assert there is not None and there.well and looks.of("c-1") is None
    looks.take(call("/api/clusters/c-1", None, 20.0, "https://10.0.0.5:9440"))
    silent = looks.at("10.0.0.5")
    assert silent is not None and (silent.status, silent.well) == (None, False)


def test_what_was_looked_at_longest_ago_makes_room() -> None:
    looks = Looks()
    for number in range(KEPT + 5):
        looks.take(call(f"/v1/servers/s-{number}", 200, float(number)))
    assert looks.of("s-0") is None and looks.of(f"s-{KEPT + 4}") is not None
