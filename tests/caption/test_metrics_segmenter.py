"""Chinese words, as a segmenter finds them, and scores by them."""

from __future__ import annotations

import sys

import pytest

from tushuo.caption.metrics import check_tokenizer, evaluate_captions
from tushuo.caption.metrics.segmenter import segment
from tushuo.errors import MissingDependencyError, UsageError


def test_without_the_segmenter(monkeypatch):
    monkeypatch.setitem(sys.modules, "rjieba", None)
    with pytest.raises(MissingDependencyError) as caught:
        evaluate_captions({"1": "一只狗"}, {"1": ["一只狗"]}, tokenizer="word")
    assert str(caught.value) == (
        "Chinese words need rjieba; install it with: pip install 'tushuo[zh]', "
        "or score by character (char)"
    )
    with pytest.raises(MissingDependencyError):
        check_tokenizer("word")


def test_an_unknown_tokenizer():
    with pytest.raises(UsageError, match=r"tokenizer 'jieba' is unknown; known: \['ptb', 'char', "):
        check_tokenizer("jieba")


def test_words():
    pytest.importorskip("rjieba", reason="needs the extra zh")
    assert segment("一个小男孩在草地上踢足球。") == [
        "一个",
        "小男孩",
        "在",
        "草地",
        "上",
        "踢足球",
    ]
    assert segment("穿Ｔ恤的人，!? NBA") == segment("穿t恤的人 nba")
    assert "".join(segment("穿Ｔ恤的人，!? NBA")) == "穿t恤的人nba"
    assert segment("。 ，!") == segment("") == []


def test_scores_by_word():
    rjieba = pytest.importorskip("rjieba", reason="needs the extra zh")
    made = {"1": "一个男孩踢足球", "2": "两只狗在草地上跑"}
    written = {"1": ["一个男孩在踢足球。"], "2": ["一只狗在草地上跑。", "两只狗在跑"]}
    by_word, by_character = (
        evaluate_captions(made, written, tokenizer=name) for name in ("word", "char")
    )
    words = [rjieba.cut(text) for text in made.values()]
    assert by_word.diversity.mean_length == sum(map(len, words)) / 2
    assert by_word.diversity.mean_length < by_character.diversity.mean_length == 7.5
    assert by_word.signature().startswith("tok:word-rjieba-")
    assert by_character.signature().startswith("tok:char|")
