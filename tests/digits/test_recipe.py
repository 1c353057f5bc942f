"""The settings of a training: the article's as they stand, the usual ones otherwise."""

from __future__ import annotations

import json

import pytest

from tushuo.digits import DigitRecipe
from tushuo.errors import ShapeError, UsageError


def test_the_article_is_the_default():
    recipe = DigitRecipe()
    assert recipe == DigitRecipe.of()
    assert recipe.layers == (784, 30, 10)
    settings = (recipe.epochs, recipe.batch_size, recipe.lr, recipe.activation, recipe.loss)
    assert settings == (30, 10, 3.0, "sigmoid", "quadratic")
    assert recipe.plain
    assert json.loads(json.dumps(recipe.config()))["layers"] == [784, 30, 10]


def test_what_is_usual_follows_from_what_is_given():
    assert DigitRecipe.of(lr=0.5, layers=(784, 100, 10), epochs=3).plain
    assert not DigitRecipe.of(optimizer="adam").plain
    assert DigitRecipe.of(optimizer="adam").lr == 1e-3
    assert DigitRecipe.of(loss="cross-entropy").lr == 0.1
    assert DigitRecipe.of(activation="relu").init == "scaled"
    cnn = DigitRecipe.of(model="cnn", schedule=None, epochs=2)
    assert (cnn.optimizer, cnn.schedule, cnn.lr, cnn.epochs) == ("adam", "cosine", 1e-3, 2)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"activation": "step"}, "activation: got 'step'; expected one of sigmoid, tanh"),
        ({"model": "rnn"}, "model: got 'rnn'; expected one of mlp, cnn"),
        ({"optimizer": "lion"}, "optimizer: got 'lion'; expected one of sgd, momentum"),
        ({"lr": -1}, "lr: got -1, expected 0 to"),
        ({"lr": float("nan")}, "lr: got nan"),
        ({"epochs": 0}, "epochs: got 0, expected 1 to"),
        ({"batch_size": 0}, "batch_size: got 0"),
        ({"dropout": 1.0}, "dropout: got 1.0, expected 0 to 0.95"),
        ({"layers": (784,)}, "layers: got [784], expected two or more whole numbers"),
        ({"layers": (784, 0, 10)}, "layers: got [784, 0, 10]"),
        (
            {"layers": (700, 30, 10)},
            "700 neurons in the first layer, but there are 784 pixels of an image; begin with 784",
        ),
        ({"layers": (784, 30, 9)}, "9 neurons in the last layer, but there are 10 digits"),
    ],
)
def test_wrong_settings_are_named(given, text):
    with pytest.raises((UsageError, ShapeError)) as caught:
        DigitRecipe.of(**given)
    assert text in str(caught.value)
