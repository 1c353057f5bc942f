"""The names that a function's code mentions, functions inside of it included."""

from __future__ import annotations

import dis
from collections.abc import Iterator
from types import CodeType
from typing import NamedTuple

_GLOBALS = ("LOAD_GLOBAL", "LOAD_NAME")
_ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR")


class Mentions(NamedTuple):
    """Names.

    Attributes:
        variables: Of the module that the function is in, or of Python.
        attributes: Of any object.
    """

    variables: list[str]
    attributes: list[str]


def mentions(code: CodeType) -> Mentions:
    """What code mentions, each once, in order."""
    variables: dict[str, None] = {}
    attributes: dict[str, None] = {}
    for part in _parts(code):
        for step in dis.get_instructions(part):
            if step.opname in _GLOBALS:
                variables[str(step.argval)] = None
            elif step.opname in _ATTRIBUTES:
                attributes[str(step.argval)] = None
    return Mentions(list(variables), list(attributes))


def _parts(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _parts(constant)
