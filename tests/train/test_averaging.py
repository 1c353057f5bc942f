"""The moving average of the weights."""

from __future__ import annotations

import numpy as np
import pytest

from tushuo.graph import Tensor
from tushuo.train.averaging import kept_share, moving_average


def test_the_first_step_keeps_a_tenth_and_later_ones_more_up_to_the_decay() -> None:
    shares = [kept_share(0.9, before) for before in range(200)]
    assert shares[0] == 0.1
    assert shares == sorted(shares)
    assert shares[-1] == 0.9
    assert kept_share(0.0, 1000) == 0  # no averaging


def test_the_average_of_weights_that_stay_comes_to_them() -> None:
    start = {"weight": Tensor(np.zeros(3, np.float32))}
    after = {"weight": Tensor(np.array([1, 2, 3], np.float32))}
    average, kept = start, 1.0
    for before in range(5):
        average = moving_average(average, after, 0.999, before)
        kept *= (1 + before) / (10 + before)
    expected = (1 - kept) * after["weight"].numpy()
    assert average["weight"].numpy() == pytest.approx(expected, rel=1e-5)
