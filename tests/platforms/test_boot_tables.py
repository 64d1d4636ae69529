"""What the machines of every platform meet at boot is sound: its routes ask for proofs, its templates are filled."""

from __future__ import annotations

from importlib import import_module

from daemon.platforms.manifest import Manifest
from pxe.table_lint import lint_table
from tests.platforms.test_every_platform import manifest

__all__ = ["manifest"]


def test_its_routes_scripts_documents_and_readers_are_sound(manifest: Manifest) -> None:
    if manifest.boot:
        table = import_module(manifest.boot).BOOT
        assert lint_table(table) == []
        assert table.phases and table.routes
