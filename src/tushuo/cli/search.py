"""`tushuo search`: photographs found by what their captions say."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from tushuo.cli.faces import complain, one_line, write, write_json
from tushuo.cli.options import Json, LibraryFile
from tushuo.errors import UsageError

if TYPE_CHECKING:
    from tushuo.photos import Hit

__all__ = ["SearchCommand", "search"]

Words = Annotated[
    list[str],
    typer.Argument(
        metavar="QUERY",
        help='Words, "exact phrase", -word, after:2024-05, before:2025, camera:canon, path:holiday,'
        " lang:zh.",
        show_default=False,
    ),
]
Limit = Annotated[int, typer.Option(min=1, help="At most so many photographs.")]
Null = Annotated[
    bool, typer.Option("-0", "--null", help="Paths alone, each with a null byte, as for xargs -0.")
]


class SearchCommand(TyperCommand):
    """A command that takes -word for a word to leave out, not for options w, o, r and d."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put such words behind ``--``."""
        if "--" not in args:
            left_out = [word for word in args if _LEFT_OUT.match(word)]
            args = [word for word in args if word not in left_out] + ["--", *left_out]
        return super().parse_args(ctx, args)


_LEFT_OUT = re.compile(r"-(?!-|0$)")


def search(
    query: Words,
    library: LibraryFile = None,
    limit: Limit = 20,
    as_json: Json = False,
    null: Null = False,
) -> None:
    """Find photographs by their captions, best first: path, tab, caption.

    All words must be there, in any inflection. after: and before: go by the camera's date, and
    leave out photographs that have none. The exit status is 0 when something was found, 1 when
    nothing was, 2 for wrong usage.
    """
    from tushuo.photos import Library, parse_query

    text = " ".join(query)
    parse_query(text)  # so that wrong usage is told before a missing library
    if as_json and null:
        raise UsageError("got --json and -0", hint="choose one of them")
    with Library(library, read_only=True) as photos:
        hits = photos.search(text, limit=limit)
    if as_json:
        for hit in hits:
            _write_json(hit)
    elif null:
        _write_paths(hits)
    elif sys.stdout.isatty() and hits:
        _show(hits)
    else:
        for hit in hits:
            write("\t".join([one_line(str(hit.path)), hit.caption, *map(one_line, hit.why)]))
    if not hits:
        complain("no photograph matches")
        raise typer.Exit(1)


def _write_json(hit: Hit) -> None:
    write_json(
        {
            "path": str(hit.path),
            "caption": hit.caption,
            "language": hit.language,
            "by": hit.by or "person",
            "matched": hit.matched,
            "spans": hit.spans,
            "why": hit.why,
            "score": hit.score,
            "taken": hit.taken,
            "camera": hit.camera,
        }
    )


def _write_paths(hits: list[Hit]) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(b"".join(os.fsencode(hit.path) + b"\0" for hit in hits))
    sys.stdout.buffer.flush()


def _show(hits: list[Hit]) -> None:
    """A table, with what matched in bold."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("photograph", overflow="fold")
    table.add_column("caption")
    table.add_column("why", style="dim")
    for hit in hits:
        caption = Text(hit.caption)
        for start, end in hit.spans:
            caption.stylize("bold green", start, end)
        why = "; ".join(hit.why or hit.matched)
        path = one_line(str(hit.path)).encode("utf-8", "replace").decode("utf-8")
        table.add_row(Text(path), caption, Text(one_line(why)))
    Console().print(table)
