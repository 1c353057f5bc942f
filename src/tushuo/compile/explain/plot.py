"""Kernels under the roofline, as SVG: operations a byte to the right, GFLOP/s upwards."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from math import atan2, ceil, degrees, floor, log10, sqrt

from tushuo.compile.explain.explanation import Explanation
from tushuo.compile.explain.kernel import Kernel
from tushuo.compile.explain.roofline import Roofline
from tushuo.compile.explain.table import lengths, microseconds, percent, rate

_WIDTH, _HEIGHT = 860.0, 380.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 58.0, 20.0, 22.0, 44.0
_SMALL, _LARGE = 3.0, 22.0  # radii, in pixels


def family(kernel: Kernel) -> str:
    """The class of the style sheet that a kernel is coloured by."""
    first = kernel.kind.split(" ")[0]
    return {"BLAS": "product"}.get(
        first, first if first in ("product", "convolution", "loop") else "other"
    )


def plot(found: Explanation) -> str:
    """An SVG element; empty if no kernel was timed that computes something."""
    dots = [k for k in found.kernels if k.flops and k.seconds]
    if not dots or not found.roofs:
        return ""
    axes = _Axes(dots, found.roofs)
    marks = [*axes.grid(), *(mark for roof in found.roofs for mark in _roof(axes, roof))]
    names = [name for roof in found.roofs for name in _names(axes, roof)]
    longest = max(k.seconds or 0.0 for k in dots)
    marks += [_dot(axes, k, longest) for k in sorted(dots, key=lambda k: -(k.seconds or 0.0))]
    return (
        f'<svg viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" role="img" aria-label="Roofline">'
        f"{''.join([*marks, *names])}</svg>"
    )


class _Axes:
    """Logarithmic scales around kernels and roofs."""

    def __init__(self, dots: list[Kernel], roofs: tuple[Roofline, ...]) -> None:
        ridge = max(r.peak[4] / r.memory for r in roofs)
        across = [k.intensity for k in dots] + [ridge * 2]
        up = [k.gflops or 1.0 for k in dots] + [r.peak[4] for r in roofs]
        self.x0, self.x1 = floor(log10(min(across))), ceil(log10(max(across)))
        self.y0, self.y1 = max(floor(log10(min(up))), -2), ceil(log10(max(up) * 1.2))

    def x(self, intensity: float) -> float:
        """From left."""
        part = (log10(intensity) - self.x0) / max(self.x1 - self.x0, 1)
        return _LEFT + part * (_WIDTH - _LEFT - _RIGHT)

    def y(self, gflops: float) -> float:
        """From the top."""
        part = (log10(max(gflops, 10.0**self.y0)) - self.y0) / max(self.y1 - self.y0, 1)
        return _HEIGHT - _BOTTOM - part * (_HEIGHT - _TOP - _BOTTOM)

    def grid(self) -> Iterator[str]:
        """Lines at the powers of ten, with their numbers."""
        bottom, top, right = _HEIGHT - _BOTTOM, _TOP, _WIDTH - _RIGHT
        for power in range(self.x0, self.x1 + 1):
            x = self.x(10.0**power)
            yield _line("grid", (x, top), (x, bottom))
            yield _text(x, bottom + 17, f"{10.0**power:g}", "middle")
        for power in range(self.y0, self.y1 + 1):
            y = self.y(10.0**power)
            yield _line("grid", (_LEFT, y), (right, y))
            yield _text(_LEFT - 8, y + 4, f"{10.0**power:g}", "end")
        yield _text((_LEFT + right) / 2, _HEIGHT - 8, "FLOP per byte", "middle")
        yield _text(_LEFT, 13, "GFLOP/s", "start")


def _roof(axes: _Axes, roof: Roofline) -> Iterator[str]:
    """The roof over memory, and that over the fastest cache."""
    peak, right = roof.peak[4], 10.0**axes.x1
    for kind, bandwidth in (("inner", max(roof.bandwidths)), ("roof", roof.memory)):
        start, ridge = _slant(axes, roof, bandwidth)
        points = [(start, start * bandwidth), (ridge, peak), (right, peak)]
        yield _line(kind, *((axes.x(a), axes.y(b)) for a, b in points))


def _names(axes: _Axes, roof: Roofline) -> Iterator[str]:
    """What stands at the roofs."""
    for name, bandwidth in (("cache", max(roof.bandwidths)), ("memory", roof.memory)):
        start, ridge = _slant(axes, roof, bandwidth)
        middle = start**0.7 * ridge**0.3
        x, y = axes.x(middle), axes.y(middle * bandwidth) - 7
        yield (
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="middle" '
            f'transform="rotate({-_slope(axes):.1f} {x:.1f} {y:.1f})">'
            f"{name} {bandwidth:.0f} GB/s</text>"
        )
    threads = "1 thread" if roof.threads == 1 else f"{roof.threads} threads"
    at = axes.x(10.0**axes.x1) - 6, axes.y(roof.peak[4]) - 28
    yield _text(*at, f"{threads}: {roof.peak[4]:.0f} GFLOP/s", "end")


def _slant(axes: _Axes, roof: Roofline, bandwidth: float) -> tuple[float, float]:
    """Between which intensities a bandwidth is the roof."""
    start = max(10.0**axes.x0, 10.0**axes.y0 / bandwidth)
    return start, min(max(roof.peak[4] / bandwidth, start), 10.0**axes.x1)


def _slope(axes: _Axes) -> float:
    """The angle of a line of one bandwidth, in degrees."""
    return degrees(atan2(axes.y(1.0) - axes.y(10.0), axes.x(10.0) - axes.x(1.0)))


def _dot(axes: _Axes, k: Kernel, longest: float) -> str:
    """A kernel, its area as its time."""
    radius = max(_SMALL, _LARGE * sqrt((k.seconds or 0.0) / longest))
    about = (
        f"{k.number} {k.kind}: {k.what}, {lengths(k.shape)}, {microseconds(k.seconds)} us, "
        f"{rate(k.gflops)} GFLOP/s, {percent(k.share)} of the roof"
    )
    return (
        f'<a href="#kernel-{k.number}"><circle class="{family(k)}" cx="{axes.x(k.intensity):.1f}" '
        f'cy="{axes.y(k.gflops or 0.0):.1f}" r="{radius:.1f}"><title>{escape(about)}</title>'
        "</circle></a>"
    )


def _line(kind: str, *points: tuple[float, float]) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline class="{kind}" points="{path}"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
