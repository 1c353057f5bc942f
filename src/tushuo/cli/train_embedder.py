"""`tushuo train embedder`: what finds photographs by words, for a bundle that has captions only."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from tushuo.cli.faces import guarded, write
from tushuo.cli.fields import by_fields
from tushuo.cli.options import Cache, Data, Out, Overwrite, SkipBad

__all__ = ["embedder"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of the `EmbedderRecipe` by the same names."""

    dimensions: Annotated[int, typer.Option(min=1, help="Numbers in a vector.")] = 256
    embedding: Annotated[int, typer.Option(min=1, help="Size of a word vector.")] = 128
    epochs: Annotated[int, typer.Option(min=1)] = 20
    photographs_per_batch: Annotated[
        int, typer.Option(min=2, help="Each is told from all others of its batch.")
    ] = 256
    lr: Annotated[float, typer.Option(min=0, help="Highest learning rate.")] = 2e-3
    min_count: Annotated[int, typer.Option(min=1, help="Rarer words are left out.")] = 3
    seed: Annotated[int, typer.Option(min=0)] = 0


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the command line asks for."""

    data: Data
    out: Out
    bundle: Annotated[
        str,
        typer.Option(help="The bundle that shall have it, by name or folder. It stays as it is."),
    ] = "flickr8k-en"
    captions: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="A caption file, where the folder has several; give it once for each language.",
            show_default=False,
        ),
    ] = None
    settings: Settings
    cache: Cache = None
    skip_bad: SkipBad = False
    overwrite: Overwrite = False


@guarded
@by_fields
def embedder(asked: Asked) -> None:
    """Train what finds photographs by words, on photographs with captions in English or Chinese.

    The data set is one that `tushuo train caption` takes, too. A run that was stopped goes on when
    the same command is given again. In the end the folder OUT/bundle holds a copy of the bundle
    with the embedder: give it to `tushuo index --model`.
    """
    from tushuo.caption.embedding.recipe import EmbedderRecipe
    from tushuo.caption.training import train_embedder

    made = train_embedder(
        asked.data,
        asked.bundle,
        asked.out,
        EmbedderRecipe(**asdict(asked.settings)),
        captions=asked.captions or (),
        cache=asked.cache,
        skip_bad=asked.skip_bad,
        overwrite=asked.overwrite,
    )
    if made is None:
        raise typer.Exit(130)
    write(str(made))
