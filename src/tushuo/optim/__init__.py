"""Update rules, learning-rate schedules and gradient clipping, named as in PyTorch."""

from __future__ import annotations

from tushuo.optim.adadelta import Adadelta
from tushuo.optim.adagrad import Adagrad
from tushuo.optim.adam import Adam, AdamW
from tushuo.optim.clip import clip_grad_norm, global_norm
from tushuo.optim.optimizer import Optimizer
from tushuo.optim.rmsprop import RMSprop
from tushuo.optim.schedule import Schedule, constant, cosine, step_decay, warmup
from tushuo.optim.sgd import SGD, Momentum, Nesterov

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "RMSprop",
    "Schedule",
    "clip_grad_norm",
    "constant",
    "cosine",
    "global_norm",
    "step_decay",
    "warmup",
]
