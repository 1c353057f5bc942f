"""Every network, forward, gradient and a step of training, compiled and eager."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import tushuo
from tushuo import models, nn, optim
from tushuo.models.joint_space import JointSpace, contrastive_loss

from .comparing import same
from .test_every_layer import classes, rows

NO_NETWORKS = {
    "CaptionStep": "is a result of CaptionRNN",
    "InstalledModel": "is the description of a file",
    "Network": "is written in NumPy alone, to be read beside a book",
    "find_model": "finds files",
    "imagenet_classes": "reads a file",
    "installed_models": "finds files",
    "load_efficientnet": "reads a file",
    "read_torch_file": "reads a file",
}
"""Names of ``models`` that compute nothing with Tensors, and what they do."""

WORDS, N, K, T = 11, 3, 2, 4


def classified(model: Any, x: Any, y: Any) -> tushuo.Tensor:
    """The loss of a classifier, with dropout where it has some."""
    extra = {} if isinstance(model, models.MLP) else {"rng": 5}
    return nn.cross_entropy(model(x, **extra), y)


def captioned(model: Any, features: Any, words: Any) -> tushuo.Tensor:
    """The loss of a captioner with attention."""
    logits, weights = model(features, words[..., :-1], 5)
    looked = models.doubly_stochastic(weights, np.ones(weights.shape[:3], np.float32))
    return nn.cross_entropy(logits, words[..., 1:]) + looked


def told(model: Any, features: Any, words: Any) -> tushuo.Tensor:
    """The loss of a captioner without attention."""
    return model.loss(features, words, rng=5)


def met(model: Any, pooled: Any, pieces: Any) -> tushuo.Tensor:
    """The loss of an embedder."""
    return contrastive_loss(model.images(pooled, 5), model.texts(pieces, 6), model.scale())


def decoded(model: Any, features: Any, words: Any) -> Any:
    """A word of a captioner with attention, and the word after it."""
    annotations = model.eval().annotations(features)
    state = model.initial(annotations, K)
    for t in range(2):
        logits, weights, state = model.step(annotations, state, words[..., t])
    return logits, weights, state, tushuo.argmax(logits, -1), tushuo.log_softmax(logits)


def written(model: Any, features: Any, words: Any) -> Any:
    """The same without attention."""
    state = model.eval().initial(features, K)
    for t in range(2):
        logits, state = model.step(state, words[..., t])
    return logits, state


PICTURES, SENTENCES = rows(N, 256), classes(N, WORDS, K, T)
RNN = partial(models.CaptionRNN, WORDS, 6, 5, 7, rng=0)

Case = tuple[Callable[..., Any], Callable[..., Any], nn.Module, np.ndarray, np.ndarray]

NETWORKS: dict[str, Callable[[], Case]] = {
    "MLP": lambda: (
        lambda m, x, y: m(x), classified, models.MLP([9, 17, 5], rng=0), rows(N, 9), classes(N, 5)
    ),
    "LeNet": lambda: (
        lambda m, x, y: m.eval()(x),
        classified,
        models.LeNet(16, (3, 5), 7, rng=0),
        rows(N, 256),
        classes(N, 10),
    ),
    "ShowAttendTell": lambda: (
        decoded, captioned, models.ShowAttendTell(WORDS, 6, 8, 5, 7, 9, rng=0),
        rows(N, 4, 6), SENTENCES,
    ),
    "CaptionRNN": lambda: (written, told, RNN(dropout=0.3), rows(N, 6), SENTENCES),
    "CaptionRNN of GRUs, told by a word": lambda: (
        written, told, RNN("gru", "word"), rows(N, 6), SENTENCES,
    ),
    "JointSpace": lambda: (
        lambda m, x, p: (m.eval().images(x), m.eval().texts(p)),
        met,
        JointSpace(WORDS, 6, 5, 7, rng=0),
        rows(N, 6),
        classes(N, WORDS, T),
    ),
}  # fmt: skip
"""For each network what it does in use, its loss in training, and the arguments of both."""

RULES = [optim.SGD(0.1, momentum=0.9), optim.Adam(0.01, eps=1e-3)]


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network(name):
    use, loss, model, *batch = NETWORKS[name]()
    rule = RULES[len(name) % 2]

    def step(model: Any, state: Any, *batch: Any) -> Any:
        value, gradient = tushuo.value_and_grad(loss)(model, *batch)
        return value, gradient, rule.update(model, gradient, state)

    functions = {"use": lambda model, state, *batch: use(model, *batch), "step": step}
    same(functions, model, rule.init(model), *batch)


@pytest.fixture(scope="module")
def encoder():
    """The smallest EfficientNet-Lite, its statistics not those of no data."""
    model = models.EfficientNetLite(classes=5, rng=0)
    model(rows(4, 3, 33, 40), rng=0)
    return model.eval()


def test_an_encoder(encoder):
    x = rows(2, 3, 33, 40)
    same({"EfficientNetLite": lambda x: (encoder.features(x), encoder(x))}, x)


@pytest.mark.slow
def test_an_encoders_training(encoder):
    def step(model: Any, x: Any, y: Any) -> Any:
        value, gradient = tushuo.value_and_grad(lambda m: nn.cross_entropy(m(x), y))(model)
        return value, gradient

    same({"EfficientNetLite": step}, encoder, rows(2, 3, 33, 40), classes(2, 5))


def test_every_network_has_a_case():
    tried = {name.split()[0] for name in NETWORKS} | {"EfficientNetLite", "doubly_stochastic"}
    tried.discard("JointSpace")  # not among the names of the package
    assert tried.isdisjoint(NO_NETWORKS)
    assert tried | set(NO_NETWORKS) == set(models.__all__)
