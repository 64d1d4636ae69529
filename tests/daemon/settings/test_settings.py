"""Settings are read from one table, and everything wrong with them is told at once."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from daemon.platforms import own
from daemon.platforms.ibm_nutanix.settings import IbmSettings
from daemon.settings.kinds import Setting
from daemon.settings.reading import (
    Settings,
    SettingsError,
    every_setting,
    find_config,
    load_settings,
    platforms_on,
    settings_table,
)
from daemon.settings.table import SETTINGS
from daemon.spec.hosts import HostPort

EVERY = every_setting(own().values())

REQUIRED = {
    "NXD_ENVIRONMENT": "lab",
    "NXD_BOOT_URL": "http://10.240.0.5:8080",
    "NXD_CONFIG_URL": "http://10.240.0.5:8081",
    "NXD_IBM_TRUSTED_PROFILE": "Profile-9fd84246-7df4-4667-94e4-8ecde51d5ac5",
}
WHOLE = """\
environment: lab
state_dir: /srv/nxd
boot:
  listen: 127.0.0.1:9000
  url: http://10.240.0.5:9000
config:
  url: http://10.240.0.5:8081/
ibm:
  region: eu-de
  trusted_profile: crn:v1:bluemix:public:iam-identity::a/1::profile:Profile-1
  read_timeout: 45
limits:
  installs: 3
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "nxd.yaml"
    path.write_text(WHOLE.replace("8081/", "8081"))
    return path


def problems(path: Path | None, environ: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as wrong:
        load_settings(path, environ)
    assert str(wrong.value).splitlines() == wrong.value.problems
    return wrong.value.problems


def test_the_table_and_the_dataclass_name_the_same_settings_in_the_same_order() -> None:
    house = [field.name for field in dataclasses.fields(Settings)]
    assert house[3:] == [setting.attribute for setting in SETTINGS]
    ibm = [field.name for field in dataclasses.fields(IbmSettings)]
    assert [name for name in ibm if name not in house] == [
        setting.attribute for setting in EVERY if setting not in SETTINGS
    ]


def test_a_file_is_read_and_the_rest_is_default(config: Path) -> None:
    settings = load_settings(config, {})
    assert settings.environment == "lab"
    assert settings.boot_listen == HostPort("127.0.0.1", 9000)
    assert settings.config_listen == HostPort("0.0.0.0", 8081)
    assert settings.limits_installs == 3
    assert (settings.own["ibm_read_timeout"], settings.own["ibm_connect_timeout"]) == (45.0, 5.0)
    assert settings.own["prism_port"] == 9440


def test_a_default_follows_the_setting_it_names(config: Path) -> None:
    settings = load_settings(config, {})
    assert settings.images_dir == Path("/srv/nxd/images")
    assert settings.own["ibm_vpc_url"] == "https://eu-de.iaas.cloud.ibm.com/v1"
    assert load_settings(None, REQUIRED).images_dir == Path("/var/lib/nxd/images")


@pytest.mark.parametrize("setting", EVERY, ids=lambda setting: setting.key)
def test_every_default_is_right_and_of_the_declared_type(setting: Setting) -> None:
    settings = IbmSettings.of(load_settings(None, REQUIRED))
    (field,) = [f for f in dataclasses.fields(IbmSettings) if f.name == setting.attribute]
    declared = str(field.type).partition("[")[0].split(" | ")
    found = type(getattr(settings, field.name)).__name__
    assert {"PosixPath": "Path", "NoneType": "None"}.get(found, found) in declared


def test_the_environment_overrides_the_file(config: Path) -> None:
    settings = load_settings(config, {"NXD_LIMITS_INSTALLS": "7", "NXD_BOOT_LISTEN": "[::1]:80"})
    assert settings.limits_installs == 7
    assert settings.boot_listen == HostPort("::1", 80)
    assert str(settings.boot_listen) == "[::1]:80"


def test_everything_wrong_is_told_at_once_with_key_file_line_and_remedy(tmp_path: Path) -> None:
    path = tmp_path / "nxd.yaml"
    path.write_text(
        "environmnt: lab\n"
        "boot:\n"
        "  listen: 8080\n"
        "  url: http://10.240.0.5:8080\n"
        "  lisen: 0.0.0.0:1\n"
        "config: 5\n"
        "ibm:\n"
        "  connections: 1.5\n"
        "nodes: 3\n"
    )
    found = problems(path, {"NXD_IBM_READ_TIMEOUT": "soon", "NXD_CONFIG_URL": "ftp://a:1"})
    for said in (
        f'{path}, line 1: unknown setting "environmnt": did you mean "environment"?',
        f'{path}, line 5: unknown setting "boot.lisen": did you mean "boot.listen"?',
        f"{path}, line 6: config must hold one or more of certificate, key, listen, url, indented.",
        f'{path}, line 9: unknown setting "nodes": nothing known is like it, remove it',
        f"environment is missing: add it to {path} or set NXD_ENVIRONMENT; expected a name of",
        f"boot.listen ({path}, line 3): expected host:port, for example 0.0.0.0:8080, found the number 8080.",
        "config.url (variable NXD_CONFIG_URL): expected http://host:port or https://host:port, for",
        f"ibm.trusted_profile is missing: add it to {path} or set NXD_IBM_TRUSTED_PROFILE",
        f"ibm.connections ({path}, line 8): expected a whole number from 1 to 1000000000, found the number 1.5.",
        "ibm.read_timeout (variable NXD_IBM_READ_TIMEOUT): expected a number above 0 and at most 1000000000, "
        'found "soon".',
    ):
        assert [problem for problem in found if problem.startswith(said)], said
    assert len(found) == 10


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("NXD_ENVIRONMENT", "a" * 21),
        ("NXD_ENVIRONMENT", "Lab"),
        ("NXD_ENVIRONMENT", "lab-"),
        ("NXD_STATE_DIR", "relative/path"),
        ("NXD_SOCKET", "/" + "s" * 107),
        ("NXD_BOOT_LISTEN", "0.0.0.0:0"),
        ("NXD_BOOT_LISTEN", "0.0.0.0:65536"),
        ("NXD_BOOT_URL", "http://10.0.0.1:8080/boot"),
        ("NXD_IBM_VPC_URL", "ftp://a"),
        ("NXD_IBM_TRUSTED_PROFILE", "my-profile"),
        ("NXD_PRISM_PORT", "0"),
        ("NXD_LIMITS_STEPS", "true"),
        ("NXD_CLOCK_SPEED", "0"),
        ("NXD_DEADLINES_FACTOR", "-1"),
        ("NXD_IBM_REGION", "US South"),
        ("NXD_ENVIRONMENT", "ibm"),
        ("NXD_ENVIRONMENT", "ibm-lab"),
        ("NXD_STATE_DIR", "/var/lib/../nxd"),
        ("NXD_STATE_DIR", "/var/lib/n\u200bxd"),
        ("NXD_BOOT_LISTEN", "999.1.1.1:8080"),
        ("NXD_BOOT_LISTEN", "-.-:8080"),
        ("NXD_BOOT_LISTEN", "224.0.0.1:8080"),
        ("NXD_BOOT_LISTEN", "[1::2::3]:8080"),
        ("NXD_BOOT_LISTEN", "[10.0.0.1]:8080"),
        ("NXD_BOOT_URL", "http://10.0.0.1:0"),
        ("NXD_BOOT_URL", "http://10.0.0.1:99999"),
        ("NXD_BOOT_URL", "http://0.0.0.0:8080"),
        ("NXD_BOOT_URL", "http://a..b:8080"),
        ("NXD_BOOT_URL", "http://10.240.0.500:8080"),
        ("NXD_CONFIG_URL", "http://239.1.1.1:8081"),
        ("NXD_IBM_VPC_URL", "https://us-south.iaas.cloud.ibm.com:99999/v1"),
        ("NXD_IBM_METADATA_URL", "http://1.2.3.4.5"),
    ],
)
def test_a_wrong_value_is_refused_by_name(variable: str, value: str) -> None:
    (found,) = problems(None, {**REQUIRED, variable: value})
    assert f"({'variable ' + variable}): expected" in found


NUMBERS = [setting for setting in EVERY if setting.kind.numeric]
BEYOND = ("1e300", "1" + "0" * 22, "-" + "9" * 23, "1" + "0" * 15, "nan", ".inf", "1e400", "٣")


@pytest.mark.parametrize("setting", NUMBERS, ids=lambda setting: setting.key)
def test_every_number_tells_its_whole_range_and_what_is_beyond_it_is_refused_with_it(
    setting: Setting, tmp_path: Path
) -> None:
    words = setting.kind.words
    assert re.fullmatch(r"a (whole )?number (from [0-9]+ to|above [0-9]+ and at most) [0-9]+", words)
    path = tmp_path / "nxd.yaml"
    for text in (*BEYOND, f"{int(words.split()[-1]) + 1}"):
        section, _, name = setting.key.partition(".")
        path.write_text(f"{section}:\n  {name}: {text}\n")
        for file, environ in ((path, REQUIRED), (None, {**REQUIRED, setting.env: text})):
            (said,) = problems(file, dict(environ))
            assert f"): expected {words}, found " in said and said.startswith(setting.key) and len(said) < 300


@pytest.mark.parametrize(
    "text",
    [
        "ibm_nutanix",
        "[ibm_nutanix]",
        "[ 'ibm_nutanix' ]",
        ' ["ibm_nutanix"]',
        "- ibm_nutanix\n",
        "ibm_nutanix, ibm_nutanix",
    ],
)
def test_a_list_in_a_variable_is_written_with_commas_or_as_in_the_file(text: str) -> None:
    assert load_settings(None, {**REQUIRED, "NXD_PLATFORMS": text}).platforms == ("ibm_nutanix",)


@pytest.mark.parametrize("text", ["[ibm_nutanix", "[]", "[[ibm_nutanix]]", "ibm_nutanix,", "[1]", "- - a"])
def test_a_variable_that_is_no_list_says_how_one_is_written(text: str) -> None:
    said = problems(None, {**REQUIRED, "NXD_PLATFORMS": text})
    assert said == [
        "platforms (variable NXD_PLATFORMS): expected a list of one platform or more, for example [ibm_nutanix], or "
        f'ibm_nutanix,another, found "{text}".'
    ]


def test_a_wrong_directory_is_one_problem_and_not_also_that_of_what_lies_in_it() -> None:
    assert len(problems(None, {**REQUIRED, "NXD_STATE_DIR": "here"})) == 1


def test_two_servers_on_one_address_are_refused() -> None:
    (found,) = problems(None, {**REQUIRED, "NXD_CONFIG_LISTEN": "0.0.0.0:8080"})
    assert found == "config.listen is 0.0.0.0:8080 and boot.listen 0.0.0.0:8080: give each its own port."


@pytest.mark.parametrize(
    ("boot", "config"), [("0.0.0.0", "127.0.0.1"), ("127.0.0.1", "0.0.0.0"), ("[::]", "10.0.0.1")]
)
def test_a_server_everywhere_and_one_on_an_address_of_the_same_port_are_refused(
    boot: str, config: str
) -> None:
    listen = {"NXD_BOOT_LISTEN": f"{boot}:8080", "NXD_CONFIG_LISTEN": f"{config}:8080"}
    (found,) = problems(None, {**REQUIRED, **listen})
    assert "give each its own port" in found


@pytest.mark.parametrize(
    ("boot", "config"),
    [
        ("http://a:8080", "http://a:8080"),
        ("http://a", "http://A:80"),
        ("http://[2001:db8::1]:1", "http://[2001:db8::1]:1"),
    ],
)
def test_one_url_for_both_ports_is_refused(boot: str, config: str) -> None:
    (found,) = problems(None, {**REQUIRED, "NXD_BOOT_URL": boot, "NXD_CONFIG_URL": config})
    assert found == f"config.url is {config} and boot.url {boot}, which is one port: each has its own."


def test_a_misspelt_and_an_empty_variable_are_told_by_name() -> None:
    odd = {"NXD_BOOT_ULR": "http://a", "NXD_LIMITS_INSTALLS": "", "NXD_SOCKET": " ", "NXD_CONFIG": ""}
    assert problems(None, {**REQUIRED, **odd}) == [
        'unknown variable "NXD_BOOT_ULR": did you mean "NXD_BOOT_URL"?',
        "variable NXD_CONFIG is empty: give it a value, or unset it.",
        "variable NXD_LIMITS_INSTALLS is empty: give it a value, or unset it.",
        "variable NXD_SOCKET is empty: give it a value, or unset it.",
    ]
    with pytest.raises(SettingsError, match="NXD_CONFIG is empty"):
        find_config(None, {"NXD_CONFIG": ""})
    assert find_config("/a", {"NXD_CONFIG": ""}) == Path("/a")
    known = {"NXD_KEYMAP": "/k", "NXD_CRASH": "", "HOME": "", "NXDX": ""}
    assert load_settings(None, {**REQUIRED, **known}) == load_settings(None, REQUIRED)


def test_another_setting_may_stand_in_braces_in_the_file_and_in_a_variable(tmp_path: Path) -> None:
    path = tmp_path / "nxd.yaml"
    path.write_text("environment: lab\nstate_dir: /srv/{environment}/nxd\nsocket: '{state_dir}/nxd.sock'\n")
    settings = load_settings(path, {**REQUIRED, "NXD_IMAGES_DIR": "/images/{environment}"})
    assert (settings.state_dir, settings.socket) == (Path("/srv/lab/nxd"), Path("/srv/lab/nxd/nxd.sock"))
    assert settings.images_dir == Path("/images/lab")


def test_braces_around_what_is_no_setting_or_has_no_value_yet_are_refused() -> None:
    (found,) = problems(None, {**REQUIRED, "NXD_STATE_DIR": "/srv/{environmnt}"})
    assert found.startswith(
        'state_dir (variable NXD_STATE_DIR) has braces with an unknown setting "environmnt": did you'
    )
    (found,) = problems(None, {**REQUIRED, "NXD_STATE_DIR": "/srv/{socket}"})
    assert "names {socket}, which has no value here" in found


def test_a_longest_pause_below_the_first_is_refused() -> None:
    (found,) = problems(None, {**REQUIRED, "NXD_RETRY_MAX_SECONDS": "1"})
    assert "retry.max_seconds (1) is less than retry.first_seconds (2)" in found


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"boot:\n\tlisten: a", "line 2, column 1: a tab in the indentation", id="tab"),
        pytest.param(b"a: 1\na: 2", 'line 2, column 1: the key "a" stands here again', id="twice"),
        pytest.param(b"- a", "must hold one setting per line", id="list"),
        pytest.param(b"\xff\xfe", "is written in UTF-16", id="not-text"),
    ],
)
def test_a_file_that_is_no_settings_file_is_told_so(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "nxd.yaml"
    path.write_bytes(content)
    found = problems(path, REQUIRED)
    assert said in found[0] and str(path) in found[0]


def test_a_missing_file_is_told_with_how_to_name_another(tmp_path: Path) -> None:
    (found,) = problems(tmp_path / "none.yaml", REQUIRED)
    assert found == (
        f"There is no settings file at {tmp_path}/none.yaml: "
        "create it, or name another one with --config or $NXD_CONFIG."
    )


def test_an_empty_file_is_no_setting_at_all(tmp_path: Path) -> None:
    path = tmp_path / "nxd.yaml"
    path.write_text("# nothing yet\nboot:\n")
    assert load_settings(path, REQUIRED) == load_settings(None, REQUIRED)


def test_the_option_counts_before_the_environment_and_that_before_the_default() -> None:
    assert find_config("/a", {"NXD_CONFIG": "/b"}) == Path("/a")
    assert find_config(None, {"NXD_CONFIG": "/b"}) == Path("/b")
    assert find_config(None, {}) == Path("/etc/nxd/nxd.yaml")


def test_the_documented_table_has_a_line_for_every_setting() -> None:
    lines = settings_table().splitlines()
    assert len(lines) == len(EVERY) + 2
    for setting, line in zip(EVERY, lines[2:], strict=True):
        assert line.startswith(f"| `{setting.key}` | `{setting.env}` |")
        assert line.count(" | ") == 4


@pytest.mark.parametrize(
    ("socket", "said"),
    [
        ("/srv/nxd", "which is state_dir"),
        ("/srv", "a directory above"),
        ("/srv/nxd/nxd.db", "a file that nxd keeps in state_dir"),
        ("/srv/nxd/nxd.db-wal", "a file that nxd keeps in state_dir"),
        ("/srv/nxd/secret.key", "a file that nxd keeps in state_dir"),
        ("/srv/images", "which is images_dir"),
    ],
)
def test_a_socket_in_the_place_of_something_else_is_refused(socket: str, said: str) -> None:
    given = {"NXD_STATE_DIR": "/srv/nxd", "NXD_IMAGES_DIR": "/srv/images", "NXD_SOCKET": socket}
    with pytest.raises(SettingsError) as refused:
        load_settings(None, {**REQUIRED, **given})
    (found,) = refused.value.problems
    assert "socket is /srv" in found and said in found


def test_a_socket_beside_the_files_of_the_state_directory_is_taken() -> None:
    given = {"NXD_STATE_DIR": "/srv/nxd", "NXD_SOCKET": "/srv/nxd/nxd.sock"}
    assert load_settings(None, {**REQUIRED, **given}).socket == Path("/srv/nxd/nxd.sock")


def test_more_connections_of_one_source_than_of_all_are_refused() -> None:
    given = {"NXD_LIMITS_CONNECTIONS": "10", "NXD_LIMITS_CONNECTIONS_PER_SOURCE": "11"}
    with pytest.raises(SettingsError) as refused:
        load_settings(None, {**REQUIRED, **given})
    (found,) = refused.value.problems
    assert "limits.connections_per_source (11) is more than limits.connections (10)" in found


def test_an_unknown_platform_is_told_with_its_file_and_line_or_its_variable(tmp_path: Path) -> None:
    file = tmp_path / "nxd.yaml"
    file.write_text("environment: lab\nplatforms: [ibm_nutanix, nosuch]\n")
    expected = f'platforms ({file}, line 2): unknown platform "nosuch"'
    with pytest.raises(SettingsError) as wrong:
        load_settings(file, REQUIRED)
    assert [one for one in wrong.value.problems if one.startswith(expected)]
    with pytest.raises(SettingsError, match=re.escape(expected)):
        platforms_on(file, {})
    with pytest.raises(SettingsError, match=r"variable NXD_PLATFORMS.*nosuch"):
        platforms_on(file, {"NXD_PLATFORMS": "nosuch"})


@pytest.mark.parametrize(
    ("word", "meant"), [("bot", "boot"), ("boots", "boot"), ("ibmm", "ibm"), ("limit", "limits")]
)
def test_a_section_that_is_spelt_wrong_is_told_with_the_one_that_is_meant(
    tmp_path: Path, word: str, meant: str
) -> None:
    file = tmp_path / "nxd.yaml"
    file.write_text(f"environment: lab\n{word}:\n  listen: x\n")
    with pytest.raises(SettingsError, match=f'did you mean "{meant}'):
        load_settings(file, REQUIRED)
