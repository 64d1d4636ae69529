"""What somebody else's package does wrong, or wants that another one has."""

from __future__ import annotations

from typing import Any

import pytest

from tests.platforms.copied import bring
from tests.platforms.toy.shelf_server import ShelfState
from tests.platforms.toy.test_toyland import deployed

pytestmark = pytest.mark.e2e


MANIFEST = (
    "from daemon.platforms.manifest import Manifest\n"
    "REMEDIES = {'authentication': 'Mend the key.', 'not_authorized': 'Ask for the role.'}\n"
)


class TestClashes:
    """What somebody else's package does wrong is told, and harms nobody."""

    def bring(self, toy: Any, text: str, name: str = "other", value: str = "other:MANIFEST") -> None:
        """Install one more package beside toyland."""
        more = toy.directory / "more"
        bring(more, "other", f"{name} = {value}", other=text)
        toy.more["PYTHONPATH"] = f"{toy.environ()['PYTHONPATH']}:{more}"

    def test_a_manifest_that_cannot_be_imported_stops_no_other_platform(
        self, toy: Any, shelf: ShelfState
    ) -> None:
        self.bring(toy, "import nothing_of_this_name\n")
        toy.serve()
        assert "other:MANIFEST) cannot be loaded" in (toy.directory / "serve.log").read_text()
        toy.write(platforms=["other"])
        said = toy.run("serve")
        said.refused_with(2, "other", "cannot be loaded", "nothing_of_this_name", "other.py, line 1")
        assert "unknown platform" not in said.err

    def test_of_two_that_want_the_same_name_neither_is_taken_for_the_other(
        self, toy: Any, shelf: ShelfState
    ) -> None:
        self.bring(
            toy,
            f"{MANIFEST}"
            "MANIFEST = Manifest('toyland', 'Another', 'x', 'x', 'another.platform', remedies=REMEDIES)\n",
            "toyland",
        )
        said = toy.run("serve")
        said.refused_with(2, "Platform toyland is brought by", "toyland.manifest:MANIFEST", "other:MANIFEST")

    def test_one_that_has_the_name_of_a_platform_of_nxd_is_told_and_not_used(
        self, toy: Any, shelf: ShelfState
    ) -> None:
        self.bring(
            toy,
            f"{MANIFEST}"
            "MANIFEST = Manifest('ibm_nutanix', 'Another', 'x', 'x', 'another.platform', remedies=REMEDIES)\n",
            "ibm_nutanix",
        )
        deployed(toy)
        assert (
            "Platform ibm_nutanix comes with nxd, and other 1.0" in (toy.directory / "serve.log").read_text()
        )

    def test_the_same_platform_brought_twice_is_told_and_works(self, toy: Any, shelf: ShelfState) -> None:
        self.bring(toy, "", "toyland", "toyland.manifest:MANIFEST")
        deployed(toy)
        assert "is brought by other 1.0 and by toyland-nxd 1.0" in (toy.directory / "serve.log").read_text()

    def test_two_that_have_the_same_setting_are_not_on_together(self, toy: Any, shelf: ShelfState) -> None:
        self.bring(
            toy,
            f"{MANIFEST}"
            "from daemon.settings.kinds import URL, Setting\n"
            "PLACE = Setting('toyland.url', URL, None, 'Another shelf')\n"
            "MANIFEST = Manifest('other', 'Another', 'x', 'x', 'x', settings=(PLACE,), remedies=REMEDIES)\n",
        )
        deployed(toy)
        assert "Two platforms have the setting toyland.url" in (toy.directory / "serve.log").read_text()
        toy.write(platforms=["toyland", "other"])
        toy.run("serve").refused_with(2, "Two platforms have the setting toyland.url: other and toyland")

    def test_a_code_that_means_two_things_is_named_and_the_platforms_work_on(
        self, toy: Any, shelf: ShelfState
    ) -> None:
        self.bring(
            toy,
            f"{MANIFEST}"
            "from daemon.errors.tree import ErrorKind, outside\n"
            "TORN = ErrorKind('torn', 'It tore.', 'now', (outside('Sew it.'),))\n"
            "MANIFEST = Manifest('other', 'Another', 'x', 'x', 'x', errors=(TORN,), remedies=REMEDIES)\n",
        )
        deployed(toy)
        log = (toy.directory / "serve.log").read_text()
        assert "mean different things by the code torn" in log

    def test_a_manifest_that_lacks_something_is_not_used_and_one_sentence_names_what(self, toy: Any) -> None:
        self.bring(
            toy,
            f"{MANIFEST}"
            "from state_machines.objects import ObjectKind\n"
            "KINDS = (ObjectKind('crate', 'crate', '', 0),)\n"
            "MANIFEST = Manifest('other', 'Another', 'x', 'x', 'other.platform', objects=KINDS)\n",
        )
        toy.serve()
        log = (toy.directory / "serve.log").read_text().splitlines()
        lines = [line for line in log if "Platform other, its manifest other:MANIFEST: crate: " in line]
        for word in ("no word for one", "it has no rank", "no command removes it by hand"):
            assert [line for line in lines if word in line]
        toy.write(platforms=["other"])
        toy.run("serve").refused_with(2, "Platform other, its manifest other:MANIFEST", "it has no rank")

    def test_a_platform_whose_tables_are_not_sound_is_not_started_with(self, toy: Any) -> None:
        self.bring(
            toy,
            f"{MANIFEST}"
            "from state_machines.kind import Kind\n"
            "from state_machines.verbs import Prompt, Verb\n"
            "from toyland.tables import CLUSTER as C, NODE as N\n"
            "ODD = Verb('dance', 'dance', Prompt('', '', ''), facts={'danced': True})\n"
            "NODE = Kind('other.node', 'node', N.states.values(), N.transitions, N.undo, (*N.verbs.values(), ODD))\n"
            "CLUSTER = Kind('row', 'cluster', C.states.values(), C.transitions, C.undo, C.verbs.values())\n"
            "MANIFEST = Manifest('other', 'Another', 'other', 'x', 'x', remedies=REMEDIES)\n",
        )
        toy.write(platforms=["toyland", "other"])
        said = toy.run("serve")
        assert said.code != 0
        for words in ("NODE: dance: it has no question", "CLUSTER: its name is row, and not other.cluster"):
            assert words in said.err

    def test_a_platform_whose_spec_takes_other_names_than_its_manifest_says_is_not_started_with(
        self, toy: Any
    ) -> None:
        self.bring(
            toy,
            f"{MANIFEST}"
            "from state_machines.kind import Kind\n"
            "from toyland.tables import CLUSTER as C, NODE as N\n"
            "NODE = Kind('other.node', 'node', N.states.values(), N.transitions, N.undo, N.verbs.values())\n"
            "CLUSTER = Kind('other.cluster', 'cluster', C.states.values(), C.transitions, C.undo, C.verbs.values())\n"
            "MANIFEST = Manifest('other', 'Another', 'other', 'toyland.spec', 'x', remedies=REMEDIES)\n",
        )
        toy.write(platforms=["toyland", "other"])
        said = toy.run("serve")
        assert said.code != 0 and "is not held to the names of its manifest" in said.err

    def test_two_platforms_cannot_listen_at_one_port(self, toy: Any) -> None:
        self.bring(
            toy,
            f"{MANIFEST}"
            "from daemon.settings.kinds import LISTEN, Setting\n"
            "PORT = Setting('other.listen', LISTEN, None, 'A port')\n"
            "MANIFEST = Manifest('other', 'Another', 'x', 'x', 'x', settings=(PORT,), remedies=REMEDIES)\n",
        )
        taken = toy.settings["boot"]["listen"]
        toy.write(platforms=["toyland", "other"], other={"listen": taken})
        toy.run("serve").refused_with(2, f"other.listen is {taken} and boot.listen {taken}", "its own port")

    def test_a_platform_whose_routes_would_let_a_stranger_in_is_not_served(self, toy: Any) -> None:
        self.bring(
            toy,
            "from pathlib import Path\n"
            f"{MANIFEST}"
            "from daemon.settings.kinds import URL, Setting\n"
            "from pxe.routes import BootRoute, BootTable\n"
            "from state_machines.kind import Kind\n"
            "from toyland.names import NAMES\n"
            "from toyland.tables import CLUSTER as C, NODE as N\n"
            "NODE = Kind('other.node', 'node', N.states.values(), N.transitions, N.undo, N.verbs.values())\n"
            "CLUSTER = Kind('other.cluster', 'cluster', C.states.values(), C.transitions, C.undo, C.verbs.values())\n"
            "MANIFEST = Manifest('other', 'Another', 'other', 'toyland.spec', 'other', 'other',\n"
            "    settings=(Setting('other.url', URL, None, 'The shelf', endpoint=True),),\n"
            "    names=NAMES, remedies=REMEDIES)\n"
            "BOOT = BootTable(Path(), (BootRoute('GET', '/all/{name}', 'document', ()),), {}, {})\n"
            "def load(settings, clock):\n"
            "    from toyland.platform import Shelf, Toyland\n"
            "    return Toyland(Shelf('http://127.0.0.1:1'), 'lab', 1, 'http://127.0.0.1:1')\n",
        )
        toy.write(platforms=["other"], toyland=None, other={"url": "http://127.0.0.1:1"})
        said = toy.run("serve")
        said.refused_with(
            2,
            "Platform other, its boot other: GET /all/{name}: it names no stages",
            "take other out of platforms",
        )
