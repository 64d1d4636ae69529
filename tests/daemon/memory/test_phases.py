"""How long a phase of an installer takes is learnt from its reports."""

from __future__ import annotations

from typing import Any

from daemon.memory.phases import Phases
from daemon.store.ops import Event


def line(time: float, record: str = "n1", boot: int = 1, **data: Any) -> Event:
    return Event(time, "demo", record, "boot", "said", data={"boot": boot, "kind": "toy.node", **data})


def test_a_phase_lasts_from_the_last_report_of_the_one_before_to_its_own_last() -> None:
    phases = Phases()
    lines = [line(100.0), line(110.0, phase=1, of=3), line(150.0, phase=2, percent=50, of=3)]
    lines += [line(180.0, phase=2, percent=100, of=3), line(200.0, phase=3, of=3)]
    phases.take(lines)
    assert [phases.usual("toy.node", phase) for phase in (1, 2, 3)] == [10.0, 70.0, 20.0]
    assert phases.usual("toy.node", 4) is None and phases.usual("other", 1) is None


def test_the_usual_is_the_median_and_a_boot_that_broke_off_says_nothing_of_its_last_phase() -> None:
    phases = Phases()
    for number, length in enumerate((10.0, 30.0, 20.0)):
        name = f"n{number}"
        phases.take(
            [line(0.0, name), line(length, name, phase=1, of=2), line(length + 5, name, phase=2, of=2)]
        )
    phases.take([line(0.0, "n9"), line(9.0, "n9", phase=1, of=2), line(50.0, "n9", boot=2)])
    phases.take([line(60.0, "n9", boot=2, phase=1, of=2)])
    assert phases.usual("toy.node", 1) == 20.0


def test_what_is_no_report_is_passed_over() -> None:
    phases = Phases()
    phases.take(
        [Event(1.0, "demo", "n1", "note", "x"), Event(1.0, "demo", None, "boot", "x", data={"boot": 1})]
    )
    phases.take([Event(1.0, "demo", "n1", "boot", "x")])
    assert phases.usual("toy.node", 1) is None
