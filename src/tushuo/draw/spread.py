"""Heights of points that are as near as can be to where they want to be, without overlaps."""

from __future__ import annotations

from collections.abc import Sequence


def spread(wanted: Sequence[float], weights: Sequence[float], gaps: Sequence[float]) -> list[float]:
    """The places with the least weighted squared distance from the wanted ones.

    Isotonic regression by pooling of adjacent violators (Barlow et al., "Statistical inference
    under order restrictions", 1972).

    Args:
        wanted: Wanted places of the points, whose order is kept.
        weights: How much each point minds.
        gaps: The least distance of each point from the one before; the first counts for nothing.
    """
    offsets, offset = [], 0.0
    blocks: list[tuple[float, float, int]] = []  # mean, weight, number of points
    for i, (place, weight) in enumerate(zip(wanted, weights, strict=True)):
        offset += gaps[i] if i else 0.0
        offsets.append(offset)
        mean, count = place - offset, 1
        while blocks and blocks[-1][0] >= mean:
            before, mass, more = blocks.pop()
            mean = (mean * weight + before * mass) / (weight + mass)
            weight, count = weight + mass, count + more
        blocks.append((mean, weight, count))
    level = [mean for mean, _, count in blocks for _ in range(count)]
    return [a + b for a, b in zip(level, offsets, strict=True)]
