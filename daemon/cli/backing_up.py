"""`nxd backup`: a copy of the ledger and its key, while the daemon works or not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from daemon import wire
from daemon.cli.ending import CommandFailed
from daemon.cli.naming import named
from daemon.cli.output import remark


@click.command()
@click.argument("directory", metavar="DIR", callback=named, type=click.Path())
@click.pass_obj
def backup(options: dict[str, Any], directory: str) -> None:
    """Copy the ledger and its key to DIR, which is made, also while the daemon works.

    To restore it, stop nxd, move its state directory away, put DIR in its place with its owner, and start nxd.
    """
    from daemon.host.state_dir import DATABASE, KEY, SEEN
    from daemon.settings.reading import find_config, load_settings
    from daemon.store.backup import copy

    state_dir, target = (
        load_settings(find_config(options["config"], os.environ), os.environ).state_dir,
        Path(directory),
    )
    try:
        key = (state_dir / KEY).read_bytes()
        (state_dir / DATABASE).stat()
        seen = (state_dir / SEEN).read_bytes() if (state_dir / SEEN).exists() else None
    except OSError as error:
        said = f"{error.filename} cannot be read ({error.strerror}): give the command as the user that nxd runs as."
        raise CommandFailed(wire.EXIT_FAILED, said) from None
    try:
        target.mkdir(mode=0o700)
        _write(target / KEY, key)
        if seen is not None:
            _write(target / SEEN, seen)
        last = copy(state_dir / DATABASE, target / DATABASE)
    except FileExistsError:
        said = f"{target} exists: name a directory that does not, so that nothing is mixed."
        raise CommandFailed(wire.EXIT_USAGE, said) from None
    except OSError as error:
        raise CommandFailed(wire.EXIT_FAILED, f"{target} cannot be written: {error.strerror}.") from None
    remark(f"{target} holds the ledger up to line {last} of its log, and the key that belongs to it.")


def _write(path: Path, content: bytes) -> None:
    """A file that nobody else may read, on the disk when it returns."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
