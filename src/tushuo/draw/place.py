"""Coordinates: the part of the layout that depends on what is folded.

``page.js`` does the same in the browser when a scope is folded by a click.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from tushuo.draw.look import PITCH, Card
from tushuo.draw.marks import Wire
from tushuo.draw.model import Item
from tushuo.draw.plan import Link, Plan
from tushuo.draw.spread import spread

GAP, DUMMY_GAP = 20.0, 14.0
CURVE = 26.0
MANY = 3
TOP, SIDE, BOTTOM = 32.0, 14.0, 14.0
ROUNDS = 10
STIFF = 8.0


@dataclass(frozen=True)
class Label:
    """The two texts of an edge, which may stand for several values.

    ``x`` is their right end, ``y`` the height of the edge.
    """

    x: float
    y: float
    scope: Item
    link: int
    values: int


@dataclass
class Placement:
    """Where everything is, in pixels.

    Attributes:
        width: Of the whole.
        height: Of the whole.
        boxes: For each visible item x, y, width and height.
        frames: The same of each open scope but the outermost.
        wires: The edges, by scope and link.
        labels: The edges' labels.
    """

    width: float = 0.0
    height: float = 0.0
    boxes: dict[Item, tuple[float, float, float, float]] = field(default_factory=dict)
    frames: dict[Item, tuple[float, float, float, float]] = field(default_factory=dict)
    wires: dict[tuple[Item, int], Wire] = field(default_factory=dict)
    labels: list[Label] = field(default_factory=list)


@dataclass(frozen=True)
class Setting:
    """What the coordinates follow from.

    Attributes:
        plans: Of all scopes.
        cards: The size of every vertex and of every folded scope.
        labels: For each scope the width of each link's label.
        opened: The scopes that are not folded.
        titles: The width of each open scope's title.
    """

    plans: Mapping[Item, Plan]
    cards: Mapping[Item, Card]
    labels: Mapping[Item, list[float]]
    titles: Mapping[Item, float]
    opened: frozenset[Item]


def placed(setting: Setting, root: Item) -> Placement:
    """Place everything in the outermost scope."""
    block = Block(setting, root)
    result = Placement(block.width, block.height)
    block.emit(0.0, 0.0, result)
    return result


class Block:
    """The content of an open scope, with the places of its points."""

    def __init__(self, setting: Setting, scope: Item) -> None:
        self.setting, self.scope = setting, scope
        self.plan = setting.plans[scope]
        self.layers = self.plan.layering.layers
        count = sum(map(len, self.layers))
        self.w, self.h = [0.0] * count, [0.0] * count
        self.x, self.y = [0.0] * count, [0.0] * count  # x: left side, y: middle
        self.inner: dict[int, Block] = {}
        self.shown: dict[int, int] = {}  # the links with labels, and how many they stand for
        self.ports = self._ports()
        self._measure()
        self._connect()
        self._align()
        self._columns()

    def _measure(self) -> None:
        """The size of every point."""
        for p, point in enumerate(self.plan.points):
            if point.kind != "item":
                continue
            if self._opens(p):
                block = self.inner[p] = Block(self.setting, point.item)
                self.w[p] = max(block.width, self.setting.titles[point.item]) + 2 * SIDE
                self.h[p] = block.height + TOP + BOTTOM
            else:
                card = self.setting.cards[point.item]
                ports = len(self.ports.get(p, []))
                self.w[p], self.h[p] = card.width, max(card.height, PITCH * ports)

    def _ports(self) -> dict[int, list[list[int]]]:
        """For each item but the open scopes, the links that arrive at each of its ports."""
        arriving: dict[int, list[int]] = defaultdict(list)
        for i, link in enumerate(self.plan.links):
            if self.plan.points[link.end].kind == "item" and not self._opens(link.end):
                arriving[link.end].append(i)
        return {p: self._ports_of(p, into) for p, into in arriving.items()}

    def _ports_of(self, p: int, into: list[int]) -> list[list[int]]:
        """Values from one point arrive together: at a folded scope, or if they are many."""
        links = self.plan.links
        folded = self.plan.points[p].item in self.setting.plans
        same = Counter(links[i].start for i in into)
        groups: dict[tuple[int, int], list[int]] = defaultdict(list)
        for i in into:
            together = folded or same[links[i].start] > MANY
            groups[links[i].start, -1 if together else links[i].slot].append(i)
        if folded:
            return sorted(groups.values(), key=lambda g: self._rank(links[g[0]]))
        return sorted(groups.values(), key=lambda g: links[g[0]].slot)

    def _opens(self, p: int) -> bool:
        return self.plan.points[p].item in self.setting.opened

    def _connect(self) -> None:
        """At which heights, relative to the middle of a point, each link leaves and arrives."""
        links = self.plan.links
        self.leave = [self._port(link.start, "exit", link.value) for link in links]
        self.arrive = [self._port(link.end, "entry", link.value) for link in links]
        for ports in self.ports.values():
            for k, group in enumerate(ports):
                for i in group:
                    self.arrive[i] = (k - (len(ports) - 1) / 2) * PITCH
                self.shown[group[0]] = len({links[i].value for i in group})

    def _port(self, p: int, kind: str, value: Item) -> float:
        """The height of the port of an open scope that a value goes through."""
        block = self.inner.get(p)
        if block is None:
            return 0.0
        q = next(q for q, x in enumerate(block.plan.points) if x.kind == kind and x.item == value)
        return block.y[q] + TOP - self.h[p] / 2

    def _rank(self, link: Link) -> int:
        """The place of a link's last point before its end, in its layer."""
        way = [link.start, *self.plan.layering.chains[link.start, link.end]]
        return next(layer.index(way[-1]) for layer in self.layers if way[-1] in layer)

    def _way(self, link: Link) -> list[int]:
        return [link.start, *self.plan.layering.chains[link.start, link.end], link.end]

    def _align(self) -> None:
        """Move points to the heights of their neighbours, by turns from left and from right."""
        before: dict[int, list[tuple[int, float, float]]] = defaultdict(list)
        after: dict[int, list[tuple[int, float, float]]] = defaultdict(list)
        for i, link in enumerate(self.plan.links):
            way = self._way(link)
            for k, (a, b) in enumerate(pairwise(way)):
                leave = self.leave[i] if not k else 0.0
                arrive = self.arrive[i] if k == len(way) - 2 else 0.0
                stiff = STIFF if a >= len(self.plan.points) and b >= len(self.plan.points) else 1.0
                before[b].append((a, leave - arrive, stiff))
                after[a].append((b, arrive - leave, stiff))
        for layer in self.layers:
            self._settle(layer, {})
        for turn in range(ROUNDS):
            rightwards = turn % 2 == 0
            for layer in self.layers if rightwards else reversed(self.layers):
                self._settle(layer, before if rightwards else after)
        both = {p: before[p] + after[p] for p in {*before, *after}}
        for turn in range(ROUNDS):
            for layer in self.layers if turn % 2 else reversed(self.layers):
                self._settle(layer, both)
        top = min((self.y[p] - self.h[p] / 2 for p in range(len(self.h))), default=0.0)
        self.y = [y - top for y in self.y]
        self.height = max((y + h / 2 for y, h in zip(self.y, self.h, strict=True)), default=0.0)

    def _settle(self, layer: list[int], near: Mapping[int, list[tuple[int, float, float]]]) -> None:
        wanted, weights, gaps = [], [], []
        previous = None
        for p in layer:
            pulls = near.get(p, [])
            mass = sum(stiff for _, _, stiff in pulls)
            pulled = sum((self.y[q] + offset) * stiff for q, offset, stiff in pulls)
            wanted.append(pulled / mass if mass else self.y[p])
            weights.append(mass or 0.1)
            gap = 0.0
            if previous is not None:
                flat = not self.h[p] and not self.h[previous]
                gap = (self.h[p] + self.h[previous]) / 2 + (DUMMY_GAP if flat else GAP)
            gaps.append(gap)
            previous = p
        for p, y in zip(layer, spread(wanted, weights, gaps), strict=True):
            self.y[p] = y

    def _columns(self) -> None:
        """The left side of each point, and of each layer with the room for its labels."""
        rank = {p: r for r, layer in enumerate(self.layers) for p in layer}
        self.rank = rank
        room, curves = [0.0] * len(self.layers), [0] * len(self.layers)
        for i, link in enumerate(self.plan.links):
            if i in self.shown:
                width = self.setting.labels[self.scope][i] + 14
                room[rank[link.end]] = max(room[rank[link.end]], width)
            curves[rank[link.end]] += 1
        self.left, self.right, self.room = [], [], room
        x = 0.0
        for r, layer in enumerate(self.layers):
            x += room[r] + (CURVE + min(2.5 * curves[r], 60.0) if r else 0.0)
            width = max((self.w[p] for p in layer), default=0.0)
            self.left.append(x)
            self.right.append(x + width)
            for p in layer:
                self.x[p] = x + (width - self.w[p]) / 2
            x += width
        self.width = x

    def emit(self, dx: float, dy: float, result: Placement) -> None:
        """Write everything down, moved by (dx, dy)."""
        for p, point in enumerate(self.plan.points):
            if point.kind != "item":
                continue
            x, y = dx + self.x[p], dy + self.y[p] - self.h[p] / 2
            if p in self.inner:
                result.frames[point.item] = x, y, self.w[p], self.h[p]
                block = self.inner[p]
                block.emit(x + SIDE + (self.w[p] - 2 * SIDE - block.width) / 2, y + TOP, result)
            else:
                result.boxes[point.item] = x, y, self.w[p], self.h[p]
        for i, link in enumerate(self.plan.links):
            stretches = tuple((dx + a, dx + b, dy + y) for a, b, y in self._stretches(i, link))
            arrow = link.end not in self.inner and self.plan.points[link.end].kind == "item"
            result.wires[self.scope, i] = Wire(stretches, arrow)
            if i in self.shown:
                _, x, y = stretches[-1]
                result.labels.append(Label(x - 10, y, self.scope, i, self.shown[i]))

    def _stretches(self, i: int, link: Link) -> list[tuple[float, float, float]]:
        """The level parts of a link: out of its start, through the layers between, into its end."""
        a, *dummies, b = self._way(link)
        from_frame = self.plan.points[a].kind == "entry"
        to_frame = self.plan.points[b].kind == "exit"
        start = -self._margin() if from_frame else self.x[a] + self.w[a]
        end = self.width + self._margin() if to_frame else self.x[b]
        parts = [(start, self.right[self.rank[a]], self.y[a] + self.leave[i])]
        for d in dummies:
            r = self.rank[d]
            parts.append((self.left[r] - self.room[r], self.right[r], self.y[d]))
        r = self.rank[b]
        parts.append((self.left[r] - self.room[r], end, self.y[b] + self.arrive[i]))
        return parts

    def _margin(self) -> float:
        """From the content to the frame, on either side."""
        title = self.setting.titles[self.scope]
        return SIDE + max(0.0, title - self.width) / 2
