"""Layers and their order: the part of the layout that does not depend on sizes.

Sugiyama, Tagawa and Toda, "Methods for visual understanding of hierarchical system structures"
(1981): longest-path layers, dummies where an edge passes a layer, barycentre sweeps against
crossings.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

SWEEPS = 12

Arc = tuple[int, int, float]
"""From a point to a point, and where it arrives there: 0 the highest operand, 1 the lowest."""


@dataclass(frozen=True)
class Layering:
    """Points in layers, from left to right, each layer from top to bottom.

    Attributes:
        layers: Points; those from ``count`` on are dummies.
        chains: For each pair of points with an edge the dummies on its way.
        segments: The parts of the edges between neighbouring layers.
    """

    layers: list[list[int]]
    chains: dict[tuple[int, int], list[int]]
    segments: list[Arc] = field(default_factory=list)


def layered(
    count: int,
    arcs: Sequence[Arc],
    first: Iterable[int] = (),
    last: Iterable[int] = (),
    left: Iterable[int] = (),
) -> Layering:
    """Put the points 0 to ``count - 1`` of an acyclic graph into layers.

    Args:
        count: Number of points.
        arcs: Its edges.
        first: Points that have the first layer to themselves.
        last: Points that have the last layer to themselves.
        left: Points that stay as far to the left as they can; other points without an edge into
            them stand just before their first use.
    """
    ranks = _ranks(count, arcs, set(first), set(last), set(left))
    chains, segments, ranks = _chained(arcs, ranks)
    layers: list[list[int]] = [[] for _ in range(max(ranks, default=-1) + 1)]
    for point, rank in enumerate(ranks):
        layers[rank].append(point)
    return Layering(_ordered(layers, segments, len(ranks)), chains, segments)


def _ranks(
    count: int, arcs: Sequence[Arc], first: set[int], last: set[int], left: set[int]
) -> list[int]:
    """The longest way to each point; points without an edge into them move right."""
    after, before = defaultdict(set), defaultdict(set)
    for a, b, _ in arcs:
        after[a].add(b)
        before[b].add(a)
    ranks = [0 if i in first or not first else 1 for i in range(count)]
    waiting = [len(before[i]) for i in range(count)]
    ready = [i for i in range(count) if not waiting[i]]
    for a in ready:
        for b in after[a]:
            ranks[b] = max(ranks[b], ranks[a] + 1)
            waiting[b] -= 1
            if not waiting[b]:
                ready.append(b)
    for a in range(count):
        if not before[a] and after[a] and a not in left and a not in first:
            ranks[a] = min(ranks[b] for b in after[a]) - 1
    end = max((ranks[i] for i in range(count) if i not in last), default=-1) + 1
    for a in last:
        ranks[a] = end
    return ranks


def _chained(
    arcs: Sequence[Arc], ranks: list[int]
) -> tuple[dict[tuple[int, int], list[int]], list[Arc], list[int]]:
    """Edges as chains of segments from layer to layer."""
    chains: dict[tuple[int, int], list[int]] = {}
    segments: list[Arc] = []
    ranks = list(ranks)
    for a, b, port in arcs:
        if (a, b) not in chains:
            chains[a, b] = []
            for rank in range(ranks[a] + 1, ranks[b]):
                chains[a, b].append(len(ranks))
                ranks.append(rank)
        way = [a, *chains[a, b], b]
        segments.extend((p, q, 0.5) for p, q in pairwise(way[:-1]))
        segments.append((way[-2], b, port))
    return chains, segments, ranks


def _ordered(layers: list[list[int]], segments: Sequence[Arc], count: int) -> list[list[int]]:
    """The order with the fewest crossings that the sweeps come by."""
    before, after = defaultdict(list), defaultdict(list)
    for a, b, port in segments:
        before[b].append((a, 0.5))
        after[a].append((b, port))
    best, fewest = layers, crossings(layers, segments)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        layers = _swept(layers, before if sweep % 2 else after, bool(sweep % 2))
        found = crossings(layers, segments)
        if found < fewest:
            best, fewest = layers, found
    return best


def _swept(
    layers: list[list[int]], neighbours: dict[int, list[tuple[int, float]]], rightwards: bool
) -> list[list[int]]:
    """Each layer in the order of the mean places of its points' neighbours."""
    layers = [list(layer) for layer in layers]
    places: dict[int, float] = {}
    for layer in layers if rightwards else reversed(layers):
        here = {p: float(i) for i, p in enumerate(layer)}
        for p in layer:
            near = [places[q] + port for q, port in neighbours[p] if q in places]
            if near:
                here[p] = sum(near) / len(near)
        layer.sort(key=lambda p: here[p])
        places.update({p: float(i) for i, p in enumerate(layer)})
    return layers


def crossings(layers: Sequence[Sequence[int]], segments: Sequence[Arc]) -> int:
    """How often segments cross."""
    rank, place = {}, {}
    for r, layer in enumerate(layers):
        for i, p in enumerate(layer):
            rank[p], place[p] = r, float(i)
    gaps: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for a, b, port in segments:
        gaps[rank[a]].append((place[a], place[b] + port))
    return sum(_inversions(sorted(gap)) for gap in gaps.values())


def _inversions(pairs: Sequence[tuple[float, float]]) -> int:
    seen: list[float] = []
    total = 0
    for _, end in pairs:
        total += len(seen) - bisect_right(seen, end)
        insort(seen, end)
    return total
