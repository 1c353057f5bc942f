"""`tushuo library`: what is in a library, captions of your own, and tables for other programs."""

from __future__ import annotations

import io
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tushuo.cli.faces import guarded, write, write_json
from tushuo.cli.options import Json, LibraryFile
from tushuo.errors import UsageError

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Look into a library and correct it.")

Photo = Annotated[Path, typer.Argument(metavar="PATH", help="A photograph in the library.")]
Text = Annotated[str, typer.Argument(metavar="CAPTION", help="Empty: the model's again.")]
Language = Annotated[
    str, typer.Option("--language", "--lang", metavar="CODE", help="Of the caption: en, zh.")
]
Csv = Annotated[bool, typer.Option("--csv", help="A table for spreadsheets.")]
Jsonl = Annotated[bool, typer.Option("--jsonl", "--json", help="One JSON object a line.")]


@app.command()
@guarded
def info(library: LibraryFile = None, as_json: Json = False) -> None:
    """Say how many photographs and captions there are, and who wrote them."""
    from tushuo.photos import Library

    with Library(library, read_only=True) as photos:
        found = photos.info()
    if as_json:
        write_json({**asdict(found), "path": str(found.path)})
        return
    write(f"library      {found.path}")
    write(f"size         {found.bytes / 1e6:.2f} MB")
    write(f"photographs  {found.photographs:,}")
    rows = [("files", found.files), ("captions", found.captions), ("written by", found.models)]
    rows.append(("by meaning", found.spaces))
    for title, counts in rows:
        for name, count in counts.items():
            write(f"{title:<12} {count:,} {name}")
    write(f"by people    {found.edited:,}")


@app.command()
@guarded
def edit(
    path: Photo,
    caption: Text,
    language: Language = "en",
    library: LibraryFile = None,
    as_json: Json = False,
) -> None:
    """Give a photograph a caption of yours. No model ever replaces it."""
    from tushuo.photos import Library, default_library

    # a mistyped name shall not make a library
    Library(library or default_library(), read_only=True).close()
    with Library(library) as photos:
        photos.edit(path, caption, language=language)
    if as_json:
        write_json({"path": os.path.abspath(path), "language": language, "caption": caption})  # noqa: PTH100


@app.command()
@guarded
def export(csv: Csv = False, jsonl: Jsonl = False, library: LibraryFile = None) -> None:
    """Write all files with their captions and data to standard output."""
    from tushuo.photos import Library, write_csv, write_jsonl

    if csv == jsonl:
        raise UsageError("which format is to be written", hint="give either --csv or --jsonl")
    file = io.TextIOWrapper(
        sys.stdout.buffer, "utf-8", "surrogateescape", newline="", write_through=True
    )
    try:
        with Library(library, read_only=True) as photos:
            (write_csv if csv else write_jsonl)(photos.entries(), file)
    finally:
        file.detach()
