"""The linter of manifests finds nothing in those that ship, and finds each lack that it is there for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from daemon.errors.tree import ErrorKind, in_spec, outside
from daemon.platforms import own
from daemon.platforms.lint import mistakes
from daemon.platforms.manifest import Manifest
from daemon.settings.kinds import URL, Setting
from daemon.spec.names import NameRule
from state_machines.objects import ObjectKind
from state_machines.outcome import Remedy

BOX = ObjectKind("box", "box", "boxes", 1, removal=("shelf rm {id}",))
LID = ObjectKind("lid", "lid", "lids", 2, goes_with="box")
REMEDIES = {"authentication": "Mend the key.", "not_authorized": "Ask for the role."}
TORN = ErrorKind("torn", "It tore.", "later", (Remedy("outside", "Glue it."),))
PLACE = Setting("small.url", URL, None, "The shelf")
SOUND = Manifest(
    "small",
    "Small",
    "small.tables",
    "small.spec",
    "small.platform",
    objects=(BOX, LID),
    errors=(TORN,),
    remedies=REMEDIES,
)


@pytest.mark.parametrize("manifest", [SOUND, *own().values()], ids=lambda one: one.name)
def test_a_sound_manifest_lacks_nothing(manifest: Manifest) -> None:
    assert mistakes(manifest) == []


def box(**changes: Any) -> Manifest:
    return replace(SOUND, objects=(replace(BOX, **changes), LID))


def error(**changes: Any) -> Manifest:
    return replace(SOUND, errors=(structs.replace(TORN, **changes),))


def shaped(**changes: Any) -> Manifest:
    """A manifest as no type checker would let it pass."""
    return replace(SOUND, **changes)


def image(*names: str) -> Manifest:
    return replace(SOUND, boot="small.routes", images=names)


def setting(**changes: Any) -> Manifest:
    return replace(SOUND, settings=(replace(PLACE, **changes),))


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        (replace(SOUND, name="Small One"), 'its name "Small One" is no word in small letters'),
        (replace(SOUND, title=" "), "it has no title"),
        (replace(SOUND, names=NameRule(64)), "the length of its names (64) is not one from 2 to 63"),
        (replace(SOUND, spec=""), "it has no spec"),
        (replace(SOUND, platform="no module"), 'its platform "no module" is no name of a module'),
        (replace(SOUND, boot="../boot"), 'its boot "../boot" is no name of a module'),
        (shaped(name=None), "name is None, and not a text"),
        (shaped(title=7), "title is a int, and not a text"),
        (shaped(settings=None), "settings is None, and not a tuple"),
        (
            shaped(settings=URL),
            "settings is a ValueType, and not a tuple: a comma makes a tuple of one entry",
        ),
        (shaped(remedies={"quota": 1}), "remedies, quota is a int, and not a Remedy or a text"),
        (shaped(objects=(replace(BOX, rank=True),)), "objects, box: rank is a bool, and not a whole number"),
        (
            shaped(objects=(replace(BOX, removal="rm {id}"),)),
            "objects, box: removal is a str, and not a tuple",
        ),
        (shaped(errors=(structs.replace(TORN, mend=("Glue it.",)),)), "errors, torn: mend, entry 1 is a str"),
        (setting(kind=5), "settings, small.url: kind is a int, and not a ValueType"),
        (image("../passwd"), '"../passwd" cannot be the name of an image'),
        (image("vmlinuz", "vmlinuz"), "vmlinuz: it names this image twice"),
        (
            replace(image("vmlinuz"), boot=""),
            "its machines start from vmlinuz, and it names no module in boot",
        ),
        (setting(help=" "), "small.url: it does not say in help what it is"),
        (setting(key="small"), 'its setting "small" is not section.name in small letters, like small.url'),
        (setting(key="Small.URL"), 'its setting "Small.URL" is not section.name'),
        (
            setting(key="boot.url"),
            "boot.url: the section boot of the settings is nxd's own: call it small.url",
        ),
        (setting(key="limits.boxes"), "limits.boxes: the section limits of the settings is nxd's own"),
        (setting(key="state.dir"), "state.dir: state_dir has the variable NXD_STATE_DIR already"),
        (
            setting(key="limits_connections.per_source"),
            "limits_connections.per_source: limits.connections_per_source",
        ),
        (replace(SOUND, settings=(PLACE, PLACE)), "small.url: it stands twice in settings"),
        (
            replace(SOUND, settings=(replace(PLACE, key="a.b_c"), replace(PLACE, key="a_b.c"))),
            "a_b.c: a.b_c has the variable NXD_A_B_C already",
        ),
        (setting(default="nowhere"), 'small.url: its default "nowhere" is not a URL'),
        (
            setting(default="http://{small.host}"),
            "small.url: its default names {small.host}, which is no setting",
        ),
        (
            setting(default="http://{boot.url}"),
            "small.url: its default names {boot.url}, which nobody gives where",
        ),
        (box(name="platform"), "platform: an audit means a whole platform by this word"),
        (box(removal=(" ",)), "box: one of its commands is empty"),
        (box(goes_with="box"), "box: it goes with box, and so in the end with itself"),
        (
            replace(SOUND, objects=(replace(BOX, goes_with="lid"), LID)),
            "lid: it goes with box, and so in the end with itself",
        ),
        (box(rank=0), "box: it has no rank, so that nobody knows when a rollback deletes it"),
        (box(rank=2), "lid: it has the rank of box"),
        (box(several=""), "box: it has no word for one, or none for several"),
        (box(nature="thought"), "objects, box: nature is 'thought', and not one of object, effect, claim"),
        (box(late=0.0), "box: it does not say in late how many seconds an accepted call may"),
        (box(removal=()), "box: no command removes it by hand"),
        (box(removal=("shelf rm {id",)), 'box: its command "shelf rm {id" cannot be filled in'),
        (box(removal=("shelf rm {}",)), 'box: its command "shelf rm {}" has braces around what is no word'),
        (box(name="crate"), "lid: it goes with box, which is none of its kinds"),
        (replace(SOUND, objects=(BOX, BOX)), "box: two of its kinds have this name"),
        (
            replace(SOUND, remedies={"wrong_key": "Mend it."}),
            "wrong_key: it has a remedy, and there is no such code of an error",
        ),
        (replace(SOUND, remedies={**REMEDIES, "quota": ""}), "quota: its remedy is no sentence"),
        (replace(SOUND, remedies={**REMEDIES, "torn": "Mend it."}), "torn: it has a remedy beside the one"),
        (
            error(mend=(outside("Put the right key into the spec."), outside("Or ask."))),
            "torn: its remedy changes the spec, and does not name the setting (in_spec)",
        ),
        (
            replace(SOUND, remedies={**REMEDIES, "quota": "Name a smaller box as size, and apply the spec."}),
            "quota: its remedy changes the spec, and does not name the setting (in_spec)",
        ),
        (
            error(mend=(in_spec("key", "Put the right key into the spec."),)),
            "torn: another spec is all its remedy, and a rollback that it stops takes no other spec",
        ),
        (
            replace(SOUND, remedies={"not_authorized": "Mend it."}),
            "authentication: it has no remedy, and nobody",
        ),
        (
            replace(SOUND, remedies={"authentication": "Mend it."}),
            "not_authorized: it has no remedy, and nobody",
        ),
        (error(mend=()), "torn: it has no remedy"),
        (error(mend=(Remedy("outside", ""),)), "torn: its remedy is no sentence"),
        (error(cause="Torn"), "torn: what happened is no sentence"),
        (error(retry="soon"), "errors, torn: retry is 'soon', and not one of never, later, now"),
        (error(code="Torn box"), 'the code of its error "Torn box" is no word in small letters'),
        (error(code="quota"), "quota: this code means the same on every platform already"),
        (replace(SOUND, errors=(TORN, TORN)), "torn: two of its errors have this code"),
    ],
)
def test_each_lack_is_named(manifest: Manifest, said: str) -> None:
    told = mistakes(manifest)
    assert [one for one in told if one.startswith(f"Platform {manifest.name}, its manifest: {said}")], told


def test_a_claim_needs_no_command_for_it_is_nowhere_but_in_the_ledger() -> None:
    assert mistakes(box(nature="claim", removal=(), late=0.0)) == []


def test_commands_are_filled_in_with_what_the_ledger_keeps() -> None:
    kind = replace(BOX, removal=("rm {id} of {shelf}",), unseen=("ls {shelf} | grep {name}",))
    assert kind.commands("b-1", "left", {"shelf": "s1"}) == ["rm b-1 of s1"]
    assert kind.commands(None, "left", {"shelf": "s1"}) == ["ls s1 | grep left"]
    assert BOX.commands(None, "left", {}) == ["shelf rm left"]
    assert kind.commands("b-1", "left", {}) == ["rm b-1 of {shelf}"], (
        "what the ledger lacks is seen to be lacking"
    )
