"""The boot and configuration URLs lead to this host from other hosts, or the settings are refused."""

from __future__ import annotations

import pytest

from daemon.settings.reading import SettingsError, load_settings

REQUIRED = {
    "NXD_ENVIRONMENT": "lab",
    "NXD_BOOT_URL": "http://10.240.0.5:8080",
    "NXD_CONFIG_URL": "http://10.240.0.5:8081",
    "NXD_IBM_TRUSTED_PROFILE": "Profile-9fd84246-7df4-4667-94e4-8ecde51d5ac5",
}
SIMULATED = {"NXD_IBM_VPC_URL": "http://127.0.0.1:9000/v1"}
NAMES = [
    ("localhost", "is each host itself"),
    ("LOCALHOST", "is each host itself"),
    ("nxd.localhost", "is each host itself"),
    ("localhost.localdomain", "is each host itself"),
    ("ip6-localhost", "is each host itself"),
    ("169.254.1.1", "is known on one link only"),
    ("[fe80::1]", "is known on one link only"),
    ("240.0.0.1", "belongs to nobody (reserved)"),
    ("0.0.0.1", "stands for no host at all"),
]
LOOPBACK = ["127.0.0.1", "127.24.0.9", "[::1]", "[::ffff:127.0.0.1]"]
REACHED = ["10.240.0.5", "jump.example.com", "localhost.example.com", "[2001:db8::1]", "192.168.0.1"]


def refused(**environ: str) -> list[str]:
    with pytest.raises(SettingsError) as wrong:
        load_settings(None, {**REQUIRED, **environ})
    return wrong.value.problems


@pytest.mark.parametrize("key", ["boot", "config"])
@pytest.mark.parametrize(("host", "why"), [*NAMES, *((host, "is each host itself") for host in LOOPBACK)])
def test_a_url_that_no_machine_can_reach_is_refused(key: str, host: str, why: str) -> None:
    (found,) = refused(**{f"NXD_{key.upper()}_URL": f"http://{host}:8090"})
    assert found == (
        f"{key}.url is http://{host}:8090, and {host.strip('[]').lower()} {why}: no machine reaches it there. "
        "Name the address of this host in the network of the machines."
    )


@pytest.mark.parametrize(("host", "why"), NAMES)
def test_a_name_of_oneself_leads_nowhere_in_the_simulated_world_either(host: str, why: str) -> None:
    (found,) = refused(**SIMULATED, NXD_BOOT_URL=f"http://{host}:8090")
    assert why in found


@pytest.mark.parametrize("host", LOOPBACK)
@pytest.mark.parametrize("cloud", ["http://127.0.0.1:9000/v1", "http://[::1]:9000/v1"])
def test_machines_on_this_host_reach_an_address_of_it(host: str, cloud: str) -> None:
    url = f"http://{host}:8090"
    assert load_settings(None, {**REQUIRED, "NXD_IBM_VPC_URL": cloud, "NXD_BOOT_URL": url}).boot_url == url


@pytest.mark.parametrize("host", REACHED)
def test_a_host_that_others_can_reach_is_taken(host: str) -> None:
    url = f"http://{host}:8090"
    assert load_settings(None, {**REQUIRED, "NXD_BOOT_URL": url}).boot_url == url


def test_an_address_that_stands_for_all_is_refused_whatever_the_world() -> None:
    for host in ("0.0.0.0", "[::]"):
        (found,) = refused(**SIMULATED, NXD_BOOT_URL=f"http://{host}:8090")
        assert found.startswith("boot.url (variable NXD_BOOT_URL): expected http://host:port")


WORLD = {f"NXD_IBM_{name}_URL": "http://127.0.0.1:9000" for name in ("VPC", "DNS", "METADATA")}


@pytest.mark.parametrize("real", sorted(WORLD))
def test_a_fast_clock_is_refused_beside_any_service_that_is_real(real: str) -> None:
    (found,) = refused(**{**WORLD, real: "https://eu-de.iaas.cloud.ibm.com"}, NXD_CLOCK_SPEED="100")
    assert found.startswith("clock.speed is 100, and https://eu-de.iaas.cloud.ibm.com is a real service")
    assert refused(NXD_CLOCK_SPEED="0.5")


def test_a_fast_clock_is_taken_in_the_simulated_world_and_one_that_is_right_everywhere() -> None:
    assert load_settings(None, {**REQUIRED, **WORLD, "NXD_CLOCK_SPEED": "100"}).clock_speed == 100
    assert load_settings(None, {**REQUIRED, "NXD_CLOCK_SPEED": "1"}).clock_speed == 1
