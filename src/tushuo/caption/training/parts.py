"""The parts of a training, each with steps of its own."""

from __future__ import annotations

from tushuo.caption.training.self_critical import SelfCriticalTask
from tushuo.caption.training.task import CaptionTask
from tushuo.caption.training.words import WordsTask
from tushuo.errors import CheckpointError
from tushuo.train import Trainer
from tushuo.train.run_folder import open_run

__all__ = ["of_part", "own_run"]


def of_part(task: CaptionTask) -> WordsTask | SelfCriticalTask:
    """The steps of a task's part, as the training loop takes them."""
    if task.part == task.recipe.self_critical:
        return SelfCriticalTask(task=task)
    return WordsTask(task=task)


def own_run(trainer: Trainer) -> Trainer:
    """The trainer of a later part, whose folder may be given up without the parts before.

    Raises:
        CheckpointError: The folder holds another run.
    """
    try:
        open_run(trainer.out, trainer.settings)
    except CheckpointError as error:
        hint = f"choose another folder, or move {trainer.out} away to do this part anew"
        raise CheckpointError(error.problem, hint=hint) from None
    return trainer
