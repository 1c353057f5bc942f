"""`tushuo train embedder`: what finds photographs by words, for a bundle that has captions only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tushuo.cli.faces import guarded, write
from tushuo.cli.options import Data, SkipBad

__all__ = ["embedder"]

Captions = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FILE",
        help="A caption file, where the folder has several; give it once for each language.",
        show_default=False,
    ),
]


@guarded
def embedder(
    data: Data,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Where checkpoints, logs and the bundle go.")
    ],
    bundle: Annotated[
        str,
        typer.Option(help="The bundle that shall have it, by name or folder. It stays as it is."),
    ] = "flickr8k-en",
    captions: Captions = None,
    dimensions: Annotated[int, typer.Option(min=1, help="Numbers in a vector.")] = 256,
    embedding: Annotated[int, typer.Option(min=1, help="Size of a word vector.")] = 128,
    epochs: Annotated[int, typer.Option(min=1)] = 20,
    photographs_per_batch: Annotated[
        int, typer.Option(min=2, help="Each is told from all others of its batch.")
    ] = 256,
    lr: Annotated[float, typer.Option(min=0, help="Highest learning rate.")] = 2e-3,
    min_count: Annotated[int, typer.Option(min=1, help="Rarer words are left out.")] = 3,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    cache: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Where feature maps are kept.", show_default="user's cache"
        ),
    ] = None,
    skip_bad: SkipBad = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Remove another run in --out.")
    ] = False,
) -> None:
    """Train what finds photographs by words, on photographs with captions in English or Chinese.

    The data set is one that `tushuo train caption` takes, too. A run that was stopped goes on when
    the same command is given again. In the end the folder OUT/bundle holds a copy of the bundle
    with the embedder: give it to `tushuo index --model`.
    """
    from tushuo.caption.embedding.recipe import EmbedderRecipe
    from tushuo.caption.embedding.run import train_embedder

    recipe = EmbedderRecipe(
        dimensions=dimensions,
        embedding=embedding,
        epochs=epochs,
        photographs_per_batch=photographs_per_batch,
        lr=lr,
        min_count=min_count,
        seed=seed,
    )
    made = train_embedder(
        data,
        bundle,
        out,
        recipe,
        captions=captions or (),
        cache=cache,
        skip_bad=skip_bad,
        overwrite=overwrite,
    )
    if made is None:
        raise typer.Exit(130)
    write(str(made))
