"""When and where each node of a graph was made."""

from __future__ import annotations

from collections.abc import Sequence

from tushuo.draw.calls import Call, tidy
from tushuo.draw.model import ROOT, Item, Scope
from tushuo.draw.watch import Watch
from tushuo.graph import Tensor
from tushuo.graph.node import Node
from tushuo.graph.order import topological

_JUST = 1e-9  # a node that was not seen stands so much before its first use


class Moments:
    """The nodes of a graph in the order of time, and the scopes that they were made in.

    A call is an interval of time, so scopes folded to one vertex each never make a cycle.

    Attributes:
        order: The nodes that the outputs depend on.
        sources: Those of them that derivatives are taken by.
        place: For each node its scope.
        scopes: The scopes, as yet without items.
        names: The variables that results were assigned to.
    """

    def __init__(self, watch: Watch, outputs: Sequence[Tensor]) -> None:
        self.names = watch.names
        self.scopes = {ROOT: Scope(ROOT, "", "", ROOT)}
        self.place: dict[Node, Item] = {}
        self._time: dict[Node, float] = {}
        self._enter(tidy(watch.root), ROOT)
        order = topological([y.node for y in outputs if y.node is not None])
        self._place_unseen(order)
        self.order = sorted(order, key=self._time.__getitem__)
        self.sources = {node for node in order if not node.inputs}

    def _enter(self, call: Call, scope: Item) -> None:
        for child in call.children:
            if isinstance(child, Call):
                item = f"s{len(self.scopes)}"
                self.scopes[item] = Scope(item, child.title, child.detail, scope)
                self._enter(child, item)
            else:
                self.place[child] = scope
                self._time[child] = float(len(self._time))

    def _place_unseen(self, order: Sequence[Node]) -> None:
        """Nodes from before the run, or that no function returned, go where they are first used."""
        unseen = {node for node in order if node not in self._time}
        for node in reversed(order):
            time = self._time.setdefault(node, float(len(self._time)))
            scope = self.place.setdefault(node, ROOT)
            for x in node.inputs:
                if x.node in unseen and time <= self._time.get(x.node, time):
                    self._time[x.node] = time - _JUST
                    self.place[x.node] = scope
