"""How large the tiles of convolutions are, and of products of a few rows."""

from __future__ import annotations

from typing import NamedTuple

_POSITIONS = 12
"""More would need more registers for where they are than a processor has."""


class Tiling(NamedTuple):
    """How large a tile is.

    Attributes:
        positions: Its columns.
        vectors: Of maps.
    """

    positions: int
    vectors: int


def tiling(columns: int, maps: int, depth: int, lanes: int, registers: int) -> Tiling:
    """The tile with which a row takes the least time.

    Args:
        columns: How many positions a row has.
        maps: How many channels the maps have.
        depth: How many products an element of the maps is a sum of.
        lanes: Elements of a vector.
        registers: Of the processor.
    """
    wanted = -(-maps // lanes)
    best, least = Tiling(1, 1), float("inf")
    for wide in range(1, min(wanted, registers // 4) + 1):
        tiles = -(-columns // most_positions(wide, registers))
        positions = -(-columns // tiles)
        full, rest = divmod(columns, positions)
        sizes = [(positions, full)] + ([(rest, 1)] if rest else [])
        shares = [(wide, wanted // wide)] + ([(wanted % wide, 1)] if wanted % wide else [])
        time = sum(n * m * _time(p, v, depth) for p, n in sizes for v, m in shares)
        if time < least:
            best, least = Tiling(positions, wide), time
    return best


def most_positions(wide: int, registers: int) -> int:
    """How many positions a tile of so many vectors has at most."""
    return max(1, min(_POSITIONS, (registers - wide - 2) // wide))


def _time(positions: int, wide: int, depth: int) -> float:
    """Of a tile, in cycles: two products or two loads at a time, and a product takes four."""
    return depth * max(positions * wide / 2, (positions + wide) / 2, 4) + 4 * positions * wide + 20
