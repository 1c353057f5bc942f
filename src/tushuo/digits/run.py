"""From a recipe to a folder with the classifier, the log and the learning curve."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tushuo.data.mnist import Digits, Mnist
from tushuo.digits.classifier import DigitClassifier, save_digit_classifier
from tushuo.digits.curve import draw_curve
from tushuo.digits.job import EngineJob, Report, new_model
from tushuo.digits.recipe import DigitRecipe
from tushuo.errors import DatasetError
from tushuo.models.lenet import LeNet
from tushuo.models.mlp import MLP
from tushuo.models.network import Network
from tushuo.train import JsonLog, Trainer, read_log
from tushuo.train.run_folder import LOG, open_run

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Trained", "train_digits"]

MODEL, CURVE = "model", "curve.png"


@dataclass(frozen=True)
class Trained:
    """What a finished run made.

    Attributes:
        classifier: The classifier.
        accuracy: Its share of right answers on the test images, after each epoch.
        model: The folder of the classifier.
        curve: The picture of the learning curve.
    """

    classifier: DigitClassifier
    accuracy: list[float]
    model: Path
    curve: Path


def train_digits(
    recipe: DigitRecipe,
    data: Mnist,
    out: Path,
    *,
    report: Report = lambda epoch, right, total: None,
    overwrite: bool = False,
    console: Console | None = None,
) -> Trained | None:
    """Train a classifier of digits.

    A plain recipe runs in seconds by ``Network`` and starts afresh each time. All others run on
    the engine: one in ``out`` with the same recipe goes on where it stopped.

    Args:
        recipe: The settings.
        data: What to learn from, as of ``load_mnist``.
        out: The folder for ``model``, ``curve.png``, ``log.jsonl`` and checkpoints.
        report: Takes each epoch (from 0), the right answers on the test images, and their number.
        overwrite: Whether another run in ``out`` is removed.
        console: Where the trainer shows its progress; the standard error by default.

    Returns:
        The classifier and its files; None if interrupted.

    Raises:
        DatasetError: A part of the data is empty.
        CheckpointError: ``out`` holds another run.
        UsageError: ``out`` cannot be made.
        TushuoError: The loss is not finite.
    """
    for name in ("train", "valid", "test"):
        if not len(getattr(data, name)):
            raise DatasetError(f"the data: no image in {name}")
    if recipe.plain and not recipe.engine:
        network: MLP | LeNet = _by_network(recipe, data, out, report, overwrite)
    else:
        job, model = EngineJob(recipe, data, report), new_model(recipe)
        outcome = make_trainer(job, out, overwrite, console).fit(model, job.optimizer().init(model))
        if not outcome.finished:
            return None
        network = outcome.params
    return _finished(recipe, network, out)


def _by_network(
    recipe: DigitRecipe, data: Mnist, out: Path, report: Report, overwrite: bool
) -> MLP:
    open_run(out, {"config": recipe.config()}, overwrite)
    network = Network(recipe.layers, rng=recipe.seed)
    (x, y), *questions = map(_rows, (data.train, data.valid, data.test))
    steps = -(-len(x) // recipe.batch_size)
    with JsonLog(out / LOG) as log:
        for epoch in range(recipe.epochs):
            network.train_epoch(x, y, epoch, recipe.batch_size, recipe.lr)
            valid, test = (network.count_right(*rows) for rows in questions)
            report(epoch, test, len(data.test))
            scores = {"valid": valid / len(data.valid), "test": test / len(data.test)}
            log.write({"step": (epoch + 1) * steps, "epoch": epoch, "valid": scores})
    return MLP.from_network(network)


def _rows(digits: Digits) -> tuple[Any, Any]:
    return digits.inputs(), digits.targets()


def make_trainer(job: EngineJob, out: Path, overwrite: bool, console: Console | None) -> Trainer:
    """The trainer of a job, which keeps its run in ``out``."""
    recipe = job.recipe
    sizes = {name: len(getattr(job.data, name)) for name in ("train", "valid", "test")}
    return Trainer(
        step=job.step(),
        batches=job.batches,
        epochs=recipe.epochs,
        out=out,
        config={**recipe.config(), "images": sizes},
        seed=recipe.seed,
        validate=job.validate,
        monitor="valid",
        mode="max",
        batches_per_epoch=job.batches_per_epoch,
        log_steps=100,
        overwrite=overwrite,
        console=console,
    )


def _finished(recipe: DigitRecipe, network: MLP | LeNet, out: Path) -> Trained:
    """The classifier and the curve; a classifier that this run made before is replaced."""
    output = "softmax" if recipe.loss == "cross-entropy" else "sigmoid"
    classifier = DigitClassifier(network, output, out.resolve().name)
    epochs = [record["valid"] for record in read_log(out / LOG) if "valid" in record]
    scores = {name: [float(epoch[name]) for epoch in epochs] for name in ("valid", "test")}
    folder = out / MODEL
    if folder.exists():
        shutil.rmtree(folder)
    notes = {**recipe.config(), "accuracy": {name: x[-1] for name, x in scores.items()}}
    save_digit_classifier(folder, classifier, notes)
    draw_curve(scores).save(out / CURVE)
    return Trained(classifier, scores["test"], folder, out / CURVE)
