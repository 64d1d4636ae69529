"""Builds the initrd of the installer that stands in for the vendor's: busybox, the kernel's drivers, and its script. Of
nxd it holds nothing: the agent is appended by iPXE."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.real.disk import boot_sector

HERE = Path(__file__).parent
KERNEL = HERE.parents[1] / "build" / "real" / "kernel" / "root"
MODULES = (
    "virtio_ring",
    "virtio",
    "virtio_pci_modern_dev",
    "virtio_pci_legacy_dev",
    "virtio_pci",
    "failover",
    "net_failover",
    "virtio_net",
    "virtio_blk",
)


def kernel() -> Path:
    """The distribution's kernel."""
    return next((KERNEL / "boot").glob("vmlinuz-*"))


def write_initrd(target: Path, url: str, directory: Path, programs: Sequence[str] = ()) -> None:
    """Pack the installer, which downloads its payload from ``url``, with some of this host's ``programs``;
    ``directory`` is where it is put together."""
    root = directory / "initrd"
    shutil.rmtree(root, ignore_errors=True)
    busybox = shutil.which("busybox")
    assert busybox is not None
    (root / "bin").mkdir(parents=True)
    shutil.copy(busybox, root / "bin" / "busybox")
    listed = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout
    for name in set(listed.split()) - {"busybox", *programs}:
        (root / "bin" / name).symlink_to("busybox")
    for name in programs:
        _add(root, name)
    (kernel_modules,) = (KERNEL / "lib" / "modules").iterdir()
    modules = root / "lib" / "modules" / kernel_modules.name
    modules.mkdir(parents=True)
    for name in MODULES:
        shutil.copy(next(kernel_modules.rglob(f"{name}.ko")), modules)
    subprocess.run([busybox, "depmod", "-b", str(root), kernel_modules.name], check=True)
    shutil.copy(HERE / "installer.sh", root / "init")
    (root / "init").chmod(0o755)
    (root / "boot.sector").write_bytes(boot_sector())
    (root / "payload.url").write_text(url)
    names = "\n".join(str(path.relative_to(root)) for path in sorted(root.rglob("*")))
    packed = subprocess.run(
        ["cpio", "--quiet", "-o", "-H", "newc"],
        cwd=root,
        input=names.encode(),
        capture_output=True,
        check=True,
    )
    target.write_bytes(packed.stdout)


def _add(root: Path, name: str) -> None:
    """A program of this host, and the libraries that it is linked with, where it looks for them."""
    program = shutil.which(name)
    assert program is not None
    linked = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    for path in (program, *re.findall(r"/\S+", linked)):
        target = root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
