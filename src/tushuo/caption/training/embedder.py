"""Training an embedder for a bundle: from a folder of photographs to a bundle that has it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tushuo.caption.bundle import Bundle, load_bundle
from tushuo.caption.bundle_config import MODEL_TYPE
from tushuo.caption.embedding.card import embedder_card, with_section
from tushuo.caption.embedding.described import Described, gather
from tushuo.caption.embedding.embedder import Embedder
from tushuo.caption.embedding.files import save_embedder
from tushuo.caption.embedding.recipe import EmbedderRecipe
from tushuo.caption.embedding.task import EmbedderTask, Photographs
from tushuo.caption.training.features import FeatureCache, default_cache
from tushuo.caption.training.photographs import counted, readable, tell
from tushuo.data import CaptionDataset, load_captions
from tushuo.errors import CheckpointError
from tushuo.models.installed import find_model
from tushuo.train import Trainer, load_checkpoint
from tushuo.train.run_folder import BEST, LAST, open_run

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["best_embedder", "embedder_trainer", "train_embedder"]

BUNDLE = "bundle"

_AT_ONCE = 64


def train_embedder(
    data: Path,
    bundle: str,
    out: Path,
    recipe: EmbedderRecipe,
    *,
    captions: Sequence[str] = (),
    cache: Path | None = None,
    skip_bad: bool = False,
    overwrite: bool = False,
    console: Console | None = None,
) -> Path | None:
    """Train an embedder; a run in ``out`` with the same settings goes on where it stopped.

    Args:
        data: The folder of a data set of captions; see ``load_captions``. Without a dev split, a
            tenth of the photographs is put aside for validation.
        bundle: The name or the folder of the bundle that shall have it; its encoder is used.
        out: Where checkpoints, logs and, in the end, the folder ``bundle`` go.
        recipe: The settings.
        captions: Caption files of the same photographs, as of several languages.
        cache: Where feature maps are kept, by default the user's cache folder.
        skip_bad: Whether malformed entries of the data set are left out, and told.
        overwrite: Whether another run in ``out`` is removed.
        console: Where progress is shown, by default the standard error.

    Returns:
        The folder of a copy of the bundle with the embedder of the best epoch; None if interrupted.

    Raises:
        DatasetError: The data set is missing, malformed or empty, or its words are too rare.
        ImageError: A photograph cannot be read.
        BundleError: There is no such bundle.
        CheckpointError: ``out`` holds another run, or a ``bundle`` that no run made.
    """
    console = console or _stderr()
    source = find_model(bundle, MODEL_TYPE)
    task = _task(load_bundle(source), data, recipe, captions, cache, skip_bad, console)
    trainer = embedder_trainer(task, out, console, overwrite=overwrite)
    _check_bundle(out)
    if not overwrite:
        open_run(out, trainer.settings)
    outcome = trainer.fit(*task.start())
    return _bundle(task, source, out) if outcome.finished else None


def _task(
    bundle: Bundle,
    data: Path,
    recipe: EmbedderRecipe,
    captions: Sequence[str],
    cache: Path | None,
    skip_bad: bool,
    console: Console,
) -> EmbedderTask:
    features = FeatureCache(bundle.encoder, bundle.preprocessing, cache or default_cache())
    files: Sequence[str | None] = captions or [None]
    datasets = [_dataset(data, file, features, skip_bad, console) for file in files]
    train, dev = gather(datasets, "train"), gather(datasets, "dev")
    images = [described.image for described in (*train, *dev)]
    with counted(console, "feature maps", len(images)) as progress:
        features.fill(images, progress)
    return EmbedderTask(
        recipe=recipe,
        train=_photographs(train, features),
        dev=_photographs(dev, features),
        source=features.folder.name,
    )


def _dataset(
    data: Path, file: str | None, features: FeatureCache, skip_bad: bool, console: Console
) -> CaptionDataset:
    dataset = load_captions(data, file, skip_bad=skip_bad)
    for problem in dataset.problems:
        tell(console, f"left out: {problem}")
    return readable(dataset, features, skip_bad, console)


def _photographs(described: Sequence[Described], features: FeatureCache) -> Photographs:
    images = [each.image for each in described]
    parts = [images[i : i + _AT_ONCE] for i in range(0, len(images), _AT_ONCE)]
    return Photographs(described, np.concatenate([features[part].mean(axis=1) for part in parts]))


def embedder_trainer(
    task: EmbedderTask, out: Path, console: Console, *, overwrite: bool = False
) -> Trainer:
    """The trainer of an embedder, whose run goes into a folder."""
    return Trainer(
        step=task.step(),
        batches=task.batches,
        epochs=task.recipe.epochs,
        out=out,
        config={**task.recipe.config(), "data": task.fingerprint()},
        seed=task.recipe.seed,
        validate=task.validate,
        monitor="recall",
        mode="max",
        batches_per_epoch=task.batches_per_epoch(),
        overwrite=overwrite,
        console=console,
    )


def best_embedder(task: EmbedderTask, out: Path) -> Embedder:
    """The embedder of the best epoch of the run in a folder, with its cut-off."""
    best = load_checkpoint(out / BEST).restore({"params": task.start()[0]})["params"]
    return task.with_relevance(task.embedder(best.average))


def _bundle(task: EmbedderTask, source: Path, out: Path) -> Path:
    """A copy of the bundle with the embedder of the best epoch; an older copy is replaced."""
    embedder = best_embedder(task, out)
    folder, part = out / BUNDLE, out / f".{BUNDLE}.part"
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(source, part)
    save_embedder(part, embedder)
    card = embedder_card(task, embedder, task.recalls(embedder))
    readme = part / "README.md"
    before = readme.read_text("utf-8") if readme.exists() else ""
    readme.write_text(with_section(before, card), "utf-8")
    if folder.exists():
        shutil.rmtree(folder)
    return part.rename(folder)


def _check_bundle(out: Path) -> None:
    """Refuse a folder whose ``bundle`` would be replaced though no run made it."""
    if (out / BUNDLE).exists() and not (out / LAST).exists():
        raise CheckpointError(
            f"{out / BUNDLE} exists, but no run in {out} made it",
            hint="choose another folder, or move it away",
        )


def _stderr() -> Console:
    from rich.console import Console

    return Console(stderr=True)
