"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "AtOnce",
    "BatchSize",
    "Beam",
    "Cache",
    "CaptionFile",
    "Data",
    "Json",
    "LibraryFile",
    "Model",
    "Out",
    "Overwrite",
    "Precision",
    "SkipBad",
]

Model = Annotated[
    str, typer.Option(help="The name of an installed bundle (see: tushuo models), or a folder.")
]
Beam = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=100,
        help="Width of the beam search; 1 takes the likeliest word each time.",
        show_default="the bundle's",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
LibraryFile = Annotated[
    Path | None,
    typer.Option(
        "--library",
        metavar="FILE",
        help="The library.",
        show_default="library.db in the user's data folder",
    ),
]
Data = Annotated[Path, typer.Option(metavar="DIR", help="The folder of a data set of captions.")]
CaptionFile = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="The caption file, where the folder has several."),
]
SkipBad = Annotated[
    bool,
    typer.Option(
        "--skip-bad",
        help="Leave out photographs that are missing, listed twice, without a caption or with an "
        "unsafe name.",
    ),
]
Precision = Annotated[
    str,
    typer.Option(
        metavar="KIND",
        help="Of the networks: float32, or bfloat16, which is faster on processors that have it; "
        "int16 and int8, faster still, for captioners with quantization.json.",
    ),
]
AtOnce = Annotated[int, typer.Option(min=1, max=512, help="Photographs at once.")]
BatchSize = Annotated[
    int,
    typer.Option(
        min=1,
        max=512,
        help="Photographs at once. With 1, each path on standard input is answered before the "
        "next is read.",
    ),
]
Out = Annotated[
    Path, typer.Option(metavar="DIR", help="Where checkpoints, logs and the bundle go.")
]
Cache = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Where feature maps are kept.", show_default="user's cache"),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Remove another run in --out.")]
