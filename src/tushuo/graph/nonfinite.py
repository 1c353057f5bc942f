"""Where a NaN or an infinity comes from: back through the graph to the operation that made it."""

from __future__ import annotations

from tushuo.errors import GraphError
from tushuo.graph.backend import Array, is_floating, namespace
from tushuo.graph.node import Node
from tushuo.graph.op import describe
from tushuo.graph.tensor import Tensor


def find_nonfinite(x: Tensor) -> Node | None:
    """The node where the NaN or infinity in a Tensor was born.

    The search follows operands that are not finite, those with NaN first, to the operation whose
    computed operands are all finite. Infinities elsewhere in the graph that did no harm, as of a
    masked softmax, are passed by.

    Args:
        x: A Tensor of a graph.

    Returns:
        The node, whose ``source`` is the line that made it; None if ``x`` is finite, or if it
        belongs to no graph.
    """
    path = _path(x)
    return path[-1] if path else None


def check_finite(x: Tensor) -> Tensor:
    """The Tensor itself, which must be finite.

    Raises:
        GraphError: It holds NaN or an infinity; the message names the operation and the line that
            made the first of them, and what it was made from.
    """
    if not _badness(x.data):
        return x
    name = "the Tensor" if x.name is None else x.name
    path = _path(x)
    if not path:
        raise GraphError(
            f"{name} holds {_words(x.data)}, and belongs to no graph that could tell from where",
            hint="compute it from tushuo.variable, or check it inside the function",
        )
    turned = next(node for node in reversed(path) if _badness(node.data) == _badness(x.data))
    steps = [_birth(path[-1])] + ([_birth(turned)] if turned is not path[-1] else [])
    raise GraphError(f"{name} holds {_words(x.data)}: {', then '.join(steps)}")


def _path(x: Tensor) -> list[Node]:
    """The nodes from a Tensor back to the birth, each an operand of the one before."""
    path: list[Node] = []
    node = x.node if _badness(x.data) else None
    while node is not None:
        path.append(node)
        suspects = [y.node for y in node.inputs if y.node is not None and _badness(y.data)]
        node = max(suspects, key=lambda n: _badness(n.data), default=None)
    return path


def _badness(array: Array) -> int:
    """2 if an array holds NaN, 1 if it holds infinities, 0 if it is finite."""
    if not is_floating(array):
        return 0
    xp = namespace(array)
    if bool(xp.all(xp.isfinite(array))):
        return 0
    return 2 if bool(xp.any(xp.isnan(array))) else 1


def _words(array: Array) -> str:
    return ("finite values", "infinity", "NaN")[_badness(array)]


def _birth(node: Node) -> str:
    """What a node made from what, and where."""
    operands = ", ".join(f"{describe(y)} of {_range(y.data)}" for y in node.inputs)
    made = f"from {operands}" if operands else "given as it is"
    return f"{_words(node.data)} by {node.op.name} {made} at {node.source}"


def _range(array: Array) -> str:
    """The least and the greatest element, or that there is NaN."""
    if _badness(array) == 2:
        return "NaN"
    xp = namespace(array)
    if not array.size or not xp.isdtype(array.dtype, ("integral", "real floating")):
        return "no numbers"
    return f"{float(xp.min(array)):.4g} to {float(xp.max(array)):.4g}"
