"""`tushuo share`: captions where other programs read them."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tushuo.cli.cores import divide_cores
from tushuo.cli.faces import complain, one_line, tell_error, write, write_json
from tushuo.cli.known import captions_of, open_library
from tushuo.cli.languages import AnyModel
from tushuo.cli.options import AtOnce, Json, LibraryFile
from tushuo.cli.progress import progress
from tushuo.cli.sources import count, photographs
from tushuo.cli.tables import Tables
from tushuo.errors import UsageError

if TYPE_CHECKING:
    from tushuo.data import Found
    from tushuo.photos import Captioned, Failed, Library, Shared, Sharing

__all__ = ["share"]

Paths = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="PATH",
        help="Photographs, folders of them (searched recursively), or - for paths on standard "
        "input, one a line.",
        show_default=False,
    ),
]
Search = Annotated[
    str | None,
    typer.Option(
        metavar="QUERY",
        help="Photographs whose captions have the words; conditions as of tushuo search.",
        show_default=False,
    ),
]
MinConfidence = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=1,
        metavar="P",
        help="Leave out captions of models that are good with a probability below P.",
        show_default=False,
    ),
]
All = Annotated[bool, typer.Option("--all", help="The whole library.")]
Sidecar = Annotated[
    bool,
    typer.Option(
        "--sidecar", help="Write PHOTO.jpg.xmp beside each; so it is if nothing else is asked for."
    ),
]
Embed = Annotated[
    bool,
    typer.Option(
        "--embed", help="Write into JPEG, PNG, WebP and TIFF files; the picture is not touched."
    ),
]
Replace = Annotated[
    bool, typer.Option("--replace", help="Also replace descriptions that a person wrote.")
]
KeepOriginal = Annotated[
    bool, typer.Option("--keep-original", help="Keep what is changed as NAME_original.")
]
Csv = Annotated[
    Path | None,
    typer.Option("--csv", metavar="FILE", help="A table for spreadsheets.", show_default=False),
]
Jsonl = Annotated[
    Path | None,
    typer.Option("--jsonl", metavar="FILE", help="One JSON object a line.", show_default=False),
]
AlbumDir = Annotated[
    Path | None,
    typer.Option(
        "--album",
        metavar="DIR",
        help="A page with small copies that any browser shows without a server.",
        show_default=False,
    ),
]
Title = Annotated[str, typer.Option(help="Of the album.")]
Language = Annotated[
    str,
    typer.Option(
        "--language",
        "--lang",
        metavar="CODE",
        help="The language that comes first, and of new captions: en, zh.",
    ),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be written, and write nothing.")
]


def share(
    paths: Paths = None,
    search: Search = None,
    everything: All = False,
    sidecar: Sidecar = False,
    embed: Embed = False,
    csv: Csv = None,
    jsonl: Jsonl = None,
    album: AlbumDir = None,
    title: Title = "Photographs",
    replace: Replace = False,
    keep_original: KeepOriginal = False,
    min_confidence: MinConfidence = None,
    language: Language = "en",
    library: LibraryFile = None,
    model: AnyModel = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    batch_size: AtOnce = 8,
) -> None:
    """Write captions where other programs read them: beside or in photographs, tables, an album.

    Captions are the library's where it knows the photograph, a person's before a model's; others
    are captioned on the spot. What people have written into a photograph stays, unless --replace is
    given. Lines on standard output say what became of each: written (in a dry run: would be
    written), unchanged, kept (a person's words stand there), and the file and the caption.

    The exit status is 0 when all went well, 1 when a photograph failed (the others are still
    shared), 2 for wrong usage.
    """
    workers = divide_cores()
    from tushuo.photos import Album, Sharing

    if sum([bool(paths), search is not None, everything]) != 1:
        hint = "give either paths, --search QUERY or --all"
        raise UsageError("which photographs are to be shared", hint=hint)
    beside = sidecar or not any((embed, csv, jsonl, album))
    how = Sharing(False, replace, keep_original, dry_run, language)
    ways = [how] * beside + [dataclasses.replace(how, embed=True)] * embed
    with ExitStack() as stack:
        photos = open_library(stack, library, needed=not paths, to_write=embed and not dry_run)
        found, total = _found(paths, search, photos)
        pages = None if album is None or dry_run else Album(album, title, language)
        tables = Tables() if dry_run else Tables(csv, jsonl, pages)
        captions = captions_of(photos, (model, language) if paths else None)
        advance = stack.enter_context(progress(total, lines=bool(ways)))
        tally = Counter[str]()
        for photograph in captions.of(found, batch_size=batch_size, workers=workers):
            if (sure := _sure(photograph, min_confidence)) is None:
                tally["not sure"] += 1
            else:
                tally.update(_share(sure, ways, photos, tables, as_json))
            advance()
        tables.finish()
    if not as_json:
        _sum_up(tally, tables, dry_run)
    if tally["failed"] or not tally:
        raise typer.Exit(1)


def _found(
    paths: list[str] | None, search: str | None, photos: Library | None
) -> tuple[Iterable[Found], Callable[[], int | None]]:
    """The photographs that are asked for, and how many those are."""
    from tushuo.data import Found

    if paths or photos is None:
        return photographs(paths or []), partial(count, paths or [])
    if search is not None:
        names = [hit.path for hit in photos.search(search, limit=_NO_LIMIT)]
    else:
        names = [entry.path for entry in photos.entries() if entry.status == "ok"]
    found = [Found(path) for path in dict.fromkeys(names)]
    if not found:
        complain("no photograph matches")
    return found, lambda: len(found)


def _sure(photograph: Captioned | Failed, least: float | None) -> Captioned | Failed | None:
    """A photograph with the captions that are good enough; None if it has none."""
    from tushuo.photos import Failed

    if least is None or isinstance(photograph, Failed):
        return photograph
    return photograph.sure(least)


def _share(
    photograph: Captioned | Failed,
    ways: Sequence[Sharing],
    photos: Library | None,
    tables: Tables,
    as_json: bool,
) -> Iterator[str]:
    """Share one photograph in all ways, and say what became of it."""
    from tushuo.photos import Failed, write_captions

    if isinstance(photograph, Failed):
        tell_error(photograph.path, photograph.error, as_json)
        yield "failed"
        return
    for error in tables.add(photograph):
        tell_error(photograph.path, error, as_json)
        yield "failed"
    for how in ways:
        shared = (write_captions if photos is None else photos.share)(photograph, how)
        what = "would be written" if how.dry_run and shared.what == "written" else shared.what
        _tell(shared, what, as_json)
        yield what
    if not ways:
        yield "listed"


def _tell(shared: Shared, what: str, as_json: bool) -> None:
    if shared.error is not None:
        tell_error(shared.path, shared.error, as_json)
    elif as_json:
        targets, persons = [str(path) for path in shared.targets], dict(shared.persons or {})
        rest = {"caption": shared.caption, "targets": targets, "persons": persons}
        write_json({"path": str(shared.path), "what": what, **rest})
    else:
        text = next(iter((shared.persons or {}).values()), "")
        said = text if shared.what == "kept" else shared.caption or ""
        for path in shared.targets or (shared.path,):
            write(f"{what}\t{one_line(str(path))}\t{one_line(said)}")


def _sum_up(tally: Counter[str], tables: Tables, dry_run: bool) -> None:
    parts = [f"{number:,} {what}" for what, number in tally.items()]
    parts += [f"made {path}" for path in tables.made]
    if parts:
        complain(", ".join(parts) + "; nothing was written (dry run)" * dry_run)


_NO_LIMIT = 1_000_000_000
