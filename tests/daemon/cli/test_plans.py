"""A plan covers what will be done in full, and nothing that stands is deleted unasked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from daemon.client import Client, DaemonRefused

SAMPLES = Path(__file__).parents[3] / "sample-specs"
WHOLE = (SAMPLES / "three-node.yaml").read_text().replace("demo", "trio").replace("node0", "trio0")

EDITS = [
    ("profile: bx2d-metal-96x384", "profile: bx2-metal-96x384"),
    ("zone: us-south-1", "zone: us-south-2"),
    ("image: r006-4f1c0de0-0000-4000-8000-000000000030", "image: r006-other"),
    ("on_failure: hold", "on_failure: rollback"),
    ("climb_to: none", "climb_to: restart"),
    ("gate: all", "gate: 3"),
    ("installing: 60m", "installing: 61m"),
    ("timezone: UTC", "timezone: Europe/Berlin"),
    ("[161.26.0.7, 161.26.0.8]", "[161.26.0.8, 161.26.0.7]"),
    ("ttl: 300 ", "ttl: 600 "),
    ("position: C", "position: D"),
    ("instance: 4f1c0de0-0000-4000-8000-000000000060", "instance: 4f1c0de0-0000-4000-8000-000000000066"),
    ("management: [10, 50]", "management: [11, 50]"),
    ("ssh_keys: [r006-4f1c0de0-0000-4000-8000-000000000040]", "ssh_keys: []"),
    ("boot_drive: /dev/nvme0n1", "boot_drive: /dev/nvme1n1"),
    ("method: prism              #", "#"),
]


def test_every_edit_of_a_spec_is_another_plan_and_no_other_spec_is_applied_by_it(served: Any) -> None:
    with Client(served.socket) as client:
        first = client.plan_spec(WHOLE)["digest"]
        found = {}
        for before, after in EDITS:
            assert before in WHOLE
            edited = WHOLE.replace(before, after)
            found[after] = client.plan_spec(edited)["digest"]
            if found[after] != first:
                with pytest.raises(DaemonRefused) as caught:
                    client.apply(edited, first)
                assert caught.value.error["code"] == "plan_changed"
        same = found.pop("#")  # what is left out has the same meaning
        assert same == first
        assert len({first, *found.values()}) == len(EDITS)


def test_a_plan_tells_attributes_and_sums_and_what_it_could_not_foresee(served: Any, tmp_path: Path) -> None:
    path = tmp_path / "trio.yaml"
    path.write_text(WHOLE)
    out = served.run("plan", str(path)).out
    assert "3 servers of bx2d-metal-96x384" in out and "13 addresses" in out and "6 interfaces" in out
    assert "It makes " in out and "cannot be foreseen" in out
    (server,) = [line for line in out.splitlines() if "trio02 " in line and " server " in line]
    for word in ("+ trio02", "zone us-south-1", "position B", "data_drives [/dev/nvme2n1, /dev/nvme3n1]"):
        assert word in server
    (cluster,) = [line for line in out.splitlines() if " nutanix_cluster " in line]
    assert (
        "redundancy_factor 2" in cluster
        and "gate all" in cluster
        and "deadlines {installing: 3600}" in cluster
    )


def test_the_names_of_another_clusters_node_are_refused_before_anything_is_made(
    served: Any, tmp_path: Path
) -> None:
    text = (
        (SAMPLES / "one-node.yaml")
        .read_text()
        .replace("solo01", "lone01")
        .replace("cluster: solo", "cluster: solo01-cvm")
    )
    path = tmp_path / "thief.yaml"
    path.write_text(text)
    for command in ("plan", "apply"):
        served.run(command, str(path)).refused_with(
            4,
            "solo01-cvm.nutanix.internal",
            "would be the cluster solo01-cvm",
            "is the node solo01 of solo already",
        )
    path.write_text(
        text.replace("000000000061", "000000000099")
    )  # the same name in another zone is another name
    assert served.run("plan", str(path)).code == 0


def test_the_spec_in_force_comes_back_and_is_the_wish_already(served: Any, tmp_path: Path) -> None:
    out = served.run("spec", "solo").out
    assert out.startswith("# yaml-language-server: $schema=")
    path = tmp_path / "back.yaml"
    path.write_text(out)
    assert served.run("validate", str(path)).code == 0
    assert "nothing to do" in served.run("apply", str(path)).out
    told = json.loads(served.run("spec", "solo", "--json").out)
    assert (told["cluster"], told["spec"]) == ("solo", out) and told["applied"]["revision"] == 1
    served.run("spec", "nobody").refused_with(2, "no node or cluster named nobody")
    served.run("spec", "solo01").refused_with(2, "the spec is that of solo")


def test_a_verb_that_is_not_legal_is_refused_before_a_plan_is_shown(served: Any) -> None:
    served.run("replace", "solo01").refused_with(4, "It is pending; replace is not possible now.")


@pytest.mark.parametrize(("verb", "name"), [("rollback", "solo"), ("destroy", "solo")])
def test_a_verb_that_deletes_shows_its_plan_and_does_nothing_without_a_terminal_or_consent(
    served: Any, verb: str, name: str
) -> None:
    with Client(served.socket) as client:
        digest, before = client.plan(verb, name)["digest"], client.snapshot()["revision"]
        ended = served.run(verb, name)
        ended.refused_with(4, "not a terminal", f"--plan {digest}", "--yes")
        log = client.log(after=before)["events"]
    assert not [event for event in log if event["kind"] == "verb"]


def test_the_schema_that_a_sample_names_lies_there_as_the_daemon_has_it(place: Any) -> None:
    (schema,) = SAMPLES.glob("*.schema.json")
    assert place.run("schema").out == schema.read_text()
    for path in [*SAMPLES.glob("*.yaml"), *SAMPLES.glob("two-clusters/*.yaml")]:
        first = path.read_text().splitlines()[0]
        assert first.startswith("# yaml-language-server: $schema="), path
        assert (path.parent / first.partition("=")[2]).resolve() == schema.resolve(), path


@pytest.mark.parametrize("verb", ["plan", "apply", "preflight"])
def test_a_zone_of_another_region_than_the_daemons_is_refused_before_anybody_is_asked(
    served: Any, tmp_path: Path, verb: str
) -> None:
    path = tmp_path / "trio.yaml"
    path.write_text(WHOLE.replace("zone: us-south-1", "zone: eu-de-1"))
    ended = served.run(verb, str(path))
    ended.refused_with(2, "The zone eu-de-1 is not in us-south", "Change ibm.zone in the spec")
    assert "cannot be foreseen" not in ended.err, "the cloud was asked first"
    assert not served.run("status").out.count("trio")
