"""Handwritten digits from end to end: a recipe, its training, and the classifier it makes."""

from __future__ import annotations

from tushuo.digits.classifier import (
    DigitClassifier,
    load_digit_classifier,
    save_digit_classifier,
)
from tushuo.digits.curve import draw_curve
from tushuo.digits.recipe import DigitRecipe
from tushuo.digits.run import Trained, train_digits

__all__ = [
    "DigitClassifier",
    "DigitRecipe",
    "Trained",
    "draw_curve",
    "load_digit_classifier",
    "save_digit_classifier",
    "train_digits",
]
