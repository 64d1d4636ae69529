"""A spec says what it means, or every mistake in it is told with its line and column."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from daemon.platforms import states
from daemon.platforms.ibm_nutanix.spec import IbmNutanixSpec
from daemon.platforms.ibm_nutanix.spec_rules import position_letters
from daemon.spec.reading import (
    MOST_TOLD,
    SPEC_LIMIT,
    ClusterSpec,
    SpecError,
    UnknownPlatform,
    dump,
    duration_text,
    json_schema,
    load_spec,
    parse_duration,
    spec_digest,
)
from state_machines.ibm_nutanix import NODE

SAMPLES = Path(__file__).parents[3] / "sample-specs"
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
BROKEN = sorted((SAMPLES / "broken").glob("*.yaml"))
WHOLE = [path for path in sorted(SAMPLES.rglob("*.yaml")) if path not in BROKEN]


def model_for(platform: str) -> type[ClusterSpec]:
    if platform != "ibm_nutanix":
        raise UnknownPlatform(platform, ["ibm_nutanix"])
    return IbmNutanixSpec


def known_states(platform: str) -> Mapping[str, float | None]:
    assert platform == "ibm_nutanix"
    return states(platform)


def read(text: str, name: str = "spec.yaml") -> IbmNutanixSpec:
    spec = load_spec(text, name, model_for, known_states)
    assert isinstance(spec, IbmNutanixSpec)
    return spec


def mistakes(text: str) -> list[str]:
    with pytest.raises(SpecError) as wrong:
        read(text)
    return [str(problem) for problem in wrong.value.problems]


@pytest.fixture
def whole() -> str:
    """A right spec with every key."""
    return (SAMPLES / "three-node.yaml").read_text()


@pytest.fixture
def small() -> str:
    """A right spec with only the keys that must be there."""
    return (SAMPLES / "one-node.yaml").read_text()


def without(text: str, *keys: str) -> str:
    document = yaml.safe_load(text)
    inner = document
    for key in keys[:-1]:
        inner = inner[key]
    del inner[keys[-1]]
    return yaml.safe_dump(document)


@pytest.mark.parametrize("keys", [("vpc",), ("management", "subnet"), ("workload", "subnet")], ids=".".join)
def test_the_network_of_the_servers_must_be_named_and_has_no_default(
    small: str, keys: tuple[str, ...]
) -> None:
    (said,) = mistakes(without(small, "ibm", *keys))
    assert f'"{keys[-1]}" is missing' in said


@pytest.mark.parametrize("key", ["instance", "zone", "name"])
def test_where_the_names_are_kept_must_be_named_and_has_no_default(small: str, key: str) -> None:
    (said,) = mistakes(without(small, "ibm", "dns", key))
    assert f'"{key}" is missing' in said


@pytest.mark.parametrize("key", ["profile", "zone", "image"])
def test_what_a_server_is_must_be_named_and_has_no_default(small: str, key: str) -> None:
    (said,) = mistakes(without(small, "ibm", key))
    assert f'"{key}" is missing' in said


@pytest.mark.parametrize("method", ["ssh", "foundation"])
def test_a_way_to_form_clusters_that_is_not_there_is_refused_by_name(small: str, method: str) -> None:
    document = yaml.safe_load(small)
    document["nutanix"]["method"] = method
    (said,) = mistakes(yaml.safe_dump(document))
    assert method in said and "prism" in said


@pytest.mark.parametrize(
    ("name", "ahv"), [("overlap", [40, 60]), ("too small", [51, 51]), ("the cloud's own", [2, 20])]
)
def test_a_range_that_collides_or_is_too_small_is_refused_at_its_place(
    whole: str, name: str, ahv: list[int]
) -> None:
    document = yaml.safe_load(whole)
    document["ibm"]["management"]["ranges"]["ahv"] = ahv
    said = mistakes(yaml.safe_dump(document))
    assert said and all("ahv" in one or "range" in one for one in said), name


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: path.stem)
def test_a_sample_is_right(path: Path) -> None:
    read(path.read_text())


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_broken_sample_has_exactly_the_mistake_in_its_first_line(path: Path) -> None:
    text = path.read_text()
    assert mistakes(text) == [text.splitlines()[0].removeprefix("# ")]


def test_there_is_a_broken_sample_for_many_kinds_of_mistake() -> None:
    messages = {path.read_text().splitlines()[0].partition(": ")[2] for path in BROKEN}
    assert len(messages) == len(BROKEN) >= 15


def test_the_three_node_sample_explains_every_key_there_is(whole: str) -> None:
    def keys(value: Any) -> set[str]:
        if isinstance(value, dict):
            return set(value).union(*map(keys, value.values()))
        return set().union(*map(keys, value)) if isinstance(value, list) else set()

    schema = json_schema(IbmNutanixSpec)
    known = set(schema["properties"]).union(*(set(d["properties"]) for d in schema["$defs"].values()))
    assert keys(yaml.safe_load(whole)) - {"installing"} == known


def test_the_two_clusters_share_subnets_and_no_name() -> None:
    one, two = (read((SAMPLES / "two-clusters" / f"cluster-{x}.yaml").read_text()) for x in "ab")
    assert one.ibm.management.subnet == two.ibm.management.subnet
    assert one.ibm.workload.subnet == two.ibm.workload.subnet
    assert not {one.cluster, *(n.name for n in one.nodes)} & {two.cluster, *(n.name for n in two.nodes)}


def test_what_may_be_left_out_has_its_documented_default(small: str) -> None:
    spec = read(small)
    assert (spec.on_failure, spec.deadlines, spec.nodes[0].position) == ("hold", {}, "A")
    assert (spec.ibm.resource_group, spec.ibm.ssh_keys, spec.ibm.dns.ttl) == (None, (), 300)
    assert dump(spec)["ibm"]["management"]["ranges"] == {
        "management": [10, 50], "ahv": [51, 100], "cvm": [101, 150], "cluster": [200, 210],
    }  # fmt: skip
    assert spec.ibm.workload.range == (10, 200)
    assert (spec.nutanix.method, spec.nutanix.timezone) == ("prism", "UTC")
    assert spec.nutanix.storage.boot_drive == "/dev/nvme0n1"
    assert spec.nutanix.storage.data_drives == ("/dev/nvme2n1", "/dev/nvme3n1")


def test_positions_go_on_after_z() -> None:
    assert [position_letters(i) for i in (0, 1, 25, 26, 27, 52)] == ["A", "B", "Z", "AA", "AB", "BA"]


def test_what_is_dumped_reads_back_as_the_same_wish(whole: str) -> None:
    spec = read(whole)
    assert IbmNutanixSpec.model_validate(dump(spec)) == spec


def test_the_digest_is_of_the_meaning_and_not_of_the_text(whole: str) -> None:
    same = "# another comment\n" + whole.replace("60m", "1h").replace("    position: A ", "")
    assert spec_digest(read(same)) == spec_digest(read(whole))
    other = whole.replace("ttl: 300 ", "ttl: 600 ")
    assert spec_digest(read(other)) != spec_digest(read(whole))


EDITS = [
    ("cluster: demo", "cluster: node03-cvm\nfoo: 1"),
    ("installing: 60m", "instaling: 60"),
    ("on_failure: hold", "on_failure: ask"),
    ("name: node02", "name: node01\n    positon: Q"),
    ("vpc: r006", "vpcs: r006"),
    ("[51, 100]", "[51]"),
    ("[200, 210]", "[30, 40]"),
    ("ttl: 300 ", "ttl: 301 "),
    ("redundancy_factor: 2", "redundancy_factor: 3"),
    ("[161.26.0.7, 161.26.0.8]", "[]"),
    ("[time.adn.networklayer.com]", "[a_b, 1.2.3, 7, ~]"),
    ("/dev/nvme3n1]", "/dev/nvme0n1]"),
]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(whole: str) -> None:
    for before, after in EDITS:
        assert before in whole
        whole = whole.replace(before, after, 1)
    found = mistakes(whole)
    assert [re.sub(r"^[0-9:]+ ", "", problem) for problem in found] == [
        'the name "node03-cvm" is already the host name of an interface of node "node03"',
        'unknown key "foo": expected one of climb_to, cluster, deadlines, gate, ibm, nodes, nutanix, on_failure, '
        "platform",
        'expected one of hold, rollback, found "ask"',
        'unknown state "instaling": did you mean "installing"?',
        "expected a duration like 90s, 45m or 2h, from 1s to 720h, found the number 60",
        'the name "node01" is already taken by another node',
        'unknown key "positon": did you mean "position"?',
        'unknown key "vpcs": did you mean "vpc"?',
        "expected two whole numbers from 4 to 65534, the first and the last offset, like [10, 50]",
        "the range cluster overlaps management [10, 50]",
        "expected one of 60, 120, 300, 600, 900, 1800, 3600, 7200, 18000, 43200, found the number 301",
        "redundancy factor 3 needs 5 nodes, and there are 3",
        "expected a list of 1 or more, found an empty list",
        'expected a host name or an IPv4 address, found "a_b"',
        'expected an IPv4 address like 161.26.0.7, found "1.2.3"',
        "expected text, found the number 7: put it in quotes",
        "expected text, found nothing",
        'the drive "/dev/nvme0n1" is already in use above',
    ]


@pytest.mark.parametrize(
    ("nodes", "factor", "said"),
    [
        (1, 1, None),
        (1, 2, "a single node has redundancy factor 1, found 2"),
        (2, 1, "two nodes cannot form a cluster"),
        (2, 2, "two nodes cannot form a cluster"),
        (3, 1, "redundancy factor 1 is for a single node, and there are 3: use 2"),
        (3, 2, None),
        (4, 3, "redundancy factor 3 needs 5 nodes, and there are 4"),
        (5, 3, None),
        (5, 4, "expected one of 1, 2, 3, found the number 4"),
    ],
)
def test_the_redundancy_factor_fits_the_number_of_nodes(
    nodes: int, factor: int, said: str | None, small: str
) -> None:
    listed = "".join(f"  - name: n{i}\n" for i in range(nodes))
    text = small.replace("  - name: solo01\n", listed)
    text = text.replace("redundancy_factor: 1", f"redundancy_factor: {factor}")
    if said is None:
        assert len(read(text).nodes) == nodes
    else:
        (found,) = mistakes(text)
        assert said in found


@pytest.mark.parametrize("name", ["a", "a" * 29, "node-01", "a1"])
def test_a_good_name_is_taken(name: str, small: str) -> None:
    assert read(small.replace("solo01", name)).nodes[0].name == name


@pytest.mark.parametrize("name", ["a" * 30, "1a", "-a", "a-", "A", "a_b", "a.b", "ä", "''", "no way"])
def test_a_bad_name_is_refused(name: str, small: str) -> None:
    (found,) = mistakes(small.replace("solo01", name))
    assert "expected a name of at most 29 characters" in found


@pytest.mark.parametrize("word", ["no", "off", "yes", "on", "y"])
def test_a_word_that_other_yaml_readers_take_for_a_truth_stays_a_word(word: str, small: str) -> None:
    assert read(small.replace("solo01", word)).nodes[0].name == word


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("45m", 2700), ("2h", 7200)])
def test_a_duration_is_seconds_and_reads_back(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds
    assert parse_duration(duration_text(seconds)) == seconds


@pytest.mark.parametrize(
    "text", ["", "0s", "1.5h", "-1m", "1 h", "1d", "h", 60, None, "1h\n", "9" * 23 + "h"]
)
def test_what_is_no_duration_is_refused(text: object) -> None:
    with pytest.raises(ValueError):
        parse_duration(text)


def test_under_an_unknown_platform_the_rest_is_still_checked(whole: str) -> None:
    text = whole.replace("ibm_nutanix", "vmware").replace("cluster: demo", "cluster: Demo")
    found = mistakes(text)
    assert len(found) == 2
    assert 'unknown platform "vmware": expected one of ibm_nutanix' in found[0]
    assert "expected a name" in found[1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("", "1:1: the spec is empty", id="empty"),
        pytest.param("# nothing\n", "1:1: the spec is empty", id="comment"),
        pytest.param(
            "just words", '1:1: expected keys and values at the top, found "just words"', id="words"
        ),
        pytest.param("a: *b", "1:4: an alias (*b): write the value out", id="alias"),
        pytest.param("a: !!python/name:os.system x", "1:4: a tag", id="tag"),
        pytest.param("[" * 5000 + "]" * 5000, "1:33: nested too deeply", id="too-deep"),
        pytest.param("a: \x00", "1:4: U+0000 (a control character) cannot be seen", id="unprintable"),
        pytest.param("a: 'b", "1:6: not YAML: the document ends before a quote is closed", id="quote"),
        pytest.param("a:\n\tb: 1\n\tc: 2", "2:1: a tab in the indentation", id="tabs"),
    ],
)
def test_what_is_no_spec_at_all_is_refused_with_a_place(text: str, said: str) -> None:
    assert any(said in mistake for mistake in mistakes(text))


def test_every_tab_is_told() -> None:
    assert len(mistakes("a:\n\tb: 1\n\tc: 2")) == 2


def test_the_error_is_one_line_for_each_mistake_with_file_line_and_column(small: str) -> None:
    with pytest.raises(SpecError) as wrong:
        read(small.replace("us-south-1", "nowhere").replace("solo01", "Solo"), "my.yaml")
    for line in str(wrong.value).splitlines():
        assert re.match(r"my\.yaml:[0-9]+:[0-9]+: \S", line)
    assert len(str(wrong.value).splitlines()) == 2


def test_a_long_wrong_value_is_cut_short_and_stays_on_one_line(small: str) -> None:
    (found,) = mistakes(small.replace("solo01", '"' + "x\\n" * 100 + '"'))
    assert len(found) < 250 and "\n" not in found and found.endswith('…"')


def test_every_key_of_the_schema_is_described() -> None:
    schema = json_schema(IbmNutanixSpec)
    for model in (schema, *schema["$defs"].values()):
        for name, described in model["properties"].items():
            assert described.get("description"), name
    assert schema["$schema"].startswith("https://json-schema.org/")


def _places(value: Any, loc: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [loc, *(place for key, part in inner for place in _places(part, (*loc, key)))]


@pytest.mark.parametrize("odd", [None, 5, "odd", [], {}, [{}], {"odd": [1]}], ids=repr)
def test_whatever_stands_in_any_place_is_a_spec_or_a_list_of_mistakes(odd: Any, whole: str) -> None:
    right = yaml.safe_load(whole)
    for place in _places(right)[1:]:
        data = deepcopy(right)
        parent = data
        for part in place[:-1]:
            parent = parent[part]
        parent[place[-1]] = odd
        try:
            assert read(yaml.dump(data, Dumper=DUMPER)).platform == "ibm_nutanix"
        except SpecError as wrong:
            assert wrong.problems


@pytest.mark.parametrize(
    ("escape", "told"),
    [(r"\u202e", r"\u202e"), (r"\n", r"\u000a"), (r"\x7f", r"\u007f"), (r"\U000e0001", r"\U000e0001")],
)
def test_what_an_escape_of_yaml_hides_is_told_by_its_code_point(whole: str, escape: str, told: str) -> None:
    hidden = f'"d{escape}emo"'
    for wrong in (
        whole.replace("cluster: demo", f"cluster: {hidden}"),
        whole.replace("cluster: demo", f"cluster: demo\n{hidden}: 1"),
    ):
        found = mistakes(wrong)
        assert found and all(one.isprintable() for one in found), found
        assert any(told in one or escape in one for one in found), found


def test_a_spec_that_is_too_large_is_told_in_a_sentence_and_not_read(whole: str) -> None:
    (found,) = mistakes(whole + "#" * SPEC_LIMIT)
    assert "1:1: the spec has" in found and f"at most {SPEC_LIMIT:,} are read" in found
    assert read(whole + "#" * (SPEC_LIMIT - len(whole.encode()))).cluster == "demo"


def test_of_very_many_mistakes_the_first_hundred_are_told_and_the_number_of_the_rest() -> None:
    found = mistakes("\n".join(f"- *a{n}" for n in range(5000)))
    assert len(found) == MOST_TOLD + 1
    assert found[-1] == f"{MOST_TOLD + 1}:3: and 4900 more mistakes from here on"


@pytest.mark.parametrize("state", ["pending", "active", "failed", "held", "rolling_back"])
def test_a_state_that_has_no_deadline_is_told_apart_from_a_word_that_is_no_state(state: str) -> None:
    assert state in NODE.states
    text = (SAMPLES / "one-node.yaml").read_text() + f"\ndeadlines:\n  {state}: 5m\n"
    (said,) = mistakes(text)
    assert f'the state "{state}" has no deadline of its own: remove it' in said
    (other,) = mistakes(text.replace(f"  {state}: 5m", "  instaling: 5m"))
    assert 'did you mean "installing"?' in other
