"""`tushuo search`: photographs found by what their captions say, and by what they show."""

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
    from tushuo.photos import Embedder, Hit, Library

__all__ = ["SearchCommand", "search"]

Words = Annotated[
    list[str],
    typer.Argument(
        metavar="QUERY",
        help='Words, "exact phrase", surf*, -word, after:2024-05, before:2025, camera:canon,'
        " path:holiday, lang:zh, like:photo.jpg, horse + beach - people.",
        show_default=False,
    ),
]
Limit = Annotated[int, typer.Option(min=1, help="At most so many photographs.")]
Null = Annotated[
    bool, typer.Option("-0", "--null", help="Paths alone, each with a null byte, as for xargs -0.")
]
Thumbnails = Annotated[
    bool,
    typer.Option(help="Show the photographs, too, small, if this is a terminal with colours."),
]
QueryModel = Annotated[
    str | None,
    typer.Option(
        "--model",
        help="The bundle that understands queries: the one that the library was indexed with, by "
        "name or folder.",
        show_default="by the name in the library",
    ),
]


class SearchCommand(TyperCommand):
    """A command that takes -word for a word to leave out, not for options w, o, r and d."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Hide the minus of such words, which stay where they are."""
        end = args.index("--") if "--" in args else len(args)
        hidden = [_HIDE + word if _LEFT_OUT.match(word) else word for word in args[:end]]
        rest = super().parse_args(ctx, hidden + args[end:])
        words = ctx.params.get("query") or ()
        ctx.params["query"] = [word.removeprefix(_HIDE) for word in words]
        return rest


_HIDE = "\0"  # no argument has one
_LEFT_OUT = re.compile(r"-(?!-|0$|$)")


def search(
    query: Words,
    library: LibraryFile = None,
    limit: Limit = 20,
    as_json: Json = False,
    null: Null = False,
    thumbnails: Thumbnails = False,
    model: QueryModel = None,
) -> None:
    """Find photographs by words and meaning, best first: path, tab, caption, and conditions met.

    Words are looked for in the captions, all of them, in any inflection. Photographs that show what
    is meant are found, too, whatever their captions say, if the library was indexed with a model
    that can compare the two and that knows the words; otherwise, captions with a good part of three
    words or more. after: and before: go by the
    camera's date, and leave out photographs that have none. The exit status is 0 when something was
    found, 1 when nothing was, 2 for wrong usage.
    """
    from tushuo.photos import Library, parse_query

    text = " ".join(query)
    wanted = parse_query(text)  # so that wrong usage is told before a missing library
    if as_json and null:
        raise UsageError("got --json and -0", hint="choose one of them")
    with Library(library, read_only=True) as photos:
        embedder = _embedder(photos, model) if wanted.meaning else None
        hits = photos.search(text, limit=limit, embedder=embedder)
    if as_json:
        for hit in hits:
            _write_json(hit)
    elif null:
        _write_paths(hits)
    elif sys.stdout.isatty() and hits:
        _show(hits, thumbnails)
    else:
        for hit in hits:
            write("\t".join([one_line(str(hit.path)), hit.caption, *map(one_line, hit.why)]))
    if not hits:
        complain("no photograph matches")
        raise typer.Exit(1)


def _embedder(photos: Library, model: str | None) -> Embedder | None:
    """What understands queries for the space that most of a library's photographs have a place in.

    Raises:
        UsageError: The model that was asked for is not that space's.
    """
    space = next(iter(photos.spaces()), None)
    if space is None:
        return None
    from tushuo.caption import load_captioner
    from tushuo.errors import BundleError
    from tushuo.photos import embedder_of

    try:
        embedder = embedder_of(load_captioner(model or space.name))
    except BundleError:
        if model is not None:
            raise
        embedder = None
    if embedder is not None and embedder.space == space:
        return embedder
    problem = f"the library was indexed with {space.name!r} of version {space.version}"
    if model is not None:
        raise UsageError(f"{problem}, not with {model!r}", hint="leave out --model, or index again")
    complain(f"searching for words alone: {problem}, which is not installed")
    return None


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
            "words": hit.words,
            "meaning": hit.meaning,
            "taken": hit.taken,
            "camera": hit.camera,
        }
    )


def _write_paths(hits: list[Hit]) -> None:
    sys.stdout.flush()
    sys.stdout.buffer.write(b"".join(os.fsencode(hit.path) + b"\0" for hit in hits))
    sys.stdout.buffer.flush()


def _show(hits: list[Hit], thumbnails: bool) -> None:
    """A table, with what matched in bold."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from tushuo.cli.thumbnails import thumbnail

    console = Console()
    thumbnails = thumbnails and console.color_system not in (None, "standard")
    table = Table(box=None, pad_edge=False, header_style="dim")
    if thumbnails:
        table.add_column(no_wrap=True)
    table.add_column("photograph", overflow="fold")
    table.add_column("caption")
    table.add_column("why", style="dim")
    for hit in hits:
        caption = Text(hit.caption)
        for start, end in hit.spans:
            caption.stylize("bold green", start, end)
        why = "; ".join(hit.reasons)
        picture = [thumbnail(hit.path)] if thumbnails else []
        path = one_line(str(hit.path)).encode("utf-8", "replace").decode("utf-8")
        table.add_row(*picture, Text(path), caption, Text(one_line(why)))
    console.print(table)
