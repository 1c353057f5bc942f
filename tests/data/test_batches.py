from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tushuo.data import BOS, EOS, PAD, caption_batches, count_batches
from tushuo.errors import UsageError

captions = st.lists(st.integers(4, 30), max_size=9).map(lambda words: [BOS, *words, EOS])
data_sets = st.lists(st.lists(captions, max_size=7), max_size=30)


def fake(images: int, seed: int = 0) -> list[list[list[int]]]:
    random = np.random.default_rng(seed)
    return [
        [[BOS, *random.integers(4, 99, random.integers(3, 20)), EOS] for _ in range(5)]
        for _ in range(images)
    ]


def equal(left, right) -> bool:
    names = ("image_index", "tokens", "mask")
    return all(np.array_equal(getattr(left, name), getattr(right, name)) for name in names)


def _caption(image, row, mask) -> list[tuple[int, tuple[int, ...]]]:
    length = int(mask.sum()) + 1
    assert (row[length:] == PAD).all()
    if length == 1:
        return []
    assert row[length - 1] == EOS
    return [(image, tuple(row[:length].tolist()))]


@given(data_sets, st.integers(1, 8), st.integers(1, 6), st.integers(0, 5))
def test_no_caption_is_lost_or_doubled(data, size, per_image, epoch):
    batches = list(caption_batches(data, size, seed=1, epoch=epoch, captions_per_image=per_image))
    assert len(batches) == count_batches(data, size, captions_per_image=per_image)
    seen: Counter[tuple[int, tuple[int, ...]]] = Counter()
    for batch in batches:
        assert 1 <= len(batch.image_index) <= size
        assert batch.tokens.dtype == batch.image_index.dtype == np.int64
        assert batch.tokens.shape[:2] == batch.mask.shape[:2]
        assert batch.tokens.shape[1] <= per_image
        assert batch.mask.shape[2] == batch.tokens.shape[2] - 1
        for image, rows, masks in zip(batch.image_index, batch.tokens, batch.mask, strict=True):
            for row, mask in zip(rows, masks, strict=True):
                seen.update(_caption(int(image), row, mask))
    assert seen == Counter((i, tuple(row)) for i, rows in enumerate(data) for row in rows)


@given(data_sets, st.integers(1, 8), st.integers(2, 5))
def test_lengths_are_rounded_up_and_no_further(data, size, multiple):
    plain = list(caption_batches(data, size, seed=1))
    rounded = list(caption_batches(data, size, seed=1, multiple=multiple))
    for one, other in zip(plain, rounded, strict=True):
        length = one.tokens.shape[-1]
        assert (other.tokens.shape[-1] - 1) % multiple == 0
        assert 0 <= other.tokens.shape[-1] - length < multiple
        np.testing.assert_array_equal(other.tokens[..., :length], one.tokens)
        assert not other.mask[..., length - 1 :].any()
        assert (other.tokens[..., length:] == PAD).all()


def test_the_longest_caption_sets_the_width():
    (batch,) = caption_batches([[[1, 5, 2]], [[1, 6, 7, 8, 2], [1, 2]]], 4, seed=0)
    assert batch.tokens.shape == (2, 2, 5)
    rows = {tuple(row) for rows in batch.tokens.tolist() for row in rows}
    assert rows == {(1, 5, 2, 0, 0), (0,) * 5, (1, 6, 7, 8, 2), (1, 2, 0, 0, 0)}
    assert sorted(batch.mask.sum(axis=2).ravel().tolist()) == [0, 1, 2, 4]


@pytest.mark.parametrize("start", [0, 1, 7, 10])
def test_a_resumed_epoch_goes_on_exactly(start):
    data = fake(95)
    whole = list(caption_batches(data, 10, seed=3, epoch=2))
    resumed = list(caption_batches(data, 10, seed=3, epoch=2, start=start))
    assert len(whole) == 10
    assert len(resumed) == 10 - start
    assert all(map(equal, whole[start:], resumed))


def test_seed_and_epoch_change_the_order():
    data = fake(60)
    orders = {
        tuple(np.concatenate([b.image_index for b in caption_batches(data, 8, seed=s, epoch=e)]))
        for s in (0, 1)
        for e in (0, 1)
    }
    assert len(orders) == 4


def test_sorting_by_length_saves_padding_and_batches_stay_shuffled():
    data = [rows[:1] for rows in fake(2000)]
    batches = list(caption_batches(data, 16, seed=0))
    filled = sum(b.mask.sum() for b in batches) / sum(b.mask.size for b in batches)
    assert filled > 0.9  # 0.65 without sorting
    widths = [b.tokens.shape[2] for b in batches]
    assert abs(np.corrcoef(widths[:-1], widths[1:])[0, 1]) < 0.3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images_per_batch": 0}, "images_per_batch: got 0, expected at least 1"),
        ({"captions_per_image": 0}, "captions_per_image: got 0"),
        ({"seed": -1}, "seed: got -1, expected at least 0"),
        ({"epoch": -1}, "epoch: got -1"),
        ({"start": 4}, "start: got 4, expected 0 to 3"),
        (
            {"captions": [[[1, 2]], [[1]]]},
            "a caption of photograph 1 lacks <bos> and <eos>; encode",
        ),
    ],
)
def test_wrong_arguments_fail_at_once(change, message):
    with pytest.raises(UsageError, match=message):
        caption_batches(**{"captions": fake(6), "images_per_batch": 2, "seed": 0, **change})
