"""Fills a machine's boot script from its template; one with a gap or a surprise in it is not handed out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    UndefinedError,
)

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    undefined=StrictUndefined,
    autoescape=False,
    keep_trailing_newline=True,
)
_PLAIN = re.compile(r"[A-Za-z0-9._~:/@%+=,\[\]-]+")
"""What addresses, names, URLs and tokens are made of; nothing that iPXE or a kernel would split or run."""


class RenderError(Exception):
    """The script cannot be made; the message says why, and never repeats a value."""


def render_script(template: str, script: str, values: Mapping[str, str]) -> str:
    """The text of ``script`` (``boot`` or ``installed``) of the template folder ``template``.

    Raises RenderError if there is no such template, if it names a value that is not there, or if a value
    could change the meaning of the script.
    """
    for key, value in values.items():
        if not _PLAIN.fullmatch(value):
            raise RenderError(
                f'The value "{key}" is empty or holds a character that has no place in a boot script.'
            )
    name = f"{template}/{script}.ipxe.j2"
    try:
        return _TEMPLATES.get_template(name).render(values)
    except TemplateNotFound:
        raise RenderError(f"There is no boot script template {name}.") from None
    except UndefinedError as error:
        raise RenderError(f"The boot script template {name} needs more than it was given: {error}.") from None
    except TemplateError as error:
        raise RenderError(f"The boot script template {name} is broken: {error}.") from None
