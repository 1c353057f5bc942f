"""Fixtures of the layer tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tushuo.graph.check import check_grads


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def check_layer() -> Callable[..., None]:
    """Checks the gradients of a layer by its parameters and its inputs, in both modes."""

    def check(layer: Any, *inputs: Any, order: int = 1, **settings: Any) -> None:
        check_grads(lambda m, *xs: m(*xs, **settings), (layer, *inputs), order=order)

    return check
