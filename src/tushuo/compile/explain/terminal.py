"""Kernels for a terminal with colours: those that take most of the time, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tushuo.compile.explain.explanation import Explanation
from tushuo.compile.explain.plot import family
from tushuo.compile.explain.ranking import Rank, ranked
from tushuo.compile.explain.table import lengths, microseconds, notes, percent, printable

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

SHOWN = 10
"""How many kinds of kernels have a row."""

_COLOURS = {"product": "blue", "convolution": "magenta", "loop": "green", "other": "yellow"}
_BAR = 6  # characters


def rendered(found: Explanation) -> Group:
    """What Rich prints."""
    from rich.console import Group, RenderableType
    from rich.text import Text

    ranks = ranked(found)
    head = Text.assemble((printable(found.title), "bold"), f": {len(found.kernels)} kernels")
    parts: list[RenderableType] = [head, *(Text(note, "dim") for note in notes(found))]
    parts.append(_table(found, ranks[:SHOWN]))
    if len(ranks) > SHOWN:
        parts.append(Text(_rest(found, ranks[SHOWN:]), "dim"))
    return Group(*parts)


def _table(found: Explanation, ranks: list[Rank]) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="dim", expand=True)
    for name in ("us", "of all", "n") if found.roofs else ("bytes", "n"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("kernel", no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column("shape", no_wrap=True)
    if found.roofs:
        table.add_column("of roof", no_wrap=True)
    for rank in ranks:
        table.add_row(*_row(found, rank))
    return table


def _row(found: Explanation, rank: Rank) -> list[str | Text]:
    k, count = rank.first, f"{len(rank.kernels)}"
    tail: list[str | Text] = [_kernel(rank), lengths(k.shape)]
    if not found.roofs:
        return [f"{rank.bytes:,}", count, *tail]
    part = percent(rank.seconds / found.apart if found.apart else None)
    return [microseconds(rank.seconds), part, count, *tail, _bar(rank)]


def _kernel(rank: Rank) -> Text:
    from rich.text import Text

    k = rank.first
    asked = [f"for {k.source}"] if k.source else []
    why = "".join(f"\n{printable(text)}" for text in (*asked, *rank.why))
    return Text.assemble((f"{k.kind} ", _COLOURS[family(k)]), printable(k.what), (why, "dim"))


def _bar(rank: Rank) -> Text:
    """The part of the roofline, as a bar and a number."""
    from rich.text import Text

    if rank.share is None:
        return Text("")
    filled = round(min(rank.share, 1.0) * _BAR)
    colour = "green" if rank.share > 0.5 else "yellow" if rank.share > 0.2 else "red"
    bar = ("━" * filled, colour), ("─" * (_BAR - filled), "dim")
    return Text.assemble(*bar, f" {percent(rank.share)}")


def _rest(found: Explanation, ranks: list[Rank]) -> str:
    """What has no row."""
    count = sum(len(rank.kernels) for rank in ranks)
    seconds = sum(rank.seconds for rank in ranks)
    part = f", {percent(seconds / found.apart)} of the time" if found.apart else ""
    return f"and {count} more kernels{part}; print() shows all"
