"""Exercises of lesson 01: what captioning is."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np

from tushuo.lessons.exercise import Lesson, expect, function, near
from tushuo.lessons.text import Text

LESSON = Lesson("lesson-01", Text("What captioning is", "什么是图像描述"))

_REFERENCES = (
    "A German shepherd stands in the grass.",
    "A dog with its tongue out in a dry field.",
    "A black and brown dog looks ahead.",
)
_SALAD_WORDS = 7  # as many as the shortest reference has, so that none is missing


@LESSON.exercise(
    "log_probability",
    stub="def log_probability(probabilities):\n    return ...",
    task=Text(
        "The natural logarithm of the probability of a sentence, from the probabilities of its "
        "words. A thousand words of probability 0.00001 each must work, too.",
        "由各词的概率求整句概率的自然对数。一千个概率为 0.00001 的词也要算得对。",
    ),
    hints=(
        Text("The probability of the sentence is a product.", "整句的概率是一个乘积。"),
        Text(
            "0.00001 to the power of 1,000 is 0 for a computer. What is the logarithm of a "
            "product?",
            "0.00001 的 1000 次方在计算机里就是 0。乘积的对数等于什么？",
        ),
        Text("Add the logarithms: np.log(p) for each p.", "把对数相加：对每个 p 求 np.log(p)。"),
    ),
)
def _log_probability(answer: Any) -> None:
    log_probability = function(answer, "log_probability")
    near(log_probability([0.5, 0.25]), np.log(0.125), "log_probability([0.5, 0.25])")
    near(log_probability([1.0]), 0.0, "log_probability([1.0])")
    words = [1e-5] * 1000
    with np.errstate(divide="ignore"):
        near(log_probability(words), 1000 * np.log(1e-5), "log_probability([0.00001] * 1000)")


@LESSON.exercise(
    "precision",
    stub="def precision(candidate, references):\n    return ...",
    task=Text(
        "The share of the words of a candidate (a list) that are in the references (a list of "
        "lists of words), too. A word counts at most as often as in the one reference that has it "
        "most often.",
        "候选句（词的列表）里有多大比例的词也在参考句（词的列表的列表）中。"
        "一个词计入的次数，不超过它在任何一句参考句里出现次数的最大值。",
    ),
    hints=(
        Text(
            "'the the the' must not get full marks for a reference with one 'the'.",
            "参考句里只有一个 the 时，“the the the”不该得满分。",
        ),
        Text(
            "For each different word take the smaller of two counts: in the candidate, and the "
            "largest among the references.",
            "对每个不同的词取两个次数中较小的：在候选句里的次数，和在各参考句里次数的最大值。",
        ),
        Text(
            "sum(min(candidate.count(w), max(r.count(w) for r in references)) for w in "
            "set(candidate)), divided by the length of the candidate.",
            "sum(min(candidate.count(w), max(r.count(w) for r in references)) for w in "
            "set(candidate))，再除以候选句的长度。",
        ),
    ),
)
def _precision(answer: Any) -> None:
    precision = function(answer, "precision")
    references = [line.lower().rstrip(".").split() for line in _REFERENCES]
    for text in ("a dog in the grass", "the the the the", "a zebra", "a a a dog dog"):
        words = text.split()
        most = Counter[str]()
        for reference in references:
            most |= Counter(reference)
        kept = Counter(words) & most
        what = Text(f"for {text!r} the share", f"对于 {text!r}，比例")
        near(precision(words, references), kept.total() / len(words), what)


@LESSON.exercise(
    "salad",
    stub="salad = ...",
    task=Text(
        "A sentence of seven words for dog.jpg whose words are all in the lesson's three "
        "references (BLEU-1 is 1), while no two neighbours in it are neighbours in a "
        "reference (so BLEU-2 is 0).",
        "为 dog.jpg 写一句七个词的话：每个词都在本课的三句参考句里（BLEU-1 为 1），"
        "但任何两个相邻的词在参考句里都不相邻（所以 BLEU-2 为 0）。",
    ),
    hints=(
        Text("Take words from a reference, and shuffle them.", "取一句参考句的词，打乱顺序。"),
        Text(
            "Read a reference backwards: which of its neighbours stay in order?",
            "把一句参考句倒过来读：还有相邻的词保持原来的顺序吗？",
        ),
    ),
)
def _salad(answer: Any) -> None:
    from tushuo.caption.metrics import bleu, tokenize

    expect(
        isinstance(answer, str),
        f"salad is a {type(answer).__name__}; a sentence in quotes is expected",
        f"salad 是 {type(answer).__name__}，应为引号里的一句话",
    )
    words = tokenize(answer.rstrip(" .!"))
    references = [tokenize(line) for line in _REFERENCES]
    expect(
        len(words) == _SALAD_WORDS,
        f"it has {len(words)} words; {_SALAD_WORDS} are expected",
        f"这句话有 {len(words)} 个词，应为 {_SALAD_WORDS} 个",
    )
    for word, count in Counter(words).items():
        most = max(reference.count(word) for reference in references)
        expect(most, f"{word!r} is in no reference", f"{word!r} 不在任何一句参考句里")
        expect(
            count <= most,
            f"{word!r} is in it {count} times, in a reference at most {most}",
            f"{word!r} 出现了 {count} 次，而参考句里最多 {most} 次",
        )
    neighbours = {pair for line in references for pair in pairwise(line)}
    for first, second in pairwise(words):
        expect(
            (first, second) not in neighbours,
            f"'{first} {second}' is in a reference, too",
            f"“{first} {second}”也在参考句里",
        )
    one, two = bleu([words], [references], max_order=2)
    near(one, 1.0, "BLEU-1")
    near(two, 0.0, "BLEU-2", atol=1e-3)
