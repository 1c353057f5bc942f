"""Errors name the arguments of Python functions; on the command line those are options."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from inspect import Parameter, signature
from typing import Any

from typer.models import OptionInfo

__all__ = ["as_options", "options_of"]

_OTHERWISE = {"beam": "beams", "sample": "do_sample"}
"""What Python calls some options by another name than the command's parameter."""

_QUOTED = r"""'[^']*'|"[^"]*\""""
_APART = r"[\w/\\.-]"  # a name between such is part of another, or of a path


def options_of(command: Callable[..., Any]) -> dict[str, str]:
    """The options of a command by the names that Python has for them: max_words: --max-words."""
    found: dict[str, str] = {}
    for name, parameter in signature(command, eval_str=True).parameters.items():
        if option := _option(parameter):
            found[_OTHERWISE.get(name, name)] = option
    return found


def as_options(text: str, options: Mapping[str, str]) -> str:
    """A text with options in place of the names that Python has for them.

    Many such names are words, too, which are let alone. One is a name if it has an underscore, if
    the option follows in brackets, or if the text begins with it (or with several) and a colon.

    Args:
        text: What an error says. What it quotes stays.
        options: As from `options_of`.
    """
    if not options:
        return text
    name = "|".join(map(re.escape, options))
    first = re.match(rf"(?:(?:{name})(?:, | and ))*(?:{name})(?=:)", text)
    head = first.end() if first else 0
    pattern = rf"{_QUOTED}|(?<!{_APART})(?P<name>{name})(?!{_APART})(?P<told> \(--[\w-]+\))?"

    def spelt(match: re.Match[str]) -> str:
        named = match["name"]
        sure = named and ("_" in named or match["told"] or match.start() < head)
        return options[named] if sure else match[0]

    return re.sub(pattern, spelt, text)


def _option(parameter: Parameter) -> str:
    """How a parameter is given on the command line; nothing if by its place."""
    for note in getattr(parameter.annotation, "__metadata__", ()):
        if isinstance(note, OptionInfo):
            # in an annotation, typer takes the first name for a default until it has a command
            names = [str(name) for name in (note.default, *(note.param_decls or ()))]
            usual = f"--{parameter.name.replace('_', '-')}"
            return next((n for n in names if n.startswith("--")), usual).partition("/")[0]
    return ""
