"""`tushuo draw`: the graph of an expression or of a function of yours, as a picture."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tushuo.cli.faces import complain, one_line, write
from tushuo.cli.formula import Formula
from tushuo.errors import GraphError, TushuoError, UsageError

if TYPE_CHECKING:
    from tushuo.draw import Drawing

__all__ = ["draw"]

What = Annotated[
    str,
    typer.Argument(
        help='An expression, as "(a + b) * (b + 1)", or module:function of tushuo\'s operations.'
    ),
]
Given = Annotated[
    list[str] | None,
    typer.Argument(help="Values of the inputs, as b=1 or b=[1,2,3].", show_default=False),
]
At = Annotated[
    list[str] | None,
    typer.Option(help="Values of the inputs, as a=2 or a=[1,2,3].", show_default=False),
]
Output = Annotated[
    list[Path] | None,
    typer.Option(
        "--output",
        "-o",
        help="A file that ends with .svg, .png, .dot, .mmd (Mermaid) or .html (a page that steps "
        "through both passes); repeat it for several.",
        show_default="graph.svg",
    ),
]
Opened = Annotated[
    str, typer.Option("--open", help="What to unfold: fit, all, none, or up to how many vertices.")
]


def draw(
    what: What,
    values: Given = None,
    at: At = None,
    output: Output = None,
    opened: Opened = "fit",
    gradients: Annotated[bool, typer.Option(help="Draw the backward pass.")] = True,
    overwrite: Annotated[bool, typer.Option(help="Replace files that exist.")] = False,
) -> None:
    """Draw a graph: values green above the edges, gradients red below them.

    tushuo draw "(a + b) * (b + 1)" --at a=2 b=1 -o circuit.html
    """
    paths = output or [Path("graph.svg")]
    for path in paths:
        if path.exists() and not overwrite:
            raise UsageError(f"{path} exists", hint="choose another name, or pass --overwrite")
    drawing = _drawing(what, _inputs([*(at or []), *(values or [])]), opened, gradients)
    if drawing.graph.problem:
        complain(f"no gradients: {drawing.graph.problem}")
    for path in paths:
        write(one_line(str(drawing.save(path))))


def _drawing(what: str, inputs: Mapping[str, Any], opened: str, gradients: bool) -> Drawing:
    from tushuo.draw import draw as drawn

    f = _function(what, inputs)
    how: Any = int(opened) if opened.isdecimal() else opened
    make = drawn(f, gradients=gradients, opened=how)
    try:
        return make(**inputs)
    except TushuoError:
        raise
    except Exception as error:
        raise GraphError(f"{what} failed: {type(error).__name__}: {error}") from error


def _function(what: str, inputs: Mapping[str, Any]) -> Callable[..., Any]:
    """An imported function, or the one that an expression stands for.

    Raises:
        UsageError: There is no such function, or the inputs are not those of the expression.
    """
    module, colon, name = what.partition(":")
    if colon:
        return _imported(module, name)
    formula = Formula(what)
    for each in formula.names:
        if each not in inputs:
            raise UsageError(f"no value for {each}", hint=f"add --at {each}=1")
    for each in inputs:
        if each not in formula.names:
            raise UsageError(f"{each} does not occur in {what}", hint="leave its value away")
    return formula


def _imported(module: str, name: str) -> Callable[..., Any]:
    """A function of a module that is installed or in this folder."""
    names = [*module.split("."), *name.split(".")]
    if not all(map(str.isidentifier, names)):
        raise UsageError(f"{module}:{name} is no module and function", hint="as in model:loss")
    sys.path.insert(0, str(Path.cwd()))
    try:
        found: Any = importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise UsageError(
            f"there is no module {error.name}", hint="run this in its folder, or install it"
        ) from None
    except Exception as error:
        raise GraphError(f"importing {module} failed: {type(error).__name__}: {error}") from error
    finally:
        sys.path.pop(0)
    for part in name.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        raise UsageError(f"{module} has no function {name}")
    return found  # type: ignore[no-any-return]


def _inputs(texts: Sequence[str]) -> dict[str, Any]:
    """Values by name, from texts like ``a=2`` and ``x=[1,2]``.

    Raises:
        UsageError: A text is not of that form, or a name comes twice.
    """
    inputs: dict[str, Any] = {}
    for text in texts:
        name, sign, value = (part.strip() for part in text.partition("="))
        if not sign or not name.isidentifier():
            raise UsageError(f"{text!r:.60} gives no value to a name", hint="write it as a=2")
        if name in inputs:
            raise UsageError(f"{name} has two values", hint="give one")
        inputs[name] = _value(name, value)
    return inputs


def _value(name: str, text: str) -> Any:
    """A number, or an array from nested lists of numbers."""
    import numpy as np

    from tushuo.graph import asarray

    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise UsageError(
            f"{name} is {text!r:.60}, expected a number or lists of numbers",
            hint=f"write it as {name}=2 or {name}=[1,2,3]",
        ) from None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, list):
        raise UsageError(f"{name} is {text!r:.60}, expected a number or lists of numbers")
    return asarray(value, np.float64)
