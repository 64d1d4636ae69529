"""Small ISOs, made by the library that reads them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

from pycdlib import PyCdlib

KERNEL = b"MZ" + b"\0" * 0x200 + b"HdrS" + b"kernel" * 5000
INITRD = b"\x1f\x8b" + b"initrd" * 9000


def write_iso(path: Path, files: Mapping[str, bytes], names: str = "rock") -> Path:
    """An ISO with these files; ``names``: whether it has those of Rock Ridge, of Joliet, of UDF, or its own only."""
    iso = PyCdlib()
    iso.new(
        interchange_level=3,
        rock_ridge="1.09" if names == "rock" else None,
        joliet=3 if names == "joliet" else None,
        udf="2.60" if names == "udf" else None,
    )
    for folder in sorted({one.rpartition("/")[0] for one in files if "/" in one}):
        _add_folder(iso, folder, names)
    for name, content in files.items():
        own = f"/{name.upper()}{'' if '.' in name else '.'};1"
        iso.add_fp(io.BytesIO(content), len(content), own, **_more(name, names))
    iso.write(str(path))
    iso.close()
    return path


def _add_folder(iso: PyCdlib, folder: str, names: str) -> None:
    parts = folder.split("/")
    for depth in range(1, len(parts) + 1):
        one = "/".join(parts[:depth])
        iso.add_directory(f"/{one.upper()}", **_more(one, names))


def _more(name: str, names: str) -> dict[str, str]:
    match names:
        case "rock":
            return {"rr_name": name.rpartition("/")[2]}
        case "joliet":
            return {"joliet_path": f"/{name}"}
        case "udf":
            return {"udf_path": f"/{name}"}
        case _:
            return {}
