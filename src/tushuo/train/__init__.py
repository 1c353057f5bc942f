"""Training: the loop, checkpoints that survive a kill at any moment, and logs."""

from __future__ import annotations

from tushuo.train.checkpoint import (
    Checkpoint,
    load_checkpoint,
    load_tree,
    save_checkpoint,
    save_tree,
)
from tushuo.train.log import JsonLog, TensorBoardLog, read_log
from tushuo.train.loop import Outcome, Trainer

__all__ = [
    "Checkpoint",
    "JsonLog",
    "Outcome",
    "TensorBoardLog",
    "Trainer",
    "load_checkpoint",
    "load_tree",
    "read_log",
    "save_checkpoint",
    "save_tree",
]
