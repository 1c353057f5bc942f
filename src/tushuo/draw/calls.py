"""The calls in which the nodes of a graph were made: a layer, a time step, a helper function."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from tushuo.graph.node import Node

REPEATS = 3
"""So many calls of one name, one after another, are a loop."""
SMALL = 5
"""A minor call of fewer nodes gets no box."""
MOST = 0.75
"""Nor does one that has more than this share of what is around it."""
LONG, PART = 100, 50
"""More than so many nodes in one call are put into parts of so many."""


@dataclass(eq=False)
class Call:
    """One call of a function or module.

    Attributes:
        title: The name of the layer, method or function.
        detail: The class of the layer, or nothing.
        owner: The module whose method was called, or None.
        minor: Whether it is worth a box only if it is large.
        step: Whether it is one of a loop's.
        children: The nodes made in the call and the calls inside it, in the order of time.
    """

    title: str
    detail: str = ""
    owner: Any = None
    minor: bool = False
    step: bool = False
    children: list[Node | Call] = field(default_factory=list)

    @property
    def size(self) -> int:
        """The number of nodes, those of inner calls included."""
        return sum(c.size if isinstance(c, Call) else 1 for c in self.children)


def tidy(call: Call) -> Call:
    """The calls without those that say nothing, with the repetitions of a loop put together."""
    inner = [tidy(c) if isinstance(c, Call) else c for c in call.children]
    children = _flattened(inner, lambda c: len(c.children) > 1)
    most = sum(c.size if isinstance(c, Call) else 1 for c in children) * MOST
    children = _flattened(
        _looped(children), lambda c: c.step or not c.minor or SMALL <= c.size <= most
    )
    if len(children) == 1 and isinstance(children[0], Call):  # a shell around one call
        children = children[0].children
    return replace(call, children=_parted(children))


def _parted(children: list[Node | Call]) -> list[Node | Call]:
    """A long list of children as parts of it, each a while of the run."""
    if len(children) <= LONG:
        return children
    parts: list[Node | Call] = []
    for start in range(0, len(children), PART):
        part = children[start : start + PART]
        parts.append(Call("part", f"{start + 1} to {start + len(part)}", children=part))
    _number(parts, list(range(len(parts))))
    return _parted(parts)


def _flattened(children: list[Node | Call], kept: Callable[[Call], bool]) -> list[Node | Call]:
    """The children, with the content of those calls that are not kept in their place."""
    result: list[Node | Call] = []
    for child in children:
        if isinstance(child, Call) and not kept(child):
            result.extend(child.children)
        else:
            result.append(child)
    return result


def _looped(children: list[Node | Call]) -> list[Node | Call]:
    """The children, with each run of calls of one title, and what lies between, as one call."""
    titles = Counter(c.title for c in children if isinstance(c, Call))
    for title, count in titles.most_common():
        places = [i for i, c in enumerate(children) if isinstance(c, Call) and c.title == title]
        if count < REPEATS or len(places) < REPEATS:
            continue
        first, last = places[0], places[-1] + 1
        _number(children, places)
        if last - first == len(children):  # the whole call is the loop
            continue
        loop = Call(title, f"{count} times", children=children[first:last])
        children = [*children[:first], loop, *children[last:]]
    return children


def _number(children: list[Node | Call], places: list[int]) -> None:
    for number, place in enumerate(places, 1):
        child = children[place]
        assert isinstance(child, Call)
        child.title, child.step = f"{child.title} {number}", True
