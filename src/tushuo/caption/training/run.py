"""Training a captioner from a folder of photographs to a bundle."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tushuo.caption.bundle import load_encoder, save_bundle
from tushuo.caption.training.card import model_card
from tushuo.caption.training.curves import write_curves
from tushuo.caption.training.features import ORIGINAL, FeatureCache, default_cache
from tushuo.caption.training.finishing import Finished, finished
from tushuo.caption.training.forecast import Forecast
from tushuo.caption.training.joint import JOINT_SPACE, joint_of
from tushuo.caption.training.measuring import forecast
from tushuo.caption.training.network import Network, Weights
from tushuo.caption.training.parts import of_part, own_run
from tushuo.caption.training.photographs import counted, readable, tell, tell_leaks
from tushuo.caption.training.recipe import Recipe
from tushuo.caption.training.samples import with_samples
from tushuo.caption.training.task import CaptionTask
from tushuo.data import CaptionDataset, Preprocessing, load_captions, with_dev
from tushuo.data.captions import no_train_split
from tushuo.data.views import View
from tushuo.errors import CheckpointError
from tushuo.train import Trainer, load_checkpoint, read_log
from tushuo.train.claim import claimed
from tushuo.train.run_folder import BEST, LAST, LOG, clear_run, open_run

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["forecast_captioner", "train_captioner"]

BUNDLE = "bundle"


def train_captioner(
    data: Path,
    out: Path,
    recipe: Recipe,
    *,
    captions: str | None = None,
    language: str = "en",
    embedder_captions: Sequence[str] = (),
    cache: Path | None = None,
    skip_bad: bool = False,
    overwrite: bool = False,
    console: Console | None = None,
) -> Path | None:
    """Train a captioner; a run in ``out`` with the same settings goes on where it stopped.

    Args:
        data: The folder of a data set of captions; see ``load_captions``. Without a dev split, a
            tenth of the photographs is put aside for validation.
        out: Where checkpoints, logs and, in the end, the folder ``bundle`` and ``curves.svg`` go;
            those of the later parts into its folders ``tuned`` and ``self-critical``, and those of
            the joint space into ``joint-space`` in the folder of the last part.
        recipe: The settings.
        captions: The caption file, where the folder has several.
        language: "en" or "zh".
        embedder_captions: Further caption files of the same photographs that the joint space learns
            from, as of the other language.
        cache: Where feature maps are kept, by default the user's cache folder.
        skip_bad: Whether malformed entries of the data set are left out, and told.
        overwrite: Whether another run in ``out`` is removed, its later parts, too.
        console: Where progress is shown, by default the standard error.

    Returns:
        The folder of the bundle, made of the epoch with the best CIDEr-D; None if interrupted.

    Raises:
        DatasetError: The data set is missing, malformed or empty, a photograph cannot be read, the
            words are too rare, or further captions are about other photographs.
        CheckpointError: ``out`` holds another run, or a ``bundle`` that no run made, or another
            trainer is at work there.
        UsageError: There are further captions, but the recipe has no joint space.
    """
    console = console or stderr()
    task = prepare(data, recipe, captions, language, cache, skip_bad, console)
    joint = joint_of(task, data, embedder_captions, skip_bad, console)
    trainer = _trainer(task, out, overwrite, console)
    check_bundle(out)
    with claimed(out):
        if overwrite:
            _clear_later(recipe, out)
        else:
            open_run(out, trainer.settings)  # refuses another run before hours of feature maps
        fill(task, console)
        folder, outcome = out, trainer.fit(*of_part(task).start())
        for part in recipe.later:
            if outcome.finished and part.epochs:
                task = task.then(part, best_network(task, folder))
                folder = out / part.name
                trainer = own_run(_trainer(task, folder, False, console))
                outcome = trainer.fit(*of_part(task).start())
        if not outcome.finished:
            return None
        made = task.bundle(best_network(task, folder), out.resolve().name)
        done = finished(task, made, joint, folder, console)
        if done is None:
            return None
        return _bundle(task, done, out, _scores(folder, outcome.position.best_epoch))


def forecast_captioner(
    data: Path,
    recipe: Recipe,
    *,
    captions: str | None = None,
    language: str = "en",
    embedder_captions: Sequence[str] = (),
    cache: Path | None = None,
    skip_bad: bool = False,
    console: Console | None = None,
) -> Forecast:
    """What a training would take in time, memory and disk; nothing is written.

    Args:
        data: As of `train_captioner`, and so are the others.
        recipe: The settings.
        captions: The caption file, where the folder has several.
        language: "en" or "zh".
        embedder_captions: Further captions for the joint space.
        cache: Where feature maps are kept; those that are there need not be made.
        skip_bad: Whether bad entries are left out, and told.
        console: Where progress is shown, by default the standard error.

    Raises:
        DatasetError: As of `train_captioner`, and so is the other.
        UsageError: There are further captions, but the recipe has no joint space.
    """
    console = console or stderr()
    task = prepare(data, recipe, captions, language, cache, skip_bad, console)
    return forecast(task, joint_of(task, data, embedder_captions, skip_bad, console))


def prepare(
    data: Path,
    recipe: Recipe,
    captions: str | None,
    language: str,
    cache: Path | None,
    skip_bad: bool,
    console: Console,
) -> CaptionTask:
    """What is to be trained; all photographs can be read, and nothing is written yet."""
    dataset = _checked(load_captions(data, captions, skip_bad=skip_bad), console)
    encoder = load_encoder(recipe.encoder)
    encoder.tail(recipe.tuned_blocks if recipe.tuned_epochs else 0)  # has it so many blocks?
    features = FeatureCache(encoder, Preprocessing(recipe.size), cache or default_cache())
    dataset = with_dev(readable(dataset, features, skip_bad, console))
    train, dev = dataset.examples("train"), dataset.examples("dev")
    tell_leaks(train, dev, features, console)
    return CaptionTask.build(recipe, encoder, features, train, dev, language)


def _trainer(task: CaptionTask, out: Path, overwrite: bool, console: Console) -> Trainer:
    """The trainer of a part."""
    steps = of_part(task)
    return Trainer(
        step=steps.step(),
        batches=steps.batches,
        epochs=task.part.epochs,
        out=out,
        config={**task.recipe.config(task.part), "data": task.fingerprint()},
        seed=task.recipe.seed,
        validate=with_samples(task, console),
        monitor="cider_d",
        mode="max",
        batches_per_epoch=steps.batches_per_epoch(),
        overwrite=overwrite,
        console=console,
    )


def _clear_later(recipe: Recipe, out: Path) -> None:
    """Remove what went on with the run in a folder, which is removed, too."""
    for part in (recipe.words, *recipe.later):
        clear_run(out / part.name / JOINT_SPACE)
    for part in recipe.later:
        clear_run(out / part.name)


def best_network(task: CaptionTask, folder: Path) -> Network:
    """The network of the best epoch of the run in a folder."""
    best = load_checkpoint(folder / BEST)
    weights: Weights = best.restore({"params": task.weights()})["params"]
    return weights.average


def _scores(run: Path, best_epoch: int | None) -> Mapping[str, float]:
    """Those of the best epoch of a run; none where somebody took the log away."""
    for record in read_log(run / LOG):
        if "valid" in record and record["epoch"] == best_epoch:
            scores: Mapping[str, float] = record["valid"]
            return scores
    return {}


def _bundle(task: CaptionTask, done: Finished, out: Path, scores: Mapping[str, float]) -> Path:
    """The folder of a finished captioner; one that was made before is replaced."""
    folder = out / BUNDLE
    if folder.exists():
        shutil.rmtree(folder)
    save_bundle(folder, done.bundle, model_card(task, done, scores))
    for each in (out, *(out / part.name for part in task.recipe.later if part.epochs)):
        write_curves(each, each / LOG)
    return folder


def check_bundle(out: Path) -> None:
    """Refuse a folder whose ``bundle`` would be replaced though no run made it."""
    if (out / BUNDLE).exists() and not (out / LAST).exists():
        raise CheckpointError(
            f"{out / BUNDLE} exists, but no run in {out} made it",
            hint="choose another folder, or move it away",
        )


def _checked(dataset: CaptionDataset, console: Console) -> CaptionDataset:
    """The splits that training needs, once what was left out is told."""
    for problem in dataset.problems:
        tell(console, f"left out: {problem}")
    if "train" not in dataset.splits:
        raise no_train_split(dataset)
    used = [example for example in dataset.all_examples if example.split in ("train", "dev")]
    return replace(dataset, all_examples=tuple(used))


def fill(task: CaptionTask, console: Console) -> None:
    """Make the feature maps that are missing: of all photographs, and of further views of some."""
    train, dev = ([example.image for example in split] for split in (task.train, task.dev))
    _fill(task.features, [*train, *dev], ORIGINAL, "feature maps", console)
    for number in range(1, task.recipe.views):
        _fill(task.features, train, View(number), f"feature maps of view {number}", console)


def _fill(
    features: FeatureCache, images: Sequence[Path], view: View, what: str, console: Console
) -> None:
    if not console.is_terminal:
        tell(console, f"{what} of {len(images)} photographs in {features.folder}")
    with counted(console, what, len(images)) as progress:
        features.fill(images, progress, view)


def stderr() -> Console:
    from rich.console import Console

    return Console(stderr=True)
