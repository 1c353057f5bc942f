"""Many functions in one compiled program, each held against what it gives eagerly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import tushuo
from tushuo.compile import compile
from tushuo.compile.check import agree
from tushuo.graph import Tensor, leaves

Functions = Mapping[str, Callable[..., Any]]


FLOOR = {"float32": 1e-6, "float64": 1e-14}
"""How far a difference of numbers near 1 may be off, however small it is."""


def close(found: np.ndarray, wanted: np.ndarray) -> bool:
    """Whether two results, of arguments near 1, are equal but for rounding."""
    if agree(found, wanted):
        return True
    floor = FLOOR.get(wanted.dtype.name)
    fits = found.shape == wanted.shape and found.dtype == wanted.dtype and floor is not None
    return fits and np.allclose(found, wanted, rtol=20 * floor, atol=floor, equal_nan=True)


def same(functions: Functions, *args: Any, near: Callable = close, gradients: bool = False) -> None:
    """Require that functions of the same arguments give compiled what they give eagerly.

    All are one program, because compiling that takes less time than each by itself.

    Args:
        functions: By name, functions that return a tree of Tensors.
        args: Their arguments.
        near: What tells whether two arrays are the same.
        gradients: Whether the gradients by all floating-point arguments are compared, too.
    """

    def everything(*args: Any) -> dict[str, Any]:
        found = {name: f(*args) for name, f in functions.items()}
        if gradients:
            found |= {f"gradient of {name}": pulled(f, *args) for name, f in functions.items()}
        return found

    with np.errstate(all="ignore"):
        wanted = everything(*tushuo.tree_map(tushuo.asarray, args))
        found = compile(everything, cache=False)(*args)
    wrong = {
        name: difference
        for name in wanted
        for difference in [_difference(found[name], wanted[name], near)]
        if difference
    }
    assert not wrong, "\n".join(f"{name}: {what}" for name, what in wrong.items())


def moved(functions: Functions, look: Callable[..., Any]) -> Functions:
    """The functions of an argument that the program looks at in some way."""
    return {name: lambda x, f=f: f(look(x)) for name, f in functions.items()}


def pulled(f: Callable[..., Any], *args: Any) -> Any:
    """The gradient of an uneven sum of all that a function returns, by its floats."""
    places = tuple(i for i, x in enumerate(args) if _is_float(x))
    if not places:
        return ()

    def total(*args: Any) -> Tensor:
        floats = [y for y in leaves(f(*args)) if y.dtype.kind == "f"]
        sums = [tushuo.sum(y * weights(y)).astype("float64") for y in floats]
        return sum(sums[1:], sums[0]) if sums else tushuo.sum(args[places[0]] * 0)

    return tushuo.grad(total, places)(*args)


def _is_float(x: Any) -> bool:
    found = leaves(x)
    return bool(found) and all(y.dtype.kind == "f" for y in found)


def weights(y: Tensor) -> np.ndarray:
    """Numbers from 0.5 to 1.5, one for each element."""
    return np.linspace(0.5, 1.5, y.size, dtype=y.dtype).reshape(y.shape)


def identical(found: np.ndarray, wanted: np.ndarray) -> bool:
    """Whether two arrays are equal to the bit; NaN equals NaN, and -0.0 is not 0.0."""
    if found.shape != wanted.shape or found.dtype != wanted.dtype:
        return False
    equal = np.array_equal(found, wanted, equal_nan=wanted.dtype.kind == "f")
    return equal and (wanted.dtype.kind != "f" or _signs(found, wanted))


def _signs(found: np.ndarray, wanted: np.ndarray) -> bool:
    differ = np.signbit(found) != np.signbit(wanted)
    return not np.any(differ & ~np.isnan(wanted))


def _difference(found: Any, wanted: Any, near: Callable) -> str:
    """Where two results part, in words; empty if they do not."""
    for x, y in zip(leaves(found), leaves(wanted), strict=True):
        a, b = x.numpy(), y.numpy()
        if not near(a, b):
            return f"{a.dtype}{a.shape} for {b.dtype}{b.shape}{_first(a, b)}"
    return ""


def _first(a: np.ndarray, b: np.ndarray) -> str:
    if a.shape != b.shape or not a.size:
        return ""
    with np.errstate(all="ignore"):
        off = np.abs(a.astype(float) - b.astype(float))
    place = int(np.argmax(np.where(np.isnan(a) != np.isnan(b), np.inf, np.nan_to_num(off))))
    return f", at element {place} {a.flat[place]!r} for {b.flat[place]!r}"
