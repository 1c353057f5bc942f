"""What kernels of convolutions share: rows of maps cut into tiles, margins, and loops over both.

A tile is a few neighbouring positions of a row. Most see nothing of the margins; for those that do
it is known, when the code is written, which element of the kernel meets the image at which
position, so margins are never read or written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from typing import NamedTuple

from llvmlite import ir

from tushuo.compile.codegen.tail import Tail
from tushuo.compile.codegen.turns import each, is_zero, offset, word
from tushuo.graph.ops.conv_arrays import Geometry
from tushuo.graph.ops.windows import POINT

Steps = tuple[int, int, int]
"""From image to image, row to row, position to position."""


class Run(NamedTuple):
    """Neighbouring tiles that are computed in the same way.

    Attributes:
        first: The number of the first tile.
        tiles: How many there are.
        width: How many positions a tile has.
        inside: For each column of the kernel, the positions of a tile where it meets the image.
    """

    first: int
    tiles: int
    width: int
    inside: tuple[tuple[int, ...], ...]

    @property
    def whole(self) -> bool:
        """Whether every column of the kernel meets the image everywhere."""
        return all(len(places) == self.width for places in self.inside)


def runs(columns: int, width: int, geometry: Geometry) -> list[Run]:
    """The tiles of a row."""
    found: list[Run] = []
    if geometry.window == POINT and geometry.margins[1] == (0, 0):
        full, rest = divmod(columns, width)
        found = [Run(0, full, width, (tuple(range(width)),))] if full else []
        return [*found, Run(full, 1, rest, (tuple(range(rest)),))] if rest else found
    for number, start in enumerate(range(0, columns, width)):
        size = min(width, columns - start)
        run = Run(number, 1, size, _inside(start, size, geometry))
        if found and found[-1][2:] == run[2:]:
            run = found.pop()
            run = run._replace(tiles=run.tiles + 1)
        found.append(run)
    return found


def _inside(start: int, size: int, geometry: Geometry) -> tuple[tuple[int, ...], ...]:
    window, left, w = geometry.window, geometry.margins[1][0], geometry.size[1]
    (_, kw), (_, stride), (_, step) = window.kernel, window.stride, window.dilation
    return tuple(
        tuple(c for c in range(size) if 0 <= (start + c) * stride - left + j * step < w)
        for j in range(kw)
    )


class Plane(NamedTuple):
    """The positions of maps, and how pointers move over them.

    Attributes:
        images: N.
        rows: OH.
        columns: OW.
        steps: Of each pointer.
    """

    images: int
    rows: int
    columns: int
    steps: tuple[Steps, ...]

    def flat(self) -> Plane:
        """The same with rows, and images, as one long row where all pointers run through evenly."""
        images, rows, columns, steps = self
        if columns == 1:
            rows, columns, steps = 1, rows, tuple((n, 0, h) for n, h, _ in steps)
        if columns == 1:
            images, columns, steps = 1, images, tuple((0, 0, n) for n, _, _ in steps)
        if rows == 1 or all(h == w * columns for _, h, w in steps):
            rows, columns, steps = 1, rows * columns, tuple((n, 0, w) for n, _, w in steps)
        if rows == 1 and (images == 1 or all(n == w * columns for n, _, w in steps)):
            images, columns, steps = 1, images * columns, tuple((0, 0, w) for _, _, w in steps)
        return Plane(images, rows, columns, steps)


class MapsTail:
    """What follows a convolution, on vectors of channels at one position.

    Args:
        tail: The operations.
        views: How the maps are laid out, for each pointer of the tail: (N, O, OH, OW).
    """

    def __init__(self, tail: Tail) -> None:
        self.tail = tail
        self._values = [*tail.inputs, *tail.outputs]
        ways = [four((tail.inputs | tail.outputs)[x][1]) for x in self._values]
        self.steps: list[Steps] = [(n, h, w) for n, _, h, w in ways]
        self._along = [way[1] for way in ways]

    def at(self, b: ir.IRBuilder, n: ir.Value, row: ir.Value, steps: Sequence[Steps]) -> Tail:
        """The tail for one row of maps: of two axes, positions and channels."""
        places = self.tail.inputs | self.tail.outputs
        moved = {}
        for x, (image, down, right), along in zip(self._values, steps, self._along, strict=True):
            start = offset(b, (n, image), (row, down))
            moved[x] = b.gep(places[x][0], [start]), (right, along)
        found = copy(self.tail)
        found.inputs = {x: moved[x] for x in self.tail.inputs}
        found.outputs = {x: moved[x] for x in self.tail.outputs}
        return found


def four(steps: Sequence[int]) -> tuple[int, ...]:
    """The steps of four axes; a matrix has images of one pixel."""
    return (*steps, *(0,) * (4 - len(steps)))


def taps_inside(b: ir.IRBuilder, row: ir.Value, geometry: Geometry) -> tuple[ir.Value, ir.Value]:
    """The rows of the kernel, first and end, that meet the image at a row of the maps."""
    window, (top, bottom) = geometry.window, geometry.margins[0]
    (kh, _), (stride, _), (step, _) = window.kernel, window.stride, window.dilation
    if not top and not bottom:
        return word(0), word(kh)
    at = b.mul(row, word(stride))
    first = _ceil(b, b.sub(word(top), at), step)
    end = _ceil(b, b.sub(word(geometry.size[0] + top), at), step)
    return _between(b, first, 0, kh), _between(b, end, 0, kh)


def rows_inside(
    b: ir.IRBuilder, i: ir.Value, rows: int, geometry: Geometry
) -> tuple[ir.Value, ir.Value]:
    """The rows of the maps, first and end, where a row of the kernel meets the image."""
    window, (top, bottom) = geometry.window, geometry.margins[0]
    if not top and not bottom:
        return word(0), word(rows)
    at, stride = b.mul(i, word(window.dilation[0])), window.stride[0]
    first = _ceil(b, b.sub(word(top), at), stride)
    end = _ceil(b, b.sub(word(geometry.size[0] + top), at), stride)
    return _between(b, first, 0, rows), _between(b, end, 0, rows)


def _ceil(b: ir.IRBuilder, x: ir.Value, step: int) -> ir.Value:
    """Quotient rounded up; a negative one may be anything up to 0."""
    return x if step == 1 else b.sdiv(b.add(x, word(step - 1)), word(step))


def _between(b: ir.IRBuilder, x: ir.Value, low: int, high: int) -> ir.Value:
    x = b.select(b.icmp_signed("<", x, word(low)), word(low), x)
    return b.select(b.icmp_signed(">", x, word(high)), word(high), x)


def each_tile(
    b: ir.IRBuilder,
    tiles: Sequence[Run],
    start: ir.Value,
    end: ir.Value,
    body: Callable[[Run, ir.Value], None],
) -> None:
    """Loops over the tiles from one number to another, each run by itself."""
    total = tiles[-1].first + tiles[-1].tiles
    for run in tiles:
        first, last = word(run.first), word(run.first + run.tiles)
        if not (is_zero(start) and isinstance(end, ir.Constant) and end.constant == total):
            first = b.select(b.icmp_signed(">", start, first), start, first)
            last = b.select(b.icmp_signed("<", end, last), end, last)
        each(b, first, last, lambda t, run=run: body(run, t))  # type: ignore[misc]
