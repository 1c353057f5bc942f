"""Kernels as lines of text."""

from __future__ import annotations

from collections.abc import Sequence

from tushuo.compile.explain.explanation import Explanation
from tushuo.compile.explain.kernel import Kernel

_PAIRS = 8  # kernels that are named for one reason
_WIDE = 44  # characters of the operations


def table(found: Explanation) -> str:
    """The kernels, one a line, what they are in all, and why they are apart."""
    timed = bool(found.roofs)
    head: tuple[str, ...] = ("", "kernel", "operations", "shape", "flops", "bytes")
    head += ("us", "GFLOP/s", "GB/s", "of roof") if timed else ()
    rows = [_row(kernel, timed) for kernel in found.kernels]
    rows.append(_totals(found, timed))
    lines = [(*row, source) for row, source in zip([head, *rows], _sources(found), strict=True)]
    return "\n".join([*_aligned(lines), *notes(found), *_reasons(found)])


def _row(k: Kernel, timed: bool) -> tuple[str, ...]:
    row = (str(k.number), k.kind, _cut(k.what), lengths(k.shape), f"{k.flops:,}", f"{k.bytes:,}")
    if not timed:
        return row
    return (*row, microseconds(k.seconds), rate(k.gflops), rate(k.bandwidth), percent(k.share))


def _totals(found: Explanation, timed: bool) -> tuple[str, ...]:
    row = ("", "all", f"{len(found.kernels)} kernels", "", f"{found.flops:,}", f"{found.bytes:,}")
    if not timed:
        return row
    seconds = found.apart or 0.0
    rates = [rate(x / seconds / 1e9) if seconds else "" for x in (found.flops, found.bytes)]
    least = sum(k.least or 0.0 for k in found.kernels)
    return (*row, microseconds(seconds), *rates, percent(least / seconds if seconds else None))


def _sources(found: Explanation) -> list[str]:
    return ["line", *(k.source for k in found.kernels), ""]


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    words = {1, 2, 3, len(widths) - 1}  # the other columns are numbers
    return [
        "  ".join(
            x.ljust(w) if i in words else x.rjust(w)
            for i, (x, w) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def notes(found: Explanation) -> list[str]:
    """The figures of a whole call, of the machine and of memory, a line each."""
    notes = []
    if found.seconds is not None:
        speed = rate(found.flops / found.seconds / 1e9)
        notes.append(
            f"a call: {duration(found.seconds)}, {speed} GFLOP/s, "
            f"{percent(found.share)} of the roofline"
        )
    for roof in found.roofs:
        threads = "one thread" if roof.threads == 1 else f"{roof.threads} threads"
        notes.append(
            f"roofline of {threads}: {rate(roof.peak[4])} GFLOP/s (float32), "
            f"{rate(roof.memory)} GB/s from memory, {rate(max(roof.bandwidths))} from the cache"
        )
    origin = "from the cache" if found.cached else "new"
    notes.append(f"arena: {found.arena:,} bytes for values of {found.total:,}; code: {origin}")
    return notes


def _reasons(found: Explanation) -> list[str]:
    """Each reason with the kernels that it keeps apart."""
    pairs: dict[str, list[str]] = {}
    for kernel in found.kernels:
        for each in kernel.apart:
            pairs.setdefault(each.why, []).append(f"{each.kernel}-{kernel.number}")
    lines = ["why kernels are apart:"] if pairs else []
    for why, these in pairs.items():
        more = f" and {len(these) - _PAIRS} more" if len(these) > _PAIRS else ""
        lines.append(f"  {', '.join(these[:_PAIRS])}{more}: {why}")
    return lines


def _cut(text: str) -> str:
    return text if len(text) <= _WIDE else f"{text[: _WIDE - 3]}..."


def printable(text: str) -> str:
    """Text without what controls a terminal or a page."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def lengths(shape: Sequence[int]) -> str:
    """A shape, as ``10x30``."""
    return "x".join(map(str, shape))


def microseconds(seconds: float | None) -> str:
    """A time without its unit."""
    return "" if seconds is None else f"{seconds * 1e6:,.{2 if seconds < 1e-5 else 1}f}"


def duration(seconds: float) -> str:
    """A time in the unit that fits."""
    for unit, size in (("us", 1e-6), ("ms", 1e-3)):
        if seconds < 1000 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def rate(value: float | None) -> str:
    """Billions a second."""
    return "" if value is None else f"{value:.1f}"


def percent(part: float | None) -> str:
    """A share."""
    return "" if part is None else f"{part:.0%}"
