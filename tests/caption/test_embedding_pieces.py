"""The pieces of sentences and their numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tushuo.caption.embedding import PieceList, is_chinese, pieces_of
from tushuo.caption.embedding.pieces import TEXT
from tushuo.errors import UsageError


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("A red T-shirt.", ["a", "red", "t-shirt"]),
        ("红衣服", ["红", "衣", "服"]),
        ("穿T恤的人", ["穿", "t", "恤", "的", "人"]),
        ("dog", ["dog"]),
        ("...", []),
        ("", []),
    ],
)
def test_pieces(text, pieces):
    assert pieces_of(text) == pieces


def test_a_text_without_end_is_cut():
    assert len(pieces_of("dog " * 100_000)) == 64


def test_what_counts_as_chinese():
    assert is_chinese("a 狗")
    assert not is_chinese("a dog, ひらがな")


def test_frequent_pieces_come_first_and_rare_ones_are_unknown():
    pieces = PieceList.build(["dog runs", "dog runs", "dog", "cat"], min_count=2)
    assert pieces.pieces == ("<pad>", "<text>", "dog", "runs")
    assert pieces.encode("Dog runs home") == [TEXT, 2, 3]
    assert pieces.encode("zebra") == [TEXT]
    assert pieces == PieceList(list(pieces.pieces))


@given(st.lists(st.text(max_size=12), max_size=4))
def test_any_text_becomes_a_row(texts):
    pieces = PieceList.build(["dog runs", "狗在跑"], min_count=1)
    rows = [pieces.encode(text) for text in texts]
    batch = pieces.batch(rows)
    assert batch.shape == (len(texts), max(map(len, rows), default=1))
    assert batch.dtype == np.int64
    for row, numbers in zip(batch, rows, strict=True):
        assert [*row[row != 0]] == numbers


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        (["dog"], "begins with <pad>, <text>"),
        ("<pad>", "expected a list"),
        (None, "expected a list"),
        (["<pad>", "<text>", 7], "7 is no text"),
        (["<pad>", "<text>", ""], "'' is no text"),
        (["<pad>", "<text>", "a" * 201], "is no text of 1 to 200"),
        (["<pad>", "<text>", "dog", "dog"], "one is there twice"),
        (["<pad>", "<text>", *map(str, range(200_000))], "got 200,002, at most 200,000"),
    ],
)
def test_lists_that_are_none(pieces, message):
    with pytest.raises(UsageError, match=message):
        PieceList(pieces)


def test_how_much_of_a_sentence_is_understood():
    """Rare words weigh more; those of the rarer half, and unknown ones, are not well known."""
    words = ["the", "dog", "runs", "grass", "violin", "crown", "moon"]
    pieces = PieceList(["<pad>", "<text>", *words])
    assert pieces.understood("the dog") == 1
    assert pieces.understood("violin") == pieces.understood("xyzzy") == pieces.understood("") == 0
    assert pieces.understood("the violin") < pieces.understood("the dog violin") < 1
    assert pieces.understood("the xyzzy") < pieces.understood("the violin")
