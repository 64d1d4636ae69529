"""What a spec contradicts itself in is one mistake on one line, at its place, whatever characters stand around it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from daemon.platforms.ibm_nutanix.spec import IbmNutanixSpec
from daemon.spec.reading import (
    SpecModel,
    choices_of,
)
from tests.daemon.spec import test_spec
from tests.daemon.spec.test_spec import mistakes, read

whole = test_spec.whole
"""The sample that says everything."""

DEEP = ".".join(["a" * 60] * 4)
"""A domain of 243 characters."""


CONTRADICTIONS = [
    ("redundancy_factor: 2", "redundancy_factor: true", "expected one of 1, 2, 3, found true"),
    ("redundancy_factor: 2", "redundancy_factor: 2.0", "expected one of 1, 2, 3, found the number 2.0"),
    ("ttl: 300 ", "ttl: 300.0 ", "43200, found the number 300.0"),
    ("gate: all", "gate: true", "expected all, or a whole number from 1 to the number of nodes, found true"),
    ("gate: all", "gate: some", "expected all, or a whole number from 1 to the number of nodes"),
    ("gate: all", "gate: 0", "expected all, or a whole number from 1 to the number of nodes"),
    ("gate: all", "gate: 1", "redundancy factor 2 needs 3 nodes at the gate, and it waits for 1"),
    ("gate: all", "gate: 2", "redundancy factor 2 needs 3 nodes at the gate, and it waits for 2"),
    ("gate: all", "gate: 4", "the gate waits for 4 nodes, and there are 3"),
    ("[161.26.0.7, 161.26.0.8]", "[0.0.0.0]", "0.0.0.0 stands for no host at all, and no server"),
    ("[161.26.0.7, 161.26.0.8]", "[127.0.0.53]", "127.0.0.53 is each host itself"),
    ("[161.26.0.7, 161.26.0.8]", "[224.0.0.1]", "224.0.0.1 is a group of hosts (multicast)"),
    ("[161.26.0.7, 161.26.0.8]", "[255.255.255.255]", "255.255.255.255 is every host at once (broadcast)"),
    ("[161.26.0.7, 161.26.0.8]", "[169.254.169.254]", "169.254.169.254 is known on one link only"),
    ("[161.26.0.7, 161.26.0.8]", "[250.1.2.3]", "250.1.2.3 belongs to nobody (reserved)"),
    ("[161.26.0.7, 161.26.0.8]", "[161.26.0.7, 161.26.0.7]", 'the name server "161.26.0.7" stands here twice'),
    ("[time.adn.networklayer.com]", "[0.0.0.0]", "0.0.0.0 stands for no host at all"),
    ("[time.adn.networklayer.com]", "[localhost]", '"localhost" is each host itself'),
    ("[time.adn.networklayer.com]", "[time.1234]", "expected a host name or an IPv4 address"),
    ("[time.adn.networklayer.com]", "[a.example, A.example]", 'the time server "A.example" stands here twice'),
    ("/dev/nvme3n1]", "/dev/nvme0n1p2]", '"/dev/nvme0n1p2" is a partition of /dev/nvme0n1: name a whole drive'),
    ("/dev/nvme3n1]", "/dev/sda1]", '"/dev/sda1" is a partition of /dev/sda'),
    ("/dev/nvme3n1]", "/dev/disk/by-id/x-part1]", "is a partition of /dev/disk/by-id/x"),
    ("/dev/nvme3n1]", "/dev/../etc/passwd]", "expected a drive like"),
    ("/dev/nvme3n1]", "/dev//nvme0n1]", "expected a drive like"),
    ("/dev/nvme3n1]", "/dev/null]", "expected a drive like"),
    ("timezone: UTC", "timezone: Europe/Berln", 'unknown time zone "Europe/Berln": did you mean "Europe/Berlin"?'),
    ("[r006-4f1c0de0-0000-4000-8000-000000000020]", "[a, b, c, d, e, f, g]",
     "expected a list of 5 or fewer, found 7"),
    ("[r006-4f1c0de0-0000-4000-8000-000000000040]", "[a, a]", 'the SSH key "a" stands here twice'),
    ("installing: 60m", "installing: 9999999h", 'like 90s, 45m or 2h, from 1s to 720h, found "9999999h"'),
    ("nutanix.internal", DEEP, "has 259 characters with this domain, and a host name at most 253"),
    ("vpc: r006", "vpcs: r006", 'unknown key "vpcs": did you mean "vpc"?'),
    ("platform: ibm_nutanix", "platform: ibm-nutanix", "unknown platform"),
    ("platform: ibm_nutanix", "", '"platform" is missing'),
    ("cluster: demo", "cluster:\u00a0demo", "U+00A0 (no-break space) looks like a space and is none"),
    ("cluster: demo", "cluster: d\u200bemo", "10:11: U+200B"),
    ("cluster: demo", "cluster: d\u0435m\u043e", "(cyrillic small letter ie) looks like \"e\""),
    ("cluster: demo", "\u0441luster: demo", "10:1: U+0441 (cyrillic small letter es) looks like \"c\""),
    ("cluster: demo", "cluster:\tdemo", "10:9: U+0009 (a tab): use a space"),
    ("cluster: demo", "cluster: \u201cdemo\u201d", "U+201C"),
    ("cluster: demo", "cluster: demo \u2028", "U+2028 (line separator)"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "said"), CONTRADICTIONS, ids=[row[1][:40] for row in CONTRADICTIONS]
)
def test_one_mistake_is_one_line_that_names_it(before: str, after: str, said: str, whole: str) -> None:
    assert before in whole
    (found,) = mistakes(whole.replace(before, after))
    assert said in found


def test_no_value_that_only_equals_a_choice_is_one(whole: str) -> None:
    def fields(
        model: type[SpecModel], loc: tuple[str, ...] = ()
    ) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
        for name, field in model.model_fields.items():
            yield (*loc, name), choices_of(field.annotation)
            if isinstance(field.annotation, type) and issubclass(field.annotation, SpecModel):
                yield from fields(field.annotation, (*loc, name))

    tried = 0
    for loc, choices in fields(IbmNutanixSpec):
        for odd in [True] * (1 in choices) + [float(one) for one in choices if isinstance(one, int)]:
            data = parent = yaml.safe_load(whole)
            for part in loc[:-1]:
                parent = parent[part]
            parent[loc[-1]] = odd
            (found,) = mistakes(yaml.safe_dump(data))
            assert "expected one of" in found
            tried += 1
    assert tried > 10


def test_a_comment_may_be_in_any_language(whole: str) -> None:
    assert (
        read("# \u043f\u0440\u0438\u0432\u0435\u0442\n" + whole + "# \u201cx\u201d\u00a0\t\n").cluster
        == "demo"
    )


def test_after_a_character_that_cannot_be_seen_columns_are_still_those_of_the_file() -> None:
    found = mistakes("a: [b\u200b, *c]")
    assert [problem.partition(": ")[0] for problem in found] == ["1:6", "1:9"]


def test_the_mark_that_some_editors_put_first_is_no_mistake(whole: str) -> None:
    assert read("\ufeff" + whole).cluster == "demo"
