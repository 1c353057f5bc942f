"""A graph, folded in some way, as marks on a plane."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from tushuo.draw.look import LABEL, Card, scope_card, vertex_card
from tushuo.draw.marks import Box, Line, Mark, Text, shifted, text_width
from tushuo.draw.model import ROOT, Graph, Item, Scope
from tushuo.draw.place import Placement, Setting, placed
from tushuo.draw.plan import Link, Plan, planned
from tushuo.draw.summary import Summary

MARGIN = 24.0
TITLE = 13.0


@dataclass(frozen=True)
class Scene:
    """A picture: its size and its marks, from back to front."""

    width: float
    height: float
    marks: list[Mark]


class Studio:
    """All that pictures of one graph share, however it is folded."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    @cached_property
    def plans(self) -> dict[Item, Plan]:
        """The layers of every scope."""
        return planned(self.graph)

    @cached_property
    def cards(self) -> dict[Item, Card]:
        """The picture of each item; of scopes, folded."""
        operands: dict[Item, int] = {}
        for edge in self.graph.edges:
            operands[edge.target] = max(operands.get(edge.target, 0), edge.slot + 1)
        cards = {i: vertex_card(v, operands.get(i, 0)) for i, v in self.graph.vertices.items()}
        return cards | {i: scope_card(self.graph, s) for i, s in self.graph.scopes.items()}

    @cached_property
    def labels(self) -> dict[Item, list[tuple[str, str]]]:
        """For each link of each scope its value and its gradient as text."""
        shares = {(e.target, e.slot): e.share for e in self.graph.edges}
        texts = {}
        for scope, plan in self.plans.items():
            texts[scope] = [self._label(plan, link, shares) for link in plan.links]
        return texts

    def _label(
        self, plan: Plan, link: Link, shares: dict[tuple[Item, int], Summary | None]
    ) -> tuple[str, str]:
        end = plan.points[link.end].item
        value = self.graph.vertices[link.value].value
        if end in self.graph.scopes:
            share = self.graph.entering.get((link.value, end))
        else:
            share = shares[end, link.slot]
        return value.short, "" if share is None else share.short

    def placement(self, opened: frozenset[Item]) -> Placement:
        """Where everything is when these scopes are not folded."""
        widths = {
            scope: [max(text_width(x, LABEL) for x in pair) for pair in pairs]
            for scope, pairs in self.labels.items()
        }
        titles = {i: frame_title_width(s) for i, s in self.graph.scopes.items()}
        return placed(Setting(self.plans, self.cards, widths, titles, opened | {ROOT}), ROOT)

    def scene(self, opened: frozenset[Item]) -> Scene:
        """The picture when these scopes are not folded."""
        at = self.placement(opened)
        marks: list[Mark] = []
        for item, (x, y, width, height) in at.frames.items():
            marks += shifted(frame_marks(self.graph.scopes[item], width, height), x, y)
        marks += dict.fromkeys(at.wires.values())
        for item, (x, y, _, height) in at.boxes.items():
            card = self.cards[item]
            marks += shifted(card.stretched(height), x, y)
        for label in at.labels:
            value, gradient = self.labels[label.scope][label.link]
            if label.values > 1:
                value, gradient = f"{label.values} values", ""
            marks += label_marks(value, gradient, label.x, label.y)
        return Scene(at.width + 2 * MARGIN, at.height + 2 * MARGIN, shifted(marks, MARGIN, MARGIN))


def label_marks(value: str, gradient: str, x: float, y: float) -> list[Mark]:
    """The value above an edge, the gradient below it."""
    marks: list[Mark] = [Text(x, y - 5, value, LABEL, "value", "end")]
    if gradient:
        marks.append(Text(x, y + 14, gradient, LABEL, "gradient", "end"))
    return marks


def frame_title_width(scope: Scope) -> float:
    """The room that the title of an open scope needs."""
    return text_width(f"{scope.title}  {scope.detail}", TITLE) + 26


def frame_marks(scope: Scope, width: float, height: float) -> list[Mark]:
    """The frame of an open scope, its corner at (0, 0)."""
    marks: list[Mark] = [
        Box(0, 0, width, height, 12, "frame"),
        Line(((12, 16), (20, 16)), "sign"),
        Text(27, 20.5, scope.title, TITLE, "strong"),
    ]
    if scope.detail:
        x = 27 + text_width(scope.title, TITLE) + 7
        marks.append(Text(x, 20.5, scope.detail, 11, "muted"))
    return marks
