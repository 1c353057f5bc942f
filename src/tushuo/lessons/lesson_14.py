"""Exercises of lesson 14: attention, and the captioner opened word by word."""

from __future__ import annotations

from typing import Any

import numpy as np

from tushuo.lessons.exercise import Lesson, array, expect, function, near
from tushuo.lessons.text import Text

LESSON = Lesson(
    "lesson-14",
    Text(
        "Attention, and the captioner opened word by word",
        "注意力：把图像描述模型逐词拆开",
    ),
)


@LESSON.exercise(
    "attend",
    stub="def attend(scores, values):\n    return ...",
    task=Text(
        "Attention: from scores (L,), which may be as large as 1000, and values (L, C), the "
        "mean (C,).",
        "注意力：由得分 (L,)（可能大到 1000）和各个值 (L, C)，返回平均 (C,)。",
    ),
    hints=(
        Text("Softmax makes shares of the scores.", "softmax 把得分变成份额。"),
        Text(
            "exp(1000) overflows; subtracting the largest score changes no share.",
            "exp(1000) 会溢出；所有得分减去最大值，份额不变。",
        ),
        Text(
            "e = np.exp(scores - scores.max()); return (e / e.sum()) @ values",
            "e = np.exp(scores - scores.max())；返回 (e / e.sum()) @ values",
        ),
    ),
)
def _attend(answer: Any) -> None:
    from tushuo.graph import asarray
    from tushuo.nn import masked_softmax

    attend, rng = function(answer, "attend"), np.random.default_rng(0)
    values = rng.normal(size=(4, 3))
    equal = Text("attend with equal scores", "得分相等时 attend")
    near(attend(np.zeros(4), values.copy()), values.mean(0), equal)
    for scale in (1.0, 1000.0):
        scores = scale * np.array([1.0, -1.0, 0.5, 0.25])
        right = masked_softmax(asarray(scores)).numpy() @ values
        with np.errstate(all="ignore"):
            what = Text(f"attend with scores to {scale:g}", f"得分至多 {scale:g} 时 attend")
            near(attend(scores.copy(), values.copy()), right, what)


@LESSON.exercise(
    "places",
    stub="def places(shares):\n    return ...",
    task=Text(
        "Among how many places shares (L,) that sum to 1 are spread: the exponential of their\n"
        "entropy. Some may be exactly 0.",
        "份额 (L,) 之和为 1，它们分散在多少个位置上？即熵的指数。有些份额可能恰好为 0。",
    ),
    hints=(
        Text(
            "The entropy is minus the sum of share * log(share).", "熵是 -sum(份额 * log(份额))。"
        ),
        Text(
            "A share of 0 adds nothing: leave it out before taking logarithms.",
            "为 0 的份额没有贡献：取对数之前先去掉。",
        ),
        Text(
            "s = shares[shares > 0]; return np.exp(-np.sum(s * np.log(s)))",
            "s = shares[shares > 0]；返回 np.exp(-np.sum(s * np.log(s)))",
        ),
    ),
)
def _places(answer: Any) -> None:
    places = function(answer, "places")
    with np.errstate(all="ignore"):
        for count in (1, 2, 5, 81):
            shares = np.full(count, 1 / count)
            near(
                places(shares),
                count,
                Text(f"places of {count} equal shares", f"{count} 个相等的份额，places"),
            )
        near(places(np.array([0.5, 0.0, 0.5])), 2, "places([0.5, 0, 0.5])")
        three = places(np.array([0.25, 0.5, 0.25]))
    near(three, 2**1.5, "places([0.25, 0.5, 0.25])")


@LESSON.exercise(
    "sentence_logprob",
    stub="def sentence_logprob(logits, ids):\n    return ...",
    task=Text(
        "The log-probability of a sentence, from the logits (T, V) of each word and the\n"
        "numbers (T,) of the words.",
        "一个句子的对数概率：logits (T, V) 属于各个词，ids (T,) 是词的编号。",
    ),
    hints=(
        Text(
            "Probabilities of words multiply, so their logarithms add up.",
            "各词的概率相乘，所以对数相加。",
        ),
        Text(
            "The log of a softmax: the logit minus log(sum(exp(logits))) of its row.",
            "softmax 的对数：logit 减去该行的 log(sum(exp(logits)))。",
        ),
        Text(
            "tushuo.log_softmax(logits, axis=-1).numpy()[np.arange(len(ids)), ids].sum()",
            "tushuo.log_softmax(logits, axis=-1).numpy()[np.arange(len(ids)), ids].sum()",
        ),
    ),
)
def _sentence_logprob(answer: Any) -> None:
    from tushuo.nn import cross_entropy

    logprob, rng = function(answer, "sentence_logprob"), np.random.default_rng(0)
    for words, scale in ((1, 1.0), (5, 3.0), (4, 500.0)):
        logits, ids = scale * rng.normal(size=(words, 7)), rng.integers(0, 7, words)
        right = -float(cross_entropy(logits, ids, reduction="sum"))
        with np.errstate(all="ignore"):
            got = logprob(logits.copy(), ids.copy())
        what = Text(
            f"the log-probability of {words} words with logits to {scale:g}",
            f"{words} 个词、logits 至多约 {scale:g} 时的对数概率",
        )
        near(got, right, what)


@LESSON.exercise(
    "best_pair",
    stub="def best_pair(first, then):\n    return ...",
    task=Text(
        "The most probable pair of words (i, j): first (V,) are the probabilities of the\n"
        "first word, then[i] (V,) those of the second after i.",
        "最可能的一对词 (i, j)：first (V,) 是第一个词的概率，then[i] (V,) 是 i 之后第二个词的"
        "概率。",
    ),
    hints=(
        Text(
            "The likeliest first word may have many likely successors, each with a small share.",
            "最可能的第一个词可能有许多后继，每个只分到一小份。",
        ),
        Text(
            "The probability of a pair is first[i] * then[i, j]; look at all of them.",
            "一对词的概率是 first[i] * then[i, j]；要看所有的对。",
        ),
        Text(
            "both = first[:, None] * then; return np.unravel_index(both.argmax(), both.shape)",
            "both = first[:, None] * then；返回 np.unravel_index(both.argmax(), both.shape)",
        ),
    ),
)
def _best_pair(answer: Any) -> None:
    best_pair = function(answer, "best_pair")
    first = np.array([0.5, 0.3, 0.2])
    then = np.array([[0.4, 0.3, 0.3], [0.05, 0.05, 0.9], [0.5, 0.25, 0.25]])
    _hold(best_pair, first, then, "where the greedy pair is (0, 0)")
    rng = np.random.default_rng(0)
    for n in (2, 5, 20):
        _hold(best_pair, rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(n), n), f"of {n} words")


def _hold(best_pair: Any, first: np.ndarray, then: np.ndarray, what: str) -> None:
    """The pair must be as probable as the most probable one."""
    pair, both = array(best_pair(first.copy(), then.copy()), "best_pair"), first[:, None] * then
    expect(
        pair.shape == (2,) and ((pair >= 0) & (pair < len(first)) & (pair == pair.round())).all(),
        f"best_pair should return the numbers of two words, not {pair.tolist()!r:.40}",
        f"best_pair 应返回两个词的编号，而不是 {pair.tolist()!r:.40}",
    )
    i, j = map(int, pair)
    expect(
        both[i, j] >= both.max() - 1e-12,
        f"in a table {what}: ({i}, {j}) has probability {both[i, j]:.3g}, but there is a pair with "
        f"{both.max():.3g}",
        f"({i}, {j}) 的概率为 {both[i, j]:.3g}，但有一对词的概率为 {both.max():.3g}",
    )
