"""Distinct-n, self-BLEU, novelty, and scoring by character."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tushuo.caption.metrics import bleu, distinct, diversity, evaluate_captions, self_bleu
from tushuo.errors import UsageError

captions = st.lists(st.lists(st.sampled_from("abcd"), max_size=8), min_size=2, max_size=6)


def words(*sentences):
    return [sentence.split() for sentence in sentences]


def test_distinct_is_different_over_all():
    said = words("a dog runs", "a dog", "")
    assert distinct(said, 1) == pytest.approx(3 / 5)
    assert distinct(said, 2) == pytest.approx(2 / 3)
    assert distinct(words("dog", ""), 2) == 0


@given(captions)
def test_self_bleu_is_the_bleu_against_all_others(said):
    others = [[*said[:i], *said[i + 1 :]] for i in range(len(said))]
    assert self_bleu([said]) == pytest.approx(bleu(said, others)[-1], rel=1e-12)


def test_self_bleu_of_several_sets():
    same, apart = words("a b c d e", "a b c d e"), words("a b c d", "e f g h")
    assert self_bleu([same]) == pytest.approx(1)
    assert self_bleu([apart]) == pytest.approx(0, abs=1e-3)
    assert self_bleu([words("alone")]) == 0
    assert self_bleu([same, words("alone")]) == pytest.approx(1)
    pooled = bleu([*same, *apart], [[same[1]], [same[0]], [apart[1]], [apart[0]]])
    assert self_bleu([same, apart]) == pytest.approx(pooled[-1])


def test_all_of_it():
    found = diversity(words("a dog runs", "a cat"), {("a", "cat"), ("x",)})
    assert found.as_dict() == pytest.approx(
        {"distinct-1": 4 / 5, "distinct-2": 1, "self-BLEU": found.self_bleu,
         "vocabulary": 4, "length": 2.5, "novel": 0.5}
    )  # fmt: skip
    alone = diversity(words("a dog"))
    assert alone.self_bleu is None
    assert "novel" not in alone.as_dict()


def test_scores_bring_it_along():
    scores = evaluate_captions(
        {"1": "A dog runs.", "2": "Two cats."},
        {"1": ["a dog runs"], "2": ["cats"]},
        training=["a dog runs", "A dog runs !", "two dogs"],
    )
    assert scores.diversity.novel == 0.5
    assert scores.training == 2
    assert "|novel:exact,of2|" in scores.signature()


def test_chinese_by_character():
    made = {"1": "一只狗在跑。", "2": "两个人"}
    written = {"1": ["一只黑狗在跑"], "2": ["两个人"]}
    scores = evaluate_captions(made, written, tokenizer="char")
    characters = [list("一只狗在跑"), list("两个人")]
    assert scores.bleu == pytest.approx(bleu(characters, [[list(*w)] for w in written.values()]))
    assert scores.diversity.mean_length == 4
    assert scores.signature().startswith("tok:char|")


def test_unknown_tokenizers():
    with pytest.raises(UsageError, match="tokenizer 'jieba' is unknown"):
        evaluate_captions({"1": "a"}, {"1": ["a"]}, tokenizer="jieba")
    with pytest.raises(UsageError, match="METEOR is for English"):
        evaluate_captions({"1": "a"}, {"1": ["a"]}, tokenizer="char", with_meteor=True)
