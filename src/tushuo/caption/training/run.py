"""Training a captioner from a folder of photographs to a bundle."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tushuo.caption.bundle import save_bundle
from tushuo.caption.training.card import model_card
from tushuo.caption.training.features import FeatureCache, default_cache
from tushuo.caption.training.recipe import Recipe
from tushuo.caption.training.task import CaptionTask
from tushuo.data import Example, Preprocessing, load_captions, with_dev
from tushuo.errors import CheckpointError, DatasetError
from tushuo.models.pretrained import load_efficientnet
from tushuo.train import Trainer, load_checkpoint, read_log
from tushuo.train.run_folder import BEST, LAST, LOG, open_run

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["train_captioner"]

BUNDLE = "bundle"


def train_captioner(
    data: Path,
    out: Path,
    recipe: Recipe,
    *,
    captions: str | None = None,
    language: str = "en",
    cache: Path | None = None,
    skip_bad: bool = False,
    overwrite: bool = False,
    console: Console | None = None,
) -> Path | None:
    """Train a captioner; a run in ``out`` with the same settings goes on where it stopped.

    Args:
        data: The folder of a data set of captions; see ``load_captions``. Without a dev split, a
            tenth of the photographs is put aside for validation.
        out: Where checkpoints, logs and, in the end, the folder ``bundle`` go.
        recipe: The settings.
        captions: The caption file, where the folder has several.
        language: "en" or "zh".
        cache: Where feature maps are kept, by default the user's cache folder.
        skip_bad: Whether malformed entries of the data set are left out, and told.
        overwrite: Whether another run in ``out`` is removed.
        console: Where progress is shown, by default the standard error.

    Returns:
        The folder of the bundle, made of the epoch with the best CIDEr-D; None if interrupted.

    Raises:
        DatasetError: The data set is missing, malformed or empty, or its words are too rare.
        ImageError: A photograph cannot be read.
        CheckpointError: ``out`` holds another run, or a ``bundle`` that no run made.
    """
    console = console or _stderr()
    train, dev = _splits(data, captions, skip_bad, console)
    encoder = load_efficientnet(recipe.encoder)
    features = FeatureCache(encoder, Preprocessing(recipe.size), cache or default_cache())
    task = CaptionTask.build(recipe, encoder, features, train, dev, language)
    trainer = _trainer(task, out, overwrite, console)
    _check_bundle(out)
    if not overwrite:
        open_run(out, trainer.settings)  # refuses another run before hours of feature maps
    _fill(features, [example.image for example in (*train, *dev)], console)
    outcome = trainer.fit(*task.start())
    if not outcome.finished:
        return None
    return _bundle(task, out, outcome.position.best_epoch)


def _trainer(task: CaptionTask, out: Path, overwrite: bool, console: Console) -> Trainer:
    return Trainer(
        step=task.step(),
        batches=task.batches,
        epochs=task.recipe.epochs,
        out=out,
        config={**task.recipe.config(), "data": task.fingerprint()},
        seed=task.recipe.seed,
        validate=task.validate,
        monitor="cider_d",
        mode="max",
        batches_per_epoch=task.batches_per_epoch(),
        overwrite=overwrite,
        console=console,
    )


def _bundle(task: CaptionTask, out: Path, best_epoch: int | None) -> Path:
    """The bundle of the best epoch; one that this run made before is replaced."""
    best = load_checkpoint(out / BEST)
    decoder = best.restore({"params": task.start()[0]})["params"].average
    epochs = [record for record in read_log(out / LOG) if "valid" in record]
    by_epoch = {record["epoch"]: record["valid"] for record in epochs}
    scores = by_epoch.get(best_epoch, {})  # none where somebody took the log away
    folder = out / BUNDLE
    if folder.exists():
        shutil.rmtree(folder)
    save_bundle(folder, task.bundle(decoder, out.resolve().name), model_card(task, scores))
    return folder


def _check_bundle(out: Path) -> None:
    """Refuse a folder whose ``bundle`` would be replaced though no run made it."""
    if (out / BUNDLE).exists() and not (out / LAST).exists():
        raise CheckpointError(
            f"{out / BUNDLE} exists, but no run in {out} made it",
            hint="choose another folder, or move it away",
        )


def _splits(
    data: Path, captions: str | None, skip_bad: bool, console: Console
) -> tuple[Sequence[Example], Sequence[Example]]:
    dataset = load_captions(data, captions, skip_bad=skip_bad)
    for problem in dataset.problems:
        console.print(f"left out: {problem}", markup=False, highlight=False, soft_wrap=True)
    if len(dataset.splits) > 1 and "train" not in dataset.splits:
        raise DatasetError(f"{data} has no train split, only {', '.join(dataset.splits)}")
    dataset = with_dev(dataset)
    return dataset.examples("train"), dataset.examples("dev")


def _fill(features: FeatureCache, images: Sequence[Path], console: Console) -> None:
    from rich.progress import track

    done = track(images, "feature maps", console=console, transient=True)
    steps = iter(done)

    def progress(count: int) -> None:
        for _ in range(count):
            next(steps, None)

    if console.is_terminal:
        features.fill(images, progress)
        next(steps, None)
    else:
        console.print(f"feature maps of {len(images)} photographs in {features.folder}")
        features.fill(images)


def _stderr() -> Console:
    from rich.console import Console

    return Console(stderr=True)
