"""A picture as SVG, in light or dark colours as the reader's screen asks."""

from __future__ import annotations

from html import escape

from tushuo.draw.marks import Box, Line, Mark, Text, Wire
from tushuo.draw.scene import Scene
from tushuo.draw.theme import BOLD, FONTS, ITALIC, Paint, paints


def svg(scene: Scene, title: str) -> str:
    """An SVG document of its own."""
    width, height = coordinate(scene.width), coordinate(scene.height)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" class="tushuo">',
        f"<title>{escape(clean(title))}</title>",
        f"<style>{style()}</style>",
        f'<rect width="{width}" height="{height}" class="ground"/>',
        *map(element, scene.marks),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def element(mark: Mark) -> str:
    """One mark as an element."""
    if isinstance(mark, Box):
        x, y, w, h, r = map(coordinate, (mark.x, mark.y, mark.width, mark.height, mark.radius))
        return f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="{r}" class="{mark.role}"/>'
    if isinstance(mark, Text):
        anchor = "" if mark.anchor == "start" else f' text-anchor="{mark.anchor}"'
        return (
            f'<text x="{coordinate(mark.x)}" y="{coordinate(mark.y)}" '
            f'font-size="{coordinate(mark.size)}"{anchor} class="{mark.role}">'
            f"{escape(clean(mark.text))}</text>"
        )
    if isinstance(mark, Line):
        points = " ".join(f"{coordinate(x)},{coordinate(y)}" for x, y in mark.points)
        return f'<polyline points="{points}" class="{mark.role}"/>'
    return wire(mark)


def wire(mark: Wire) -> str:
    """An edge: level stretches joined by curves."""
    path = ""
    for i, (x0, x1, y) in enumerate(mark.stretches):
        here = f"{coordinate(x0)} {coordinate(y)}"
        if not i:
            path = f"M{here}"
        else:
            before = mark.stretches[i - 1]
            middle = coordinate((before[1] + x0) / 2)
            path += f"C{middle} {coordinate(before[2])} {middle} {coordinate(y)} {here}"
        path += f"H{coordinate(x1)}"
    line = f'<path d="{path}" class="wire"/>'
    if not mark.arrow:
        return line
    _, x, y = mark.stretches[-1]
    tip = f"M{coordinate(x)} {coordinate(y)}l-7 -3.5v7z"
    return f'{line}<path d="{tip}" class="arrow"/>'


def style() -> str:
    """The style sheet of all roles, which follows the screen from light to dark."""
    dark = rules(paints(True), ".tushuo")
    return f"{fonts()}{rules(paints(False), '.tushuo')}@media(prefers-color-scheme:dark){{{dark}}}"


def fonts() -> str:
    """The part of the style sheet that is not colour."""
    bold = "".join(f".tushuo .{role}{{font-weight:600}}" for role in BOLD)
    italic = "".join(f".tushuo .{role}{{font-style:italic}}" for role in ITALIC)
    return f".tushuo{{font-family:{FONTS}}}{bold}{italic}"


def rules(roles: dict[str, Paint], within: str) -> str:
    """The colours of all roles, for elements within a selector."""
    made = []
    for role, paint in roles.items():
        fill = paint.fill or "none"
        stroke = f";stroke:{paint.stroke};stroke-width:{paint.width}" if paint.stroke else ""
        ends = ";stroke-linecap:round;stroke-linejoin:round" if fill == "none" else ""
        made.append(f"{within} .{role}{{fill:{fill}{stroke}{ends}}}")
    return "".join(made)


def clean(text: str) -> str:
    """The text without characters that XML forbids."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def coordinate(value: float) -> str:
    """A coordinate in tenths of a pixel."""
    return f"{value:.1f}".removesuffix(".0")
