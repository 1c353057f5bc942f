"""Which phrases people use of which photographs, as a training's captions tell."""

from __future__ import annotations

from tushuo.caption.phrases import Phrases, count_phrases, fit_phrases
from tushuo.caption.training.features import Features
from tushuo.caption.training.task import CaptionTask

__all__ = ["phrases_of_task"]

LEAST = 5  # photographs that a phrase is said of
MOST = 30_000  # phrases: their file stays below what is read
RIDGE, RANK, DIRECTIONS = 0.2, 224, 160


def phrases_of_task(task: CaptionTask, pooled: Features) -> Phrases | None:
    """The phrases of the training captions, predicted from the photographs.

    Args:
        task: A part of the training.
        pooled: Means of the training photographs' feature maps, float32 (N, D).

    Returns:
        None where none is said of enough photographs, as where there is a handful.
    """
    said = [[ids[1:-1] for ids in several] for several in task.ids]
    table = count_phrases(said, LEAST, MOST)
    if not len(table):
        return None
    return fit_phrases(table, pooled, said, ridge=RIDGE, rank=RANK, directions=DIRECTIONS)
