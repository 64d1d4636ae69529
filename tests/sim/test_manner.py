"""No two runs of an installer go alike, and the same seed gives the same run again."""

from __future__ import annotations

from daemon.sim.machines.manner import Manner

RUNS = range(200)


def story(manner: Manner) -> list[object]:
    """All that is drawn for one run."""
    said = [(manner.lines(phase), manner.percents()) for phase in range(1, 9)]
    return [manner.dies_at, said, [manner.fate(False) for _ in range(40)]]


def test_the_same_seed_gives_the_same_run_and_another_run_is_another() -> None:
    for word in ("", "erratic"):
        assert story(Manner(7, "m", 1, word)) == story(Manner(7, "m", 1, word))
        assert len({str(story(Manner(7, "m", run, word))) for run in RUNS}) == len(RUNS)


def test_a_long_phase_tells_its_percentages_in_order_from_beginning_to_end() -> None:
    told = [Manner(7, "m", run).percents() for run in RUNS]
    assert all(one == tuple(sorted(set(one))) and (one[0], one[-1]) == (0, 100) for one in told)
    assert {len(one) for one in told} == {3, 4, 5, 6, 7, 8, 9}


def test_only_an_erratic_run_meets_misfortunes_and_only_the_first_loses_its_power() -> None:
    assert {Manner(seed, "m", 1).dies_at for seed in RUNS} == {0}
    assert {Manner(seed, "m", 2, "erratic").dies_at for seed in RUNS} == {0}
    assert len({Manner(seed, "m", 1, "erratic").dies_at for seed in RUNS}) > 40
    calm, wild = Manner(1, "m", 1), Manner(1, "m", 1, "erratic")
    assert not any(fate.twice or fate.late for fate in [calm.fate(False) for _ in RUNS])
    fates = [wild.fate(False) for _ in RUNS]
    assert any(fate.twice for fate in fates) and any(fate.late for fate in fates)


def test_the_last_report_is_never_late_for_the_machine_reboots_after_it() -> None:
    wild = Manner(1, "m", 1, "erratic")
    assert not any(wild.fate(True).late for _ in RUNS)
