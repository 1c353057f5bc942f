"""`tushuo train`: a captioner from your own data, what finds photographs, a reader of digits."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tushuo.cli.faces import guarded, write
from tushuo.cli.options import CaptionFile, Data, SkipBad
from tushuo.cli.train_embedder import embedder
from tushuo.cli.train_mnist import mnist

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Train a network.")

Out = Annotated[
    Path, typer.Option(metavar="DIR", help="Where checkpoints, logs and the bundle go.")
]
Cache = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Where feature maps are kept.", show_default="user's cache"),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Try a few photographs and steps, tell what time, memory and disk the whole will "
        "take, and write nothing.",
    ),
]


class Preset(StrEnum):
    """How much is done."""

    quick = "quick"
    standard = "standard"
    best = "best"


@app.callback()
def options() -> None:
    """Train a network."""


app.command()(mnist)
app.command()(embedder)


@app.command()
@guarded
def caption(
    data: Data,
    out: Out,
    captions: CaptionFile = None,
    language: Annotated[str, typer.Option(help="Of the captions: en or zh.")] = "en",
    preset: Annotated[
        Preset, typer.Option(help="How much is done; what you set yourself goes before.")
    ] = Preset.best,
    encoder: Annotated[
        str,
        typer.Option(
            help="An installed EfficientNet-Lite, a folder of one, a published .pth file, or the "
            "name or folder of another captioner."
        ),
    ] = "efficientnet-lite2",
    size: Annotated[
        int, typer.Option(min=32, help="Side of the squares that photographs become.")
    ] = 260,
    epochs: Annotated[int | None, typer.Option(min=1, show_default="by the preset")] = None,
    views: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Views of each photograph: 2 with its mirror image, more for cuttings.",
            show_default="by the preset",
        ),
    ] = None,
    tuned_epochs: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Epochs after that, in which the encoder's last blocks learn, too.",
            show_default="by the preset",
        ),
    ] = None,
    self_critical_epochs: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Epochs in the end, of learning from the scores of its own captions.",
            show_default="by the preset",
        ),
    ] = None,
    images_per_batch: Annotated[int, typer.Option(min=1)] = 16,
    hidden: Annotated[int, typer.Option(min=1, help="Size of the LSTM's memory.")] = 512,
    embedding: Annotated[int, typer.Option(min=1, help="Size of a word vector.")] = 256,
    lr: Annotated[float, typer.Option(min=0, help="Highest learning rate.")] = 1e-3,
    dropout: Annotated[float, typer.Option(min=0, max=0.95)] = 0.5,
    min_count: Annotated[int, typer.Option(min=1, help="Rarer words are left out.")] = 5,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    cache: Cache = None,
    skip_bad: SkipBad = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Remove another run in --out.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Train a captioner on photographs with captions.

    The data set is a folder in the layout of Flickr8k, with a Karpathy dataset_*.json, with COCO's
    annotations, or with captions.csv or metadata.jsonl. A run that was stopped goes on when the
    same command is given again. In the end the folder OUT/bundle holds the captioner: give it to
    `tushuo caption --model`; and OUT/curves.svg shows how it learnt.
    """
    from tushuo.caption.training import Recipe, forecast_captioner, train_captioner

    asked = {
        "epochs": epochs,
        "views": views,
        "tuned_epochs": tuned_epochs,
        "self_critical_epochs": self_critical_epochs,
    }
    recipe = Recipe.preset(
        preset.value,
        **{name: value for name, value in asked.items() if value is not None},
        encoder=encoder,
        size=size,
        images_per_batch=images_per_batch,
        hidden=hidden,
        embedding=embedding,
        lr=lr,
        dropout=dropout,
        min_count=min_count,
        seed=seed,
    )
    if dry_run:
        found = forecast_captioner(
            data, recipe, captions=captions, language=language, cache=cache, skip_bad=skip_bad
        )
        for name, value in found.rows():
            write(f"{name:<14}{value}")
        return
    bundle = train_captioner(
        data,
        out,
        recipe,
        captions=captions,
        language=language,
        cache=cache,
        skip_bad=skip_bad,
        overwrite=overwrite,
    )
    if bundle is None:
        raise typer.Exit(130)
    write(str(bundle))
