"""`nxd images`: the boot images that the daemon serves, put there, looked at, verified and taken away."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from daemon import wire
from daemon.cli import streams
from daemon.cli.ending import CommandFailed, find_socket
from daemon.cli.naming import known_images, named
from daemon.cli.output import print_json, record, remark, terminal
from daemon.cli.shapes import ImageRemoved, ImageView
from daemon.words import counted

if TYPE_CHECKING:
    from daemon.images.folder import StoredImage
    from daemon.settings.reading import Settings

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
_replace = click.option("--replace", is_flag=True, help="Put it in place of the image of that name.")
_yes = click.option(
    "--yes", is_flag=True, help="Do not ask, also where a deployment under way boots from it."
)
_EXITS = {"wrong": wire.EXIT_USAGE, "refused": wire.EXIT_REFUSED, "failed": wire.EXIT_FAILED}
_UNDER_WAY = ("waiting", "working", "attention")
"""Phases of a deployment that may still boot a machine."""
_STYLES = {"verified": "green", "unverified": "yellow", "unlisted": "dim"}
_SHOWN_DIGITS = 12
"""So many digits of a checksum tell images apart for a person."""
_TELL_SECONDS = 0.2


@click.group()
def images() -> None:
    """Keep the boot images that machines are given, in images_dir of the settings.

    nxd alone writes their list. What changes is seen by a running daemon within seconds, without a restart.
    """


@images.command()
@click.argument("name", callback=named, shell_complete=known_images)
@click.argument("file", callback=named, type=click.Path())
@_replace
@_yes
@_json
@click.pass_obj
def add(options: dict[str, Any], name: str, file: str, replace: bool, yes: bool, as_json: bool) -> None:
    """Copy FILE to the boot images as NAME: hashed on the way, read back from the disk, and pinned."""
    from daemon.images.folder import file_source, put

    with _told():
        settings = _settings(options)
        sources, ask = [file_source(name, Path(file))], _asking(options, yes, as_json)
        stored = put(settings.images_dir, sources, replace, _progress(as_json), ask)
    if as_json:
        print_json(_view(stored[0]))
    else:
        _say_added(stored)


@images.command("import")
@click.argument("files", callback=named, nargs=-1, required=True, metavar="FILE...", type=click.Path())
@click.option("--kernel", callback=named, metavar="NAME", help="Call the kernel so.")
@click.option("--initrd", callback=named, metavar="NAME", help="Call the initrd so.")
@_replace
@_yes
@_json
@click.pass_obj
def import_(
    options: dict[str, Any],
    files: Sequence[str],
    kernel: str | None,
    initrd: str | None,
    replace: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Take kernel and initrd out of an installer's ISO, which is mounted nowhere.

    FILE is the ISO of Nutanix CE or Foundation, of an Ubuntu live server, or one with vmlinuz and initrd.img; or two
    files: a kernel and, after it, its initrd.
    """
    from daemon.images.folder import put
    from daemon.images.installers import found_in

    with _told():
        settings = _settings(options)
        with found_in([Path(file) for file in files], kernel, initrd) as (title, sources):
            ask = _asking(options, yes, as_json)
            stored = put(settings.images_dir, sources, replace, _progress(as_json), ask)
    if as_json:
        print_json([_view(one) for one in stored])
        return
    remark(f"{', '.join(files)}: {title}.")
    _say_added(stored)
    for platform, needed in _needed(settings.platforms).items():
        lacking = [name for name in needed if not (settings.images_dir / name).exists()]
        if lacking:
            boot, still = ", ".join(needed), ", ".join(lacking)
            remark(f"The machines of {platform} boot from {boot}; still missing: {still}.")


@images.command("list")
@_json
@click.pass_obj
def list_(options: dict[str, Any], as_json: bool) -> int:
    """List the boot images, and what lies beside them and is served to nobody. Nothing is read: see verify. Exit code 1
    if their list is lost, so that none is served."""
    from daemon.images.folder import lost_list, stored

    with _told():
        directory = _settings(options).images_dir
        found, lost = stored(directory), lost_list(directory)
    _print(found, as_json)
    if lost is not None:
        streams.say_beside(lost)
    return wire.EXIT_DONE if lost is None else wire.EXIT_FAILED


@images.command()
@click.argument("names", callback=named, nargs=-1, metavar="[NAME]...", shell_complete=known_images)
@_json
@click.pass_obj
def verify(options: dict[str, Any], names: Sequence[str], as_json: bool) -> int:
    """Read every byte of the boot images, or of those named. Exit code 1 if one is missing, short or altered."""
    from daemon.images.folder import WRONG, verified

    with _told():
        found = verified(_settings(options).images_dir, names, _progress(as_json))
    _print(found, as_json)
    wrong = [one for one in found if one.state in WRONG]
    if not as_json:
        for one in wrong:
            again = f"nxd images add {one.name} FILE --replace"
            remark(
                f"{one.name} is {one.state}: it is served to no machine until it is as pinned (`{again}`)."
            )
        if not wrong:
            remark(f"{counted(sum(one.state == 'verified' for one in found), 'image')} verified.")
    return wire.EXIT_FAILED if wrong else wire.EXIT_DONE


@images.command()
@click.argument("name", callback=named, shell_complete=known_images)
@click.option("--yes", is_flag=True, help="Do not ask.")
@_json
@click.pass_obj
def rm(options: dict[str, Any], name: str, yes: bool, as_json: bool) -> None:
    """Delete a boot image. One that a deployment under way boots from is kept."""
    from daemon.cli.plans import confirmed
    from daemon.images.folder import remove, stored

    with _told():
        directory = _settings(options).images_dir
        if name not in [one.name for one in stored(directory)]:
            raise CommandFailed(wire.EXIT_USAGE, f"There is no {name} in {directory}.", {"code": "unknown"})
        _refuse_needed(options, name)
        if not yes:
            confirmed("rm", name, as_json)
        remove(directory, name)
    if as_json:
        print_json(ImageRemoved(name=name, removed=True))
    else:
        remark(f"{name} is deleted.")


def _settings(options: Mapping[str, Any]) -> Settings:
    import os

    from daemon.settings.reading import find_config, load_settings

    return load_settings(find_config(options["config"], os.environ), os.environ)


@contextmanager
def _told() -> Iterator[None]:
    """What hinders the work on the directory ends the command with one sentence."""
    from daemon.images.folder import FolderError

    try:
        yield
    except FolderError as error:
        raise CommandFailed(_EXITS[error.why], str(error)) from None


def _needed(platforms: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Platform → the images that its machines boot from."""
    from daemon.platforms import manifests

    every = manifests()
    return {name: every[name].images for name in platforms if name in every and every[name].images}


def _refuse_needed(options: Mapping[str, Any], name: str) -> None:
    """Refuse to delete what a deployment under way boots from. Raises CommandFailed."""
    for said in _needing(options, [name]):
        raise CommandFailed(wire.EXIT_REFUSED, f"{said}: it was not deleted.")


def _asking(options: Mapping[str, Any], yes: bool, as_json: bool) -> Callable[[list[str]], None]:
    """Has it confirmed that an image becomes another one which a deployment under way boots from: some of its machines
    would get the old one and some the new one. Raises CommandFailed."""
    from daemon.cli.plans import confirmed

    def ask(names: list[str]) -> None:
        said = next(_needing(options, names), None)
        if said is None:
            return
        if as_json or not sys.stdin.isatty():
            again = "Replace it when the deployment has ended, or give the command again with --yes."
            error = {"code": "unconfirmed", "remedy": again}
            raise CommandFailed(wire.EXIT_REFUSED, f"{said}: it was not replaced. {again}", error)
        remark(f"{said}.")
        confirmed("replace", ", ".join(names), as_json)

    return (lambda names: None) if yes else ask


def _needing(options: Mapping[str, Any], names: Sequence[str]) -> Iterator[str]:
    """Which deployments under way boot from which of these; the daemon knows them."""
    from daemon.cli.patience import TerminalClient
    from daemon.client import DaemonUnreachable

    try:
        with TerminalClient(find_socket(options)) as client:
            snapshot = client.snapshot()
    except DaemonUnreachable:
        print("No daemon answers: whether a deployment needs it, nobody can tell.", file=sys.stderr)
        return
    records = [*snapshot["clusters"], *snapshot["nodes"]]
    needed = _needed(sorted({one["platform"] for one in records}))
    for one in records:
        for name in names if one["phase"] in _UNDER_WAY else ():
            if name in needed.get(one["platform"], ()):
                yield f"{one['name']} is {one['title']}, and its machines boot from {name}"


def _view(one: StoredImage) -> ImageView:
    return ImageView(name=one.name, state=one.state, size=one.size, sha256=one.sha256, added=one.added)


def _say_added(stored: Sequence[StoredImage]) -> None:
    for one in stored:
        remark(f"{one.name}: {_size(one.size or 0)}, sha256 {one.sha256}, pinned.")


def _print(found: Sequence[StoredImage], as_json: bool) -> None:
    from daemon.cli import tables
    from daemon.cli.times import stamp

    if as_json:
        print_json([_view(one) for one in found])
    elif not found:
        remark(
            "There is no boot image yet. `nxd images import ISO` or `nxd images add NAME FILE` puts one there."
        )
    elif not terminal():
        for one in found:
            size, added = (
                ("" if one.size is None else one.size),
                ("" if one.added is None else f"{one.added:.0f}"),
            )
            print(record((one.name, size, one.sha256 or "", added, one.state)))
    else:
        rows = (
            (
                one.name,
                "" if one.size is None else _size(one.size),
                (one.sha256 or "")[:_SHOWN_DIGITS],
                "" if one.added is None else stamp(one.added),
                (one.state, _STYLES.get(one.state, "bold red")),
            )
            for one in found
        )
        tables.draw(("name", "size", "sha256", "since", "state"), rows)


def _size(size: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def _progress(as_json: bool) -> Callable[[str, int, int], None]:
    """Shows at a terminal how far it is; a script is told nothing."""
    if as_json or not sys.stderr.isatty():
        return lambda what, done, size: None
    last = 0.0

    def tell(what: str, done: int, size: int) -> None:
        nonlocal last
        if done >= size or time.monotonic() - last >= _TELL_SECONDS:
            last = time.monotonic()
            share = f"{100 * done // size} %" if size else "100 %"
            print(f"\r\x1b[K{what}: {share} of {_size(size)}", end="", file=sys.stderr, flush=True)
            if done >= size:
                print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    return tell
