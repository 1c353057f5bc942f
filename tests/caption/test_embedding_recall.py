"""Recall at K on cases that can be counted by hand, and by the definition."""

from __future__ import annotations

import numpy as np
import pytest

from tushuo.caption.embedding import recall
from tushuo.errors import ShapeError, UsageError


def random_case(photos: int = 30, each: int = 3):
    random = np.random.default_rng(0)
    a = random.standard_normal((photos, 4))
    b = np.repeat(a, each, axis=0) + random.standard_normal((photos * each, 4))
    owners = np.repeat(np.arange(photos), each)
    return a, b, owners


def test_all_right():
    found = recall(np.eye(12), np.eye(12), np.arange(12)).as_dict()
    assert found["text-to-photo R@1"] == found["photo-to-text R@1"] == 1
    assert found["text-to-photo median rank"] == 1


def test_counted_by_hand():
    photos = np.eye(3)
    texts = np.array([[0.9, 0.1, 0], [0.2, 0.5, 0.3], [0.6, 0.3, 0.1], [0.1, 0.7, 0.2]])
    found = recall(photos, texts, [0, 0, 1, 2])
    # text 1 has photograph 1 and 2 before its own, text 2 one, text 3 one
    assert [*found.photograph_ranks] == [0, 2, 1, 1]
    # photograph 1 has texts 3 and 1 of others before its own, photograph 2 text 1
    assert [*found.sentence_ranks] == [0, 2, 1]
    assert found.as_dict()["text-to-photo R@1"] == 0.25
    assert found.as_dict()["text-to-photo median rank"] == 2
    assert found.as_dict()["photo-to-text R@1"] == pytest.approx(1 / 3)
    assert found.as_dict()["photo-to-text R@5"] == 1


def test_by_the_definition():
    a, b, owners = random_case()
    found = recall(a, b, owners)
    for m, own in enumerate(owners):
        order = np.argsort(-(b[m] @ a.T))
        assert found.photograph_ranks[m] == [*order].index(own)
    for n in range(len(a)):
        order = [owners[m] for m in np.argsort(-(a[n] @ b.T))]
        assert found.sentence_ranks[n] == order.index(n)


def test_a_space_that_is_one_point_is_no_better_than_chance():
    found = recall(np.ones((101, 2)), np.ones((101, 2)), np.arange(101))
    assert [*found.photograph_ranks] == [*found.sentence_ranks] == [50] * 101


def test_intervals_hold_the_value_and_shrink():
    few, many = recall(*random_case(30)), recall(*random_case(300))
    for found in (few, many):
        for name, (low, high) in found.intervals().items():
            assert low <= found.as_dict()[name] <= high
    widths = [np.ptp(x.intervals()["text-to-photo R@5"]) for x in (few, many)]
    assert widths[1] < widths[0]
    assert few.intervals() == few.intervals()
    assert few.intervals(seed=1) != few.intervals()


def test_what_does_not_fit():
    with pytest.raises(ShapeError, match=r"got photographs \(3, 3\), sentences \(2, 3\)"):
        recall(np.eye(3), np.eye(3)[:2], [0, 1])
    with pytest.raises(ShapeError, match=r"owners \(2,\)"):
        recall(np.eye(3), np.eye(3), [0, 1])
    with pytest.raises(UsageError, match="got 0 resamples"):
        recall(np.eye(3), np.eye(3), [0, 1, 2]).intervals(0)
