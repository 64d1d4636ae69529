"""What the people who run the jump host decide for captive sessions: a file that no session can write."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from daemon.display.encodings import SETTINGS_LIMIT, NotText, text_in

DEFAULT = Path("/etc/nxd/captive.yaml")

Minutes = Annotated[float, Field(gt=0, le=7 * 24 * 60)]


class BadCaptiveSettings(Exception):
    """The file cannot be used; the text is one sentence."""


class CaptiveSettings(BaseModel):
    """Every setting with what holds when nothing is said. ``idle`` and ``logout`` are minutes without a key: after the
    first the window only looks until a key is pressed, after the second it ends. ``console``: whether serial consoles
    are opened, in the window."""

    model_config = ConfigDict(extra="forbid", strict=True)

    socket: Annotated[Path, Field(strict=False)] = Path("/run/nxd/nxd.sock")
    theme: Literal["dark", "light", "contrast"] = "dark"
    ascii: bool = False
    bell: bool = True
    desktop: bool = True
    idle: Annotated[Minutes, Field(strict=False)] = 30
    logout: Annotated[Minutes, Field(strict=False)] = 8 * 60
    console: bool = False
    accents: dict[str, str] = Field(default_factory=dict)


def read(file: Path) -> CaptiveSettings:
    """The settings in a file; what is usual where there is none. Raises BadCaptiveSettings."""
    import yaml

    try:
        said = yaml.safe_load(text_in(file, SETTINGS_LIMIT, "settings")) or {}
    except FileNotFoundError:
        return CaptiveSettings()
    except NotText as cause:
        raise BadCaptiveSettings(f"The settings file {file} {cause}") from cause
    except OSError as cause:
        raise BadCaptiveSettings(f"The settings {file} cannot be read ({cause.strerror}).") from cause
    except yaml.YAMLError as cause:
        raise BadCaptiveSettings(f"The settings {file} are not YAML.") from cause
    try:
        return CaptiveSettings.model_validate(said)
    except ValidationError as cause:
        first = cause.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise BadCaptiveSettings(f"The settings {file} cannot be used: {where}: {first['msg']}.") from cause
