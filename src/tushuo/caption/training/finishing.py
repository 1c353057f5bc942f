"""The end of a training: phrases, the joint space, how much both count, and the confidence."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tushuo.caption.bundle import Bundle
from tushuo.caption.captioner import Captioner
from tushuo.caption.embedding import Embedder
from tushuo.caption.embedding.task import EmbedderTask
from tushuo.caption.training.confidence import ConfidenceFit, useful_confidence
from tushuo.caption.training.embedder import best_embedder, embedder_trainer
from tushuo.caption.training.joint import JOINT_SPACE, Joint
from tushuo.caption.training.parts import own_run
from tushuo.caption.training.photographs import counted, tell
from tushuo.caption.training.phrases import phrases_of_task
from tushuo.caption.training.ranking import PHRASES, Graded, graded, with_ranking
from tushuo.caption.training.seen import Seen, seen_by
from tushuo.caption.training.task import CaptionTask

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Finished", "finished"]


class Finished(NamedTuple):
    """A captioner, and what its model card says of how it was finished.

    Attributes:
        bundle: The captioner.
        graded: How it ranks its sentences, and what that comes to on the dev split.
        confidence: What its confidence is worth there; None where none could be fitted.
        joint: What its joint space learnt from; None where it has none.
    """

    bundle: Bundle
    graded: Graded
    confidence: ConfidenceFit | None
    joint: EmbedderTask | None


def finished(
    task: CaptionTask, bundle: Bundle, joint: Joint | None, run: Path, console: Console
) -> Finished | None:
    """Complete a captioner; None if that was interrupted.

    Phrases and the joint space are fitted to the training photographs as its encoder sees them in
    the end. Of a few weights with which they count in the ranking of sentences those with the best
    CIDEr-D on the dev split are taken, and the confidence is fitted to the captions so ranked.

    Args:
        task: The last part of the training.
        bundle: What it came to.
        joint: What the joint space learns from; None to leave it out.
        run: The folder of that part, in which the joint space's run goes into one of its own.
        console: Where progress is shown.
    """
    seen, space = seen_by(bundle, task, console), None
    tell(console, "phrases of the training captions")
    bundle = replace(bundle, phrases=phrases_of_task(task, seen.train))
    if joint is not None:
        space = joint.task(seen.train, seen.dev, seen.source)
        embedder = _embedder(space, run / JOINT_SPACE, console)
        if embedder is None:
            return None
        bundle = replace(bundle, embedder=embedder)
    best = _best(task, bundle, seen, console)
    language = task.vocabulary.language
    confidence = useful_confidence(best.captions, task.dev, language, partial(tell, console))
    calibration = None if confidence is None else confidence.calibration
    bundle = replace(with_ranking(bundle, best.ranking), calibration=calibration)
    return Finished(bundle, best, confidence, space)


def _embedder(space: EmbedderTask, folder: Path, console: Console) -> Embedder | None:
    """The joint space's side of the bundle; None if its training was interrupted."""
    tell(console, f"joint space of {len(space.train.described)} photographs and their captions")
    trainer = own_run(embedder_trainer(space, folder, console))
    outcome = trainer.fit(*space.start())
    return best_embedder(space, folder) if outcome.finished else None


def _best(task: CaptionTask, bundle: Bundle, seen: Seen, console: Console) -> Graded:
    weights = len(PHRASES) if bundle.phrases else 1
    with counted(console, "ranking", weights * len(task.dev)) as progress:
        grades = graded(Captioner(bundle), seen.batches(), task.dev, progress)
    best = max(grades, key=lambda each: each.cider_d)
    told = ", ".join(f"{name} {value:g}" for name, value in best.ranking._asdict().items())
    tell(console, f"{told}: cider_d {best.cider_d:.4f}, bleu_4 {best.bleu_4:.4f}")
    return best
