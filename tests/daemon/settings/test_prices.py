"""The operator's price list is read strictly, with the line of every mistake in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.display.money import Price
from daemon.settings.reading import SettingsError, load_settings

LEAST = """\
environment: lab
boot: {url: "http://10.240.0.5:8080"}
config: {url: "http://10.240.0.5:8081"}
ibm: {trusted_profile: Profile-9fd84246-7df4-4667-94e4-8ecde51d5ac5}
"""


def settings_of(tmp_path: Path, prices: str, **environ: str) -> dict[str, Price]:
    path = tmp_path / "nxd.yaml"
    path.write_text(LEAST + prices)
    return load_settings(path, environ).prices


def test_a_price_is_its_amount_its_currency_and_the_day_of_the_list(tmp_path: Path) -> None:
    told = (
        "prices:\n"
        "  bx2d: {hour: 6.6, currency: EUR, as_of: 2026-10-01}\n"
        "  cx2: {hour: 3, currency: NOK, as_of: 2026-09-30}\n"
    )
    assert settings_of(tmp_path, told) == {
        "bx2d": Price(6.6, "EUR", "2026-10-01"),
        "cx2": Price(3.0, "NOK", "2026-09-30"),
    }
    assert settings_of(tmp_path, "") == {}
    over = "{bx2d: {hour: 7, currency: USD, as_of: 2026-11-01}}"
    assert settings_of(tmp_path, told, NXD_PRICES=over) == {"bx2d": Price(7.0, "USD", "2026-11-01")}


def test_every_mistake_in_it_is_told_with_its_own_line(tmp_path: Path) -> None:
    told = (
        "prices:\n"
        "  one: {hour: -1, currency: EUR, as_of: 2026-10-01}\n"
        "  two:\n"
        "    hour: 1\n"
        "    currency: €\n"
        "    asof: 2026-10-01\n"
        "  three: 6.6\n"
        "  four: {hour: 1, currency: EUR, as_of: 2026-02-30}\n"
    )
    with pytest.raises(SettingsError) as wrong:
        settings_of(tmp_path, told)
    path, found = tmp_path / "nxd.yaml", wrong.value.problems
    for said in (
        f"prices.one.hour ({path}, line 6): expected a number from 0 to 1000000000, found the number -1.",
        f'prices.two.currency ({path}, line 9): expected three capital letters like EUR, found "€".',
        f'prices.two.asof ({path}, line 10): unknown part of a price "asof": did you mean "as_of"?',
        f"prices.two ({path}, line 7): as_of is missing: expected the day of the list like 2026-10-01.",
        f"prices.three ({path}, line 11): expected hour, currency, as_of of this profile, found the number 6.6.",
        f'prices.four.as_of ({path}, line 12): expected the day of the list like 2026-10-01, found "2026-02-30".',
    ):
        assert said in found
    assert len(found) == 6


@pytest.mark.parametrize("told", ["5", "[bx2d]", "soon"])
def test_what_is_no_list_of_prices_is_refused(tmp_path: Path, told: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        settings_of(tmp_path, f"prices: {told}\n")
    (said,) = wrong.value.problems
    assert said.startswith(f"prices ({tmp_path / 'nxd.yaml'}, line 5): expected a price for each profile")
    with pytest.raises(SettingsError) as wrong:
        settings_of(tmp_path, "", NXD_PRICES=told)
    assert wrong.value.problems[0].startswith("prices (variable NXD_PRICES): expected a price for each")
