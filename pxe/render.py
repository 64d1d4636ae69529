"""Fills a machine's scripts and documents from templates; one with a gap or a surprise in it is not handed out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    UndefinedError,
)

_PLAIN = re.compile(r"[A-Za-z0-9._~:/@%+=,\[\]-]+")
"""What addresses, names, URLs and tokens are made of; nothing that iPXE or a kernel would split or run."""


class RenderError(Exception):
    """The text cannot be made; the message says why, and never repeats a value."""


@lru_cache(32)
def _environment(folder: Path) -> Environment:
    """The templates of one platform, read once: whatever becomes of the files, a daemon that runs gives what it read
    at its start."""
    environment = Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        autoescape=False,
        keep_trailing_newline=True,
        auto_reload=False,
        cache_size=-1,
    )
    for name in environment.list_templates():
        with suppress(TemplateError, UnicodeDecodeError):  # told of when it is asked for
            environment.get_template(name)
    return environment


def render_script(folder: Path, name: str, values: Mapping[str, str]) -> str:
    """The script of this file in a folder of templates.

    Raises RenderError if there is no such template, if it names a value that is not there, or if a value
    could change the meaning of the script.
    """
    for key, value in values.items():
        if not _PLAIN.fullmatch(value):
            raise RenderError(
                f'The value "{key}" is empty or holds a character that has no place in a boot script.'
            )
    return render_document(folder, name, values)


def render_document(folder: Path, name: str, values: Mapping[str, Any]) -> str:
    """The document of this file in a folder of templates. What its format would misread the template has to quote: in
    YAML and JSON with ``| tojson``. Raises RenderError."""
    try:
        return _environment(folder).get_template(name).render(values)
    except TemplateNotFound:
        raise RenderError(f"There is no template {name}.") from None
    except UndefinedError as error:
        raise RenderError(f"The template {name} needs more than it was given: {error}.") from None
    except TemplateError as error:
        raise RenderError(f"The template {name} is broken: {error}.") from None
