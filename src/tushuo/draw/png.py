"""A picture as pixels, from the same marks as the SVG, drawn with Pillow."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from tushuo.draw.marks import XY, Box, Line, Mark, Text, Wire
from tushuo.draw.scene import Scene
from tushuo.draw.theme import Paint, paints
from tushuo.errors import UsageError

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont

MOST = 100_000_000
"""Pixels of the largest picture."""
_SMOOTHED = 60_000_000  # up to so many pixels, everything is drawn twice as large and shrunk
_CURVE_STEPS = 16
_WIDE_FONTS = (
    *("NotoSansCJK-Regular.ttc", "NotoSansSC-Regular.otf", "PingFang.ttc", "msyh.ttc"),
    *("wqy-zenhei.ttc", "Hiragino Sans GB.ttc", "simsun.ttc", "DejaVuSans.ttf", "Arial.ttf"),
)


def png(scene: Scene, scale: float, dark: bool) -> Image:
    """The picture in pixels.

    Raises:
        UsageError: It would be too large.
    """
    from PIL import Image, ImageDraw

    if not 0.1 <= scale <= 16:
        raise UsageError(f"scale is {scale}", hint="use 0.1 to 16")
    size = round(scene.width * scale), round(scene.height * scale)
    pixels = size[0] * size[1]
    if pixels > MOST:
        raise UsageError(
            f"the picture would have {size[0]} x {size[1]} pixels",
            hint="fold some parts, take a smaller scale, or save it as SVG",
        )
    fine = 2 if 4 * pixels <= _SMOOTHED else 1
    roles = paints(dark)
    image = Image.new("RGB", (size[0] * fine, size[1] * fine), roles["ground"].fill)
    painter = _Painter(ImageDraw.Draw(image), roles, scale * fine)
    for mark in scene.marks:
        painter.paint(mark)
    return image if fine == 1 else image.resize(size, Image.Resampling.LANCZOS)


class _Painter:
    """Puts marks on an image, magnified."""

    def __init__(self, on: ImageDraw, roles: dict[str, Paint], scale: float) -> None:
        self.on, self.roles, self.scale = on, roles, scale

    def paint(self, mark: Mark) -> None:
        """Put one mark on the image."""
        if isinstance(mark, Box):
            self._box(mark)
        elif isinstance(mark, Text):
            self._text(mark)
        elif isinstance(mark, Line):
            self._line(mark.points, self.roles[mark.role])
        else:
            self._wire(mark)

    def _box(self, box: Box) -> None:
        k, paint = self.scale, self.roles[box.role]
        corners = (box.x * k, box.y * k, (box.x + box.width) * k, (box.y + box.height) * k)
        width = round(paint.width * k) if paint.stroke else 0
        outline = paint.stroke or None
        self.on.rounded_rectangle(corners, box.radius * k, paint.fill, outline, width)

    def _text(self, text: Text) -> None:
        paint, bold = self.roles[text.role], text.role == "strong"
        at = text.x * self.scale, text.y * self.scale
        anchor = {"start": "ls", "middle": "ms", "end": "rs"}[text.anchor]
        font = _font(text.text, round(text.size * self.scale, 2))
        weight = text.size * self.scale / 36 if bold else 0
        self.on.text(at, text.text, paint.fill, font, anchor, stroke_width=weight)

    def _line(self, points: tuple[XY, ...], paint: Paint) -> None:
        k = self.scale
        width = max(1, round(paint.width * k))
        scaled = [(x * k, y * k) for x, y in points]
        self.on.line(scaled, paint.stroke, width, joint="curve")
        for x, y in (scaled[0], scaled[-1]):
            r = width / 2 - 0.5
            self.on.ellipse((x - r, y - r, x + r, y + r), paint.stroke)

    def _wire(self, wire: Wire) -> None:
        points: list[XY] = []
        for x0, x1, y in wire.stretches:
            if points:
                points += _curve(points[-1], (x0, y))
            points += [(x0, y), (x1, y)]
        self._line(tuple(points), self.roles["wire"])
        if wire.arrow:
            (x, y), k = points[-1], self.scale
            tip = [(x * k, y * k), ((x - 7) * k, (y - 3.5) * k), ((x - 7) * k, (y + 3.5) * k)]
            self.on.polygon(tip, self.roles["arrow"].fill)


def _curve(a: XY, b: XY) -> list[XY]:
    """Points of the Bezier curve that leaves and arrives level, with its poles half way."""
    middle, points = (a[0] + b[0]) / 2, []
    for i in range(1, _CURVE_STEPS):
        t = i / _CURVE_STEPS
        s = 1 - t
        outer, inner = (s**3, t**3), 3 * s * t
        x = outer[0] * a[0] + inner * middle + outer[1] * b[0]
        y = (outer[0] + 3 * s * s * t) * a[1] + (outer[1] + 3 * s * t * t) * b[1]
        points.append((x, y))
    return points


def _font(text: str, size: float) -> FreeTypeFont:
    """A font that has the text's characters, if this machine has one."""
    return _plain(size) if text.isascii() else _wide(size)


@cache
def _plain(size: float) -> FreeTypeFont:
    from PIL import ImageFont

    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


@cache
def _wide(size: float) -> FreeTypeFont:
    from PIL import ImageFont

    for name in _WIDE_FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return _plain(size)
