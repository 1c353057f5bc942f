"""One run of a function on fresh variables, from which derivatives are taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tushuo.errors import DTypeError, GradientError, ShapeError
from tushuo.graph.backend import is_floating
from tushuo.graph.ops.creation import zeros_like
from tushuo.graph.order import topological
from tushuo.graph.reverse import pull
from tushuo.graph.tensor import Tensor, Variable, asarray, variable
from tushuo.graph.tree import leaves, named_leaves, rebuild, tree_map

Function = Callable[..., Any]
Argnums = int | tuple[int, ...]


class Trace:
    """One run of a function on fresh variables, and the graph that it left."""

    def __init__(
        self, f: Function, args: tuple[Any, ...], kwargs: Any, argnums: Argnums, has_aux: bool
    ) -> None:
        self.argnums = argnums
        chosen = (argnums,) if isinstance(argnums, int) else argnums
        _check_argnums(chosen, args)
        self.given = [args[i] for i in chosen]
        origin = Variable()
        traced, self.targets = _variables(self.given, origin)
        replaced = dict(zip(chosen, traced, strict=True))
        try:
            result = f(*(replaced.get(i, x) for i, x in enumerate(args)), **kwargs)
        finally:
            origin.live = False
        self.result: Any = result[0] if has_aux else result
        self.aux: Any = result[1] if has_aux else None
        self.outputs = [asarray(y) for y in leaves(self.result)]
        self.record = self._reaches_others()

    def _reaches_others(self) -> bool:
        """Whether an outer graph is involved, so that the derivatives must belong to it."""
        goals = {x.node for x in self.targets if x.node is not None}
        if any(node.inputs for node in goals):
            return True
        roots = [y.node for y in self.outputs if y.node is not None]
        order = topological(roots, stop=goals)
        return any(
            isinstance(node.op, Variable) and node.op.live and node not in goals for node in order
        )

    def scalar(self) -> Tensor:
        """The result, which must be one real number."""
        y = self.result
        if not isinstance(y, Tensor) or y.ndim or not is_floating(y.data):
            got = f"{y.dtype}{y.shape}" if isinstance(y, Tensor) else type(y).__name__
            raise GradientError(
                f"a gradient needs a function that returns one real number, got {got}",
                hint="reduce it with sum() or mean(), or use vjp or jacobian",
            )
        return y

    def pulled(self, cotangents: Sequence[Tensor]) -> Any:
        """The cotangents of the chosen arguments, as trees like them."""
        record = self.record or any(g.node is not None for g in cotangents)
        found = pull(self.outputs, cotangents, self.targets, record)
        full = [
            zeros_like(x.detach()) if g is None else g
            for g, x in zip(found, self.targets, strict=True)
        ]
        trees = rebuild(self.given, full)
        return trees[0] if isinstance(self.argnums, int) else tuple(trees)

    def settled(self, tree: Any) -> Any:
        """A result as the caller may keep it: without the graph, unless an outer one needs it."""
        if self.record:
            return tree
        return tree_map(lambda y: y.detach() if isinstance(y, Tensor) else y, tree)


def _check_argnums(chosen: Sequence[int], args: Sequence[Any]) -> None:
    for i in chosen:
        if not 0 <= i < len(args):
            raise GradientError(
                f"argnums names argument {i}, but {len(args)} positional arguments were given"
            )


def _variables(trees: list[Any], origin: Variable) -> tuple[list[Any], list[Tensor]]:
    """The trees with fresh variables for leaves; one that stands in two places is one variable."""
    made: dict[int, Tensor] = {}
    order = []
    for path, value in named_leaves(trees):
        if id(value) not in made or not isinstance(value, Tensor):
            made[id(value)] = _variable(path, value, origin)
        order.append(made[id(value)])
    return rebuild(trees, order), order


def _variable(path: str, value: Any, origin: Variable) -> Tensor:
    x = asarray(float(value) if isinstance(value, int) else value)
    if not is_floating(x.data):
        raise DTypeError(
            f"cannot differentiate by argument {path}: it is {x.dtype}, not floating-point",
            hint="cast it, or pass it as an argument that is not differentiated by",
        )
    return variable(x, op=origin)


def match(what: str, expected: Any, got: Any) -> None:
    """Require a tree of the same leaves and shapes.

    Raises:
        ShapeError: It is not; the message names the leaf.
    """
    want, have = named_leaves(expected), named_leaves(got)
    if [x.path for x in want] != [x.path for x in have]:
        raise ShapeError(
            f"{what} must be a tree like the values: {len(want)} leaves, got {len(have)}"
        )
    for (path, x), (_, t) in zip(want, have, strict=True):
        if asarray(x).shape != asarray(t).shape:
            raise ShapeError(
                f"{what} at {path or 'the root'}: expected shape {asarray(x).shape}, "
                f"got {asarray(t).shape}"
            )
