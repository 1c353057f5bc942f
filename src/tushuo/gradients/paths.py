"""Sums over paths against sweeps: why one factors the sum, and how much that saves.

The derivative of a node by another is the sum, over all paths between them, of the products of the
local derivatives on their edges. Paths share edges, so the sum can be factored: sweeping back, each
node keeps the sum over all paths from it to the output, and every edge is used once. Sweeping
forward, each node keeps the sum over all paths from one input to it (Griewank and Walther,
"Evaluating Derivatives", 2008, section 3.2).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from tushuo.errors import GradientError, UsageError
from tushuo.gradients.stages import Edge

MAX_PATHS = 2_000_000
Path = list[Edge]


class Count(NamedTuple):
    """Derivatives and what they cost.

    Attributes:
        gradients: The derivative of the output by each input.
        multiplications: How many products of two numbers it took.
        visits: How many times an edge was passed.
    """

    gradients: dict[str, float]
    multiplications: int
    visits: int


def paths(edges: Sequence[Edge], source: str, target: str) -> Iterator[Path]:
    """All paths from one node to another, one after the other."""
    leaving = _leaving(edges)
    stack: list[tuple[str, Path]] = [(source, [])]
    while stack:
        node, path = stack.pop()
        if node == target:
            yield path
        else:
            stack.extend((e.target, [*path, e]) for e in reversed(leaving.get(node, [])))


def count_paths(edges: Sequence[Edge], source: str, target: str) -> int:
    """How many paths there are, without walking them."""
    ways, leaving = {target: 1}, _leaving(edges)
    for node in reversed(order(edges)):
        if node != target:
            ways[node] = sum(ways.get(e.target, 0) for e in leaving[node])
    return ways.get(source, 0)


def sum_over_paths(edges: Sequence[Edge], inputs: Sequence[str], output: str) -> Count:
    """The derivative by each input as the sum over all paths, one path at a time.

    A path of k edges costs k - 1 multiplications.

    Raises:
        UsageError: There are more than ``MAX_PATHS`` paths.
        GradientError: The graph has a circle, or lacks a node.
    """
    _known(edges, [*inputs, output])
    if (total := sum(count_paths(edges, x, output) for x in inputs)) > MAX_PATHS:
        raise UsageError(
            f"{total} paths lead to {output!r}, {MAX_PATHS} can be walked",
            hint="use reverse_sweep, which passes each edge once",
        )
    gradients, multiplications, visits = dict.fromkeys(inputs, 0.0), 0, 0
    for x in inputs:
        for path in paths(edges, x, output):
            gradients[x] += float(np.prod([e.slope for e in path]))
            multiplications += max(len(path) - 1, 0)
            visits += len(path)
    return Count(gradients, multiplications, visits)


def reverse_sweep(edges: Sequence[Edge], inputs: Sequence[str], output: str) -> Count:
    """The derivatives by all inputs in one sweep back: one multiplication an edge.

    An edge into the output costs none, since its derivative by itself is 1.

    Raises:
        GradientError: The graph has a circle, or lacks a node.
    """
    _known(edges, [*inputs, output])
    return _swept(edges, inputs, output, backwards=True)


def forward_sweep(edges: Sequence[Edge], inputs: Sequence[str], output: str) -> Count:
    """The derivatives by one input after the other, a sweep forward for each."""
    _known(edges, [*inputs, output])
    counts = [_swept(edges, [output], x, backwards=False) for x in inputs]
    gradients = {x: c.gradients[output] for x, c in zip(inputs, counts, strict=True)}
    return Count(gradients, sum(c.multiplications for c in counts), sum(c.visits for c in counts))


def _swept(edges: Sequence[Edge], wanted: Sequence[str], start: str, backwards: bool) -> Count:
    """Sums over paths between ``start`` and all nodes, kept at the nodes."""
    leaving = defaultdict(list)
    for source, target, slope in edges:
        near, far = (target, source) if backwards else (source, target)
        leaving[near].append((far, slope))
    found, multiplications, visits = {start: 1.0}, 0, 0
    nodes = order(edges)
    for node in reversed(nodes) if backwards else nodes:
        for far, slope in leaving[node] if node in found else ():
            found[far] = found.get(far, 0.0) + found[node] * slope
            visits += 1
            multiplications += node != start
    return Count({name: found.get(name, 0.0) for name in wanted}, multiplications, visits)


def order(edges: Sequence[Edge]) -> list[str]:
    """The nodes, each before those that depend on it (Kahn, 1962).

    Raises:
        GradientError: The graph has a circle; the message names a node on it.
    """
    nodes = list(dict.fromkeys(name for e in edges for name in (e.source, e.target)))
    waiting = dict.fromkeys(nodes, 0)
    for e in edges:
        waiting[e.target] += 1
    ready, done, leaving = [n for n in nodes if not waiting[n]], list[str](), _leaving(edges)
    while ready:
        done.append(node := ready.pop(0))
        for e in leaving.get(node, []):
            waiting[e.target] -= 1
            if not waiting[e.target]:
                ready.append(e.target)
    if len(done) < len(nodes):
        stuck = next(n for n in nodes if n not in set(done))
        raise GradientError(
            f"the graph has a circle through or before {stuck!r}",
            hint="a value cannot depend on itself: unroll the loop into steps",
        )
    return done


def layered(widths: Sequence[int], seed: int = 0) -> tuple[list[Edge], list[str], str]:
    """A graph of fully joined layers with random local derivatives, and one output.

    Args:
        widths: Nodes of each layer, the inputs first; the output is added behind the last.
        seed: Where the random numbers start.

    Returns:
        The edges, the names of the inputs, the name of the output.

    Raises:
        UsageError: There is no layer, or one has no node.
    """
    if not widths or min(widths) < 1:
        raise UsageError(f"the widths are {list(widths)}", hint="give 1 or more for each layer")
    rng = np.random.default_rng(seed)
    layers = [[f"n{i}_{j}" for j in range(width)] for i, width in enumerate(widths)] + [["out"]]
    edges = [
        Edge(a, b, float(rng.uniform(-1, 1)))
        for lower, upper in pairwise(layers)
        for a in lower
        for b in upper
    ]
    return edges, layers[0], "out"


def _leaving(edges: Sequence[Edge]) -> dict[str, list[Edge]]:
    found: dict[str, list[Edge]] = defaultdict(list)
    for e in edges:
        found[e.source].append(e)
    return found


def _known(edges: Sequence[Edge], names: Sequence[str]) -> None:
    nodes = {name for e in edges for name in (e.source, e.target)}
    if missing := [name for name in names if name not in nodes]:
        raise GradientError(
            f"the graph has no node {missing[0]!r}", hint=f"it has {sorted(nodes)[:9]}"
        )
    order(edges)
