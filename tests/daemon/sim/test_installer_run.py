"""No two runs of an installer go alike, and the same seed gives the same run again."""

from __future__ import annotations

from daemon.sim.machines.installer_run import InstallerRun

RUNS = range(200)


def story(manner: InstallerRun) -> list[object]:
    """All that is drawn for one run."""
    said = [(manner.lines(phase), manner.percents()) for phase in range(1, 9)]
    return [manner.dies_at, said, [manner.delivery(False) for _ in range(40)]]


def test_the_same_seed_gives_the_same_run_and_another_run_is_another() -> None:
    for word in ("", "erratic"):
        assert story(InstallerRun(7, "m", 1, word)) == story(InstallerRun(7, "m", 1, word))
        assert len({str(story(InstallerRun(7, "m", run, word))) for run in RUNS}) == len(RUNS)


def test_a_long_phase_tells_its_percentages_in_order_from_beginning_to_end() -> None:
    told = [InstallerRun(7, "m", run).percents() for run in RUNS]
    assert all(one == tuple(sorted(set(one))) and (one[0], one[-1]) == (0, 100) for one in told)
    assert {len(one) for one in told} == {3, 4, 5, 6, 7, 8, 9}


def test_only_an_erratic_run_meets_misfortunes_and_only_the_first_loses_its_power() -> None:
    assert {InstallerRun(seed, "m", 1).dies_at for seed in RUNS} == {0}
    assert {InstallerRun(seed, "m", 2, "erratic").dies_at for seed in RUNS} == {0}
    assert len({InstallerRun(seed, "m", 1, "erratic").dies_at for seed in RUNS}) > 40
    calm, wild = InstallerRun(1, "m", 1), InstallerRun(1, "m", 1, "erratic")
    assert not any(delivery.twice or delivery.late for delivery in [calm.delivery(False) for _ in RUNS])
    fates = [wild.delivery(False) for _ in RUNS]
    assert any(delivery.twice for delivery in fates) and any(delivery.late for delivery in fates)


def test_the_last_report_is_never_late_for_the_machine_reboots_after_it() -> None:
    wild = InstallerRun(1, "m", 1, "erratic")
    assert not any(wild.delivery(True).late for _ in RUNS)
