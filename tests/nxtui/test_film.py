"""The film of the README: its pictures are drawn as the terminal had them, and the film that is kept can be played."""

from __future__ import annotations

import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "bench"))

from film import Frame, Look, cast, runs, svg

ROOT = Path(__file__).parents[2]
PAINTED = "\x1b[1m\x1b[38;2;242;116;74mfailed\x1b[0m  \x1b[48;5;196mx < y\x1b[49m\x1b[31m!\x1b[39m."


def test_a_line_is_read_with_its_colours() -> None:
    assert list(runs(PAINTED)) == [
        ("failed", Look(ink="#f2744a", bold=True)),
        ("  ", Look()),
        ("x < y", Look(paper="#ff0000")),
        ("!", Look(ink="#e0605a")),
        (".", Look()),
    ]


def test_the_svg_is_well_formed_has_each_line_once_and_stands_still_at_the_best_picture() -> None:
    frames = [Frame(0.0, ("same", "one")), Frame(1.5, ("same", PAINTED)), Frame(3.0, ("same", "one"))]
    text = svg(frames, 20, 2, lasts=1.0, title="a <film>", still=1)
    root = ElementTree.fromstring(text)
    names = {"s": "http://www.w3.org/2000/svg"}
    assert root.findtext("s:title", namespaces=names) == "a <film>"
    assert len(root.findall("s:defs/s:g", names)) == 3
    assert "<script" not in text and "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "37.500%" in text  # the second picture begins after 1.5 of 4 seconds
    reel = root.find(".//s:g[@id='reel']", names)
    assert reel is not None and reel.get("transform") == f"translate({-(20 * 8.4 + 20):g} 0)"


def test_the_cast_paints_what_differs_and_nothing_else() -> None:
    frames = [Frame(0.0, ("same", "one")), Frame(1.5, ("same", "two"))]
    header, first, second = (json.loads(line) for line in cast(frames, 20, 2, "a film").splitlines())
    assert (header["version"], header["width"], header["height"]) == (2, 20, 2)
    assert "same" in first[2] and "one" in first[2]
    assert (second[0], second[1]) == (1.5, "o")
    assert "two" in second[2] and "same" not in second[2]


def test_the_film_that_the_readme_shows_tells_the_whole_night() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "(docs/night.svg)" in readme and "(docs/night.cast)" in readme
    header, *events = map(json.loads, (ROOT / "docs" / "night.cast").read_text(encoding="utf-8").splitlines())
    moments = [event[0] for event in events]
    assert header["version"] == 2 and moments == sorted(moments) and 20 < moments[-1] < 90
    told = re.sub(r"\x1b\[[\d;:?]*[a-zA-Z]", "", "".join(event[2] for event in events))
    acts = ("objects to make", "node02 failed", "WHAT TO DO", "Try node02 again?", "will be tried again")
    places = [told.find(act) for act in acts]
    assert places == sorted(places) and places[0] >= 0
    assert "active" in told and "goes on working" in told
    ElementTree.parse(ROOT / "docs" / "night.svg")
