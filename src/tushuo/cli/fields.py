"""Commands with many options: a dataclass says what they are, and the command takes one of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import wraps
from inspect import Parameter, Signature
from typing import Any, TypeVar, get_type_hints

__all__ = ["by_fields"]

Asked = TypeVar("Asked")


def by_fields(command: Callable[[Asked], None]) -> Callable[..., None]:
    """The command, with an option on the command line for each field of the dataclass it takes.

    A field that is a dataclass itself stands for the options of that, at its place.

    Args:
        command: A function of one argument, whose annotation is the dataclass. Annotations of its
            fields are as typer takes them of arguments.
    """
    (kind,) = (hint for name, hint in get_type_hints(command).items() if name != "return")

    @wraps(command)
    def run(**given: Any) -> None:
        command(_filled(kind, given))

    run.__signature__ = Signature([*_parameters(kind)])  # type: ignore[attr-defined]
    return run


def _parameters(kind: Any) -> Iterator[Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    for field in fields(kind):
        hint = hints[field.name]
        if is_dataclass(hint):
            yield from _parameters(hint)
        else:
            default = Parameter.empty if field.default is MISSING else field.default
            yield Parameter(field.name, Parameter.KEYWORD_ONLY, default=default, annotation=hint)


def _filled(kind: Any, given: Mapping[str, Any]) -> Any:
    hints = get_type_hints(kind)
    return kind(
        **{
            name: _filled(hint, given) if is_dataclass(hint) else given[name]
            for name, hint in hints.items()
        }
    )
