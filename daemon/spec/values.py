"""What a value in a spec, in the settings or behind a path of the API must be, in words, and how it is read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from daemon.spec import numerals
from daemon.words import spelled

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import CoreSchema

LARGEST = 1_000_000_000
"""The largest number that a value may be, where its own range is not narrower."""
_SHOWN = 60
"""How many characters of a wrong value a message repeats."""


@dataclass(frozen=True)
class ValueType:
    """What a value must be, in words, and how it is read. ``read`` raises ValueError, with a reason of its own or none.

    A setting names it in its table; the field of a spec is ``Annotated`` with it, and then ``schema`` is its JSON
    Schema.
    """

    words: str
    read: Callable[[Any], object]
    schema: Mapping[str, Any] = field(default_factory=dict, hash=False)
    numeric: bool = False
    listed: bool = False
    """Whether it is a list: a text that stands for one has commas between its entries, or is a list in YAML."""
    mapped: bool = False
    """Whether it is keys and values: a text that stands for them is YAML."""

    def checked(self, value: Any) -> object:
        """The value as it is read. Raises ValueError that says what was expected and what was found."""
        try:
            return self.read(value)
        except ValueError as error:
            raise ValueError(str(error) or self.mistake(value)) from None

    def mistake(self, value: object) -> str:
        """What is wrong with a value, in half a sentence."""
        hint = numerals.hint(value, numerals.number) if self.numeric else ""
        return f"expected {self.words}, found {found_text(value)}{hint}"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        from pydantic_core import core_schema  # a daemon's settings are read without it

        if source is str:  # of what is no text, pydantic says that it has to be put in quotes
            return core_schema.no_info_after_validator_function(self.checked, handler(source))
        return core_schema.no_info_plain_validator_function(self.checked)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return dict(self.schema) if self.schema else handler(schema)


def matching(pattern: str, words: str) -> ValueType:
    """A text, all of which is of this pattern."""
    compiled = re.compile(pattern)

    def read(value: Any) -> str:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            raise ValueError
        return value

    return ValueType(words, read, {"type": "string", "pattern": f"^(?:{pattern})$"})


def number(lowest: int, above: bool = False, whole: bool = False, highest: int = LARGEST) -> ValueType:
    """A number in this range; ``above``: not the lowest itself."""

    def read(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            raise ValueError
        if not lowest <= value <= highest or (above and value == lowest):
            raise ValueError
        return value if whole else float(value)

    lower = f"above {lowest} and at most" if above else f"from {lowest} to"
    words = f"a {'whole ' if whole else ''}number {lower} {highest}"
    return ValueType(words, read, {"type": "integer" if whole else "number"}, numeric=True)


def found_text(value: object) -> str:
    """An unexpected value in words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"the number {value}"
    if isinstance(value, (list, dict)):
        return ("a list" if value else "an empty list") if isinstance(value, list) else "keys and values"
    text = spelled(json.dumps(str(value), ensure_ascii=False))
    return text if len(text) <= _SHOWN else f'{text[:_SHOWN]}…"'
