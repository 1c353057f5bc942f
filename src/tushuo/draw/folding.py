"""Which scopes are open, so that a picture has a number of vertices that a person can read."""

from __future__ import annotations

from tushuo.draw.model import ROOT, Graph, Item
from tushuo.errors import UsageError

BUDGET = 28
"""So many items fit a picture that is still read at a glance."""


def opened_within(graph: Graph, budget: int) -> frozenset[Item]:
    """The scopes to open without more than ``budget`` visible items, those that hide most first.

    Scopes of one loop are opened together or not at all.
    """
    opened, visible = {ROOT}, len(graph.scopes[ROOT].items)
    waiting = _inside(graph, ROOT)
    while waiting:
        waiting.sort(key=lambda group: _hidden(graph, group))
        group = waiting.pop()
        more = sum(len(graph.scopes[scope].items) - 1 for scope in group)
        if visible + more <= budget:
            opened.update(group)
            visible += more
            for scope in group:
                waiting.extend(_inside(graph, scope))
    return frozenset(opened)


def _inside(graph: Graph, scope: Item) -> list[list[Item]]:
    """The scopes in a scope, those of one name that differ by a number together."""
    groups: dict[str, list[Item]] = {}
    for item in graph.scopes[scope].items:
        if item in graph.scopes:
            title = graph.scopes[item].title
            groups.setdefault(title.rstrip("0123456789") or title, []).append(item)
    return list(groups.values())


def _hidden(graph: Graph, group: list[Item]) -> int:
    return sum(1 for scope in group for _ in graph.contents(scope))


def titled(graph: Graph, titles: tuple[str, ...]) -> set[Item]:
    """The scopes of these titles.

    Raises:
        UsageError: There is none of a title.
    """
    found = {s.id for s in graph.scopes.values() if s.title in titles and s.id != ROOT}
    unknown = set(titles) - {graph.scopes[s].title for s in found}
    if unknown:
        known = sorted({s.title for s in graph.scopes.values() if s.id != ROOT})
        raise UsageError(
            f"the graph has no part called {sorted(unknown)[0]!r}",
            hint=f"it has {', '.join(known[:12])}" if known else "it has no parts to fold",
        )
    return found


def parents(graph: Graph, scopes: set[Item]) -> set[Item]:
    """The scopes themselves and all around them."""
    return scopes | {outer for scope in scopes for outer in graph.around(scope)}
