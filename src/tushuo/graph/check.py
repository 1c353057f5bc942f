"""Check of automatic derivatives against numeric ones, along random directions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tushuo.errors import DTypeError, GradientError
from tushuo.graph.backend import is_floating, namespace
from tushuo.graph.tensor import Tensor, asarray
from tushuo.graph.transforms import jvp, vjp
from tushuo.graph.tree import leaves, named_leaves, rebuild, tree_map

Modes = Sequence[str]


def check_grads(
    f: Callable[..., Any],
    args: Sequence[Any],
    order: int = 2,
    modes: Modes = ("forward", "reverse"),
    eps: float = 1e-5,
    rtol: float = 1e-5,
    atol: float = 1e-6,
    seed: int = 0,
) -> None:
    """Compare the derivatives of ``f`` with central differences, in float64.

    Each mode is checked along a random direction: in forward mode every element of the result, in
    reverse mode one random combination of them. The derivative itself is then checked the same way,
    for every order: at order 2 that is forward over reverse, reverse over forward, and so on.

    Args:
        f: A function of trees that returns a tree of floating-point Tensors; it must be smooth
            near ``args`` and return the same value every time.
        args: Its arguments: trees of floating-point Tensors, arrays or numbers.
        order: The highest derivative to check.
        modes: Which modes to check: "forward", "reverse" or both.
        eps: Half the length of the step of the central difference.
        rtol: Largest difference, relative to the numeric derivative.
        atol: Largest difference beyond that.
        seed: Where the random directions start.

    Raises:
        GradientError: The derivatives differ; the message names the modes, the order, the leaf of
            the result and both numbers. Or a mode is unknown.
        DTypeError: An argument is not floating-point.
    """
    if not isinstance(args, Sequence):
        raise GradientError(
            f"check_grads needs a sequence of arguments, got {type(args).__name__}",
            hint="put a single one in a tuple: check_grads(f, (x,))",
        )
    if unknown := set(modes) - {"forward", "reverse"}:
        raise GradientError(f"mode is {min(unknown)!r}", hint="use 'forward' or 'reverse'")
    check = _Check(modes, eps, rtol, atol, np.random.default_rng(seed))
    check.run(f, [rebuild(x, [_double(leaf) for leaf in leaves(x)]) for x in args], order)


class _Check:
    """The settings of a check, and the source of its random directions."""

    def __init__(
        self, modes: Modes, eps: float, rtol: float, atol: float, rng: np.random.Generator
    ) -> None:
        self.modes, self.eps, self.rtol, self.atol, self.rng = modes, eps, rtol, atol, rng

    def run(self, f: Callable[..., Any], args: list[Any], order: int, path: Modes = ()) -> None:
        """Check ``f``, a derivative by the modes in ``path`` (last taken first), and go on."""
        if order == 0:
            return
        direction = self.direction(args)
        numeric = self.differences(f, args, direction)
        if "forward" in self.modes:
            self.compare(jvp(f, args, direction)[1], numeric, ("forward", *path))
            self.run(lambda *xs: jvp(f, xs, direction)[1], args, order - 1, ("forward", *path))
        if "reverse" in self.modes:
            value, pullback = vjp(f, *args)
            weights = self.direction(value)
            along = _dot(list(pullback(weights)), direction)
            self.compare(along, _dot(weights, numeric), ("reverse", *path))
            self.run(lambda *xs: vjp(f, *xs)[1](weights), args, order - 1, ("reverse", *path))

    def direction(self, tree: Any) -> Any:
        """A tree of random numbers like a tree of Tensors."""
        return tree_map(self._random, tree)

    def _random(self, leaf: Any) -> Tensor:
        x = asarray(leaf)
        return asarray(namespace(x.data).asarray(self.rng.standard_normal(x.shape)))

    def differences(self, f: Callable[..., Any], args: list[Any], direction: list[Any]) -> Any:
        """The derivative of ``f`` along a direction by central differences."""

        def at(step: float) -> Any:
            return f(*tree_map(lambda x, d: x + step * d, args, direction))

        after, before = at(self.eps), at(-self.eps)
        return tree_map(lambda a, b: (a - b) * (0.5 / self.eps), after, before)

    def compare(self, automatic: Any, numeric: Any, path: Modes) -> None:
        """Raise if two trees differ."""
        for (name, a), (_, n) in zip(named_leaves(automatic), named_leaves(numeric), strict=True):
            got, expected = asarray(a).numpy(), asarray(n).numpy()
            wrong = ~np.isclose(got, expected, rtol=self.rtol, atol=self.atol)
            if wrong.any():
                place = f" at {name}" if name else ""
                worst = np.argmax(
                    np.where(wrong, np.nan_to_num(abs(got - expected), nan=np.inf), -1)
                )
                raise GradientError(
                    f"{' over '.join(path)} mode, order {len(path)}{place}: automatic "
                    f"{got.flat[worst]:.9g}, numeric {expected.flat[worst]:.9g}",
                    hint="the derivative rule is wrong, or the function is not smooth here",
                )


def _dot(x: Any, y: Any) -> float:
    """The sum of products of the elements of two trees."""
    pairs = zip(leaves(x), leaves(y), strict=True)
    return math.fsum(float(np.vdot(asarray(a).numpy(), asarray(b).numpy())) for a, b in pairs)


def _double(leaf: Any) -> Tensor:
    """A floating-point leaf or a number in float64."""
    x = asarray(leaf)
    if not (is_floating(x.data) or isinstance(leaf, int)):
        raise DTypeError(
            f"check_grads needs floating-point arguments, got {x.dtype}",
            hint="close over the others: lambda x: f(x, indices)",
        )
    return x.detach().astype(namespace(x.data).float64)
