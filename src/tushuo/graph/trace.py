"""One run of a function on fresh variables, from which derivatives are taken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tushuo.errors import DTypeError, GradientError, ShapeError
from tushuo.graph.backend import is_floating
from tushuo.graph.forward import push
from tushuo.graph.node import Node
from tushuo.graph.ops.creation import zeros_like
from tushuo.graph.order import Route, route
from tushuo.graph.origin import Variable, variable
from tushuo.graph.reverse import pull
from tushuo.graph.tensor import Tensor, asarray
from tushuo.graph.tree import leaves, named_leaves, rebuild

Function = Callable[..., Any]
Argnums = int | tuple[int, ...]


class Trace:
    """One run of a function on fresh variables, and the graph that it left.

    Args:
        f: The function.
        args: Its positional arguments.
        kwargs: Its keyword arguments, which are not differentiated by.
        argnums: Which positional arguments to differentiate by.
        has_aux: Whether the function returns a pair whose second half is handed through.
        tied: Whether a Tensor that stands in two places of an argument, as shared weights do, is
            one variable; each place then gets the derivative by both.
    """

    def __init__(
        self,
        f: Function,
        args: tuple[Any, ...],
        kwargs: Any,
        argnums: Argnums,
        has_aux: bool = False,
        tied: bool = True,
    ) -> None:
        self.argnums = argnums
        chosen = _chosen(argnums, len(args))
        self.given = [args[i] for i in chosen]
        origin = Variable()
        self.traced = [_variables(i, args[i], origin, tied) for i in chosen]
        self.targets: list[Tensor] = leaves(self.traced)
        replaced = dict(zip(chosen, self.traced, strict=True))
        try:
            result = f(*(replaced.get(i, x) for i, x in enumerate(args)), **kwargs)
        finally:
            origin.live = False
        self.aux: Any = None
        self.result = result
        if has_aux:
            self.result, self.aux = _pair(result)
        self.outputs = [asarray(y) for y in leaves(self.result)]
        self.route = _between(self.outputs, self.targets)
        self.record = self._reaches_others()

    def _reaches_others(self) -> bool:
        """Whether an outer graph is involved, so that the derivatives must belong to it."""
        goals, order, _ = self.route
        return any(node.inputs for node in goals) or any(
            isinstance(node.op, Variable) and node.op.live and node not in goals for node in order
        )

    def scalar(self) -> Tensor:
        """The result, which must be one real number."""
        y = self.result
        if not isinstance(y, Tensor) or y.ndim or not is_floating(y.data):
            tensor = isinstance(y, Tensor)
            raise GradientError(
                "a gradient needs a function that returns one real number, got "
                f"{f'{y.dtype}{y.shape}' if tensor else type(y).__name__}",
                hint="reduce it with sum() or mean(), or use vjp or jacobian"
                if tensor
                else "return a Tensor; float() and item() leave the graph",
            )
        return y

    def pulled(self, cotangents: Any) -> Any:
        """The cotangents of the chosen arguments, as trees like them.

        Args:
            cotangents: A tree like the result.

        Raises:
            ShapeError: It is not.
        """
        starts = _like("cotangents", self.result, cotangents, self.outputs)
        record = self.record or any(g.node is not None for g in starts)
        found = pull(self.route, self.outputs, starts, record)
        trees = rebuild(self.given, [filled(found.get(_node(x)), x) for x in self.targets])
        return trees[0] if isinstance(self.argnums, int) else tuple(trees)

    def pushed(self, tangents: Any) -> Any:
        """The tangent of the result, a tree like it.

        Args:
            tangents: A sequence of trees like the chosen arguments.

        Raises:
            ShapeError: It is not.
        """
        starts = _like("tangents", self.given, tangents, self.targets)
        record = self.record or any(t.node is not None for t in starts)
        moved = dict(zip(map(_node, self.targets), starts, strict=True))
        carried = push(self.route, moved, record)
        full = [filled(None if y.node is None else carried.get(y.node), y) for y in self.outputs]
        return rebuild(self.result, full)

    def settled(self, tree: Any) -> Any:
        """A result as the caller may keep it: without the graph, unless an outer one needs it."""
        if self.record:
            return tree
        return rebuild(tree, [y.detach() if isinstance(y, Tensor) else y for y in leaves(tree)])


def _chosen(argnums: Argnums, count: int) -> tuple[int, ...]:
    """The numbers of the arguments to differentiate by, counted from the front."""
    wanted = (argnums,) if isinstance(argnums, int) else argnums
    if not isinstance(wanted, tuple | list) or not all(isinstance(i, int) for i in wanted):
        raise GradientError(f"argnums is {argnums!r:.60}, expected an integer or a tuple of them")
    for i in wanted:
        if not -count <= i < count:
            raise GradientError(
                f"argnums names argument {i}, but {count} positional arguments were given"
            )
    chosen = tuple(i % count for i in wanted)
    if len(set(chosen)) < len(chosen):
        raise GradientError(f"argnums {wanted} names an argument twice")
    return chosen


def _variables(number: int, tree: Any, origin: Variable, tied: bool) -> Any:
    """An argument with fresh variables for leaves."""
    made: dict[Any, Tensor] = {}
    fresh = []
    for path, value in named_leaves(tree):
        key = id(value) if tied and isinstance(value, Tensor) else path
        if key not in made:
            made[key] = _variable(f"{number}.{path}" if path else str(number), value, origin)
        fresh.append(made[key])
    return rebuild(tree, fresh)


def _variable(path: str, value: Any, origin: Variable) -> Tensor:
    x = asarray(float(value) if isinstance(value, int) else value)
    if not is_floating(x.data):
        raise DTypeError(
            f"cannot differentiate by argument {path}: it is {x.dtype}, not floating-point",
            hint="cast it, or pass it as an argument that is not differentiated by",
        )
    return variable(x, op=origin)


def _pair(result: Any) -> tuple[Any, Any]:
    if not isinstance(result, tuple) or len(result) != 2:
        raise GradientError(
            f"with has_aux the function must return a pair, got {type(result).__name__}",
            hint="return (value, aux)",
        )
    return result


def _between(outputs: Sequence[Tensor], targets: Sequence[Tensor]) -> Route:
    return route([y.node for y in outputs if y.node is not None], set(map(_node, targets)))


def _node(x: Tensor) -> Node:
    assert x.node is not None
    return x.node


def filled(derivative: Tensor | None, x: Tensor) -> Tensor:
    """A derivative in the data type of what it belongs to, zeros for none."""
    return zeros_like(x.detach()) if derivative is None else asarray(derivative, x.dtype)


def _like(what: str, tree: Any, got: Any, values: Sequence[Tensor]) -> list[Tensor]:
    """The leaves of a tree of tangents or cotangents, which must be like another tree."""
    want, have = named_leaves(tree), named_leaves(got)
    if [x.path for x in want] != [x.path for x in have]:
        raise ShapeError(
            f"{what} must be a tree like the values: {len(want)} leaves, got {len(have)}"
        )
    for (path, leaf), x in zip(have, values, strict=True):
        if (shape := tuple(leaf.shape) if hasattr(leaf, "shape") else ()) != x.shape:
            where = f" at {path}" if path else ""
            raise ShapeError(f"{what}{where}: expected shape {x.shape}, got {shape}")
    return [asarray(leaf, x.dtype) for (_, leaf), x in zip(have, values, strict=True)]
