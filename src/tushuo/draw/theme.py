"""The colours of the roles, on light and on dark ground."""

from __future__ import annotations

from typing import NamedTuple


class Paint(NamedTuple):
    """What a role is painted with; an empty colour paints nothing."""

    fill: str
    stroke: str = ""
    width: float = 1.0


GROUND = ("#ffffff", "#14171c")
FONTS = "Aileron, 'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', sans-serif"

_INK = ("#1d232b", "#e8ebef")
_TEXT = {
    "strong": _INK,
    "name": ("#3c4654", "#c3cad3"),
    "muted": ("#6b7684", "#8f9aa8"),
    "value": ("#0b7a3b", "#4cc982"),
    "gradient": ("#c4231d", "#ff7b72"),
    "local": ("#7a3fb0", "#c79bf2"),
}
_BOXES = {
    "gate": (("#ffffff", "#4a5563"), ("#1c2129", "#8a94a3")),
    "input": (("#e9f1fd", "#3b73c4"), ("#1a2a42", "#6b9ee8")),
    "parameter": (("#eef0f4", "#7d8897"), ("#232932", "#76818f")),
    "constant": (("#f6f7f9", "#b4bcc6"), ("#1b2027", "#4d5763")),
    "output": (("#fdf1dc", "#b7791f"), ("#3a2d16", "#e0a84a")),
    "scope": (("#f1ecfa", "#7a5ba8"), ("#2a2238", "#a88bd6")),
    "frame": (("#f8f6fc", "#c9bbe0"), ("#191720", "#4f4366")),
    "value-bar": (("#7cc79b", ""), ("#2f8f58", "")),
    "gradient-bar": (("#ee9f9a", ""), ("#b8443d", "")),
}
_LINES = {"icon": (_INK, 2.0), "sign": (("#7a5ba8", "#a88bd6"), 1.6)}
_WIRE = ("#8a94a3", "#6b7684")

ITALIC, BOLD = ("name",), ("strong",)


def paints(dark: bool) -> dict[str, Paint]:
    """The paint of every role."""
    k = int(dark)
    found = {role: Paint(colours[k]) for role, colours in _TEXT.items()}
    found |= {role: Paint(*both[k], 1.3) for role, both in _BOXES.items()}
    found |= {role: Paint("", colours[k], width) for role, (colours, width) in _LINES.items()}
    found["wire"] = Paint("", _WIRE[k], 1.4)
    found["arrow"] = Paint(_WIRE[k])
    found["ground"] = Paint(GROUND[k])
    return found
