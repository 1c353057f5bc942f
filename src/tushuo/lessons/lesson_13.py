"""Exercises of lesson 13: RNN and LSTM, and how far back a gradient reaches."""

from __future__ import annotations

from typing import Any

import numpy as np

from tushuo.lessons.exercise import Lesson, expect, function, near, number, wrong
from tushuo.lessons.text import Text

LESSON = Lesson(
    "lesson-13",
    Text(
        "RNN and LSTM, and how far back a gradient reaches",
        "RNN 与 LSTM：梯度能回溯多远",
    ),
)

_FACTOR, _SHARE = 0.9, 1e-6


@LESSON.exercise(
    "rnn_step",
    stub="def rnn_step(x, h, w_ih, w_hh, b):\n    return ...",
    task=Text(
        "One step of a plain recurrent network: x (N, I), h (N, H), w_ih (H, I), w_hh (H, H), "
        "b (H,).",
        "普通循环网络的一步：x (N, I)，h (N, H)，w_ih (H, I)，w_hh (H, H)，b (H,)。",
    ),
    hints=(
        Text("tanh of a sum of three.", "三项之和的 tanh。"),
        Text(
            "Rows are examples, so the weights are multiplied from the right, transposed.",
            "每行是一个样本，所以权重要转置后从右边乘。",
        ),
        Text("np.tanh(x @ w_ih.T + h @ w_hh.T + b)", "np.tanh(x @ w_ih.T + h @ w_hh.T + b)"),
    ),
)
def _rnn_step(answer: Any) -> None:
    from tushuo.nn import RNNCell

    step, rng = function(answer, "rnn_step"), np.random.default_rng(0)
    for n, i, h in ((1, 2, 3), (4, 3, 2), (3, 3, 3)):
        cell = RNNCell(i, h, rng=rng, dtype=np.float64)
        x, before = rng.normal(size=(n, i)), rng.normal(size=(n, h))
        bias = sum(cell.state_dict()[name] for name in ("bias_ih", "bias_hh"))
        got = step(x, before, cell.weight_ih.numpy(), cell.weight_hh.numpy(), bias)
        sizes = f"N = {n}, I = {i}, H = {h}"
        what = Text(f"rnn_step with {sizes}", f"{sizes} 时 rnn_step")
        near(got, cell(x, before).numpy(), what)


@LESSON.exercise(
    "lstm_step",
    stub="def lstm_step(gates, c):\n    return ...",
    task=Text(
        "The end of an LSTM's step: from the sums before their functions, gates (N, 4 H) in\n"
        "the order i, f, g, o, and the memory c (N, H), the new h and the new c.",
        "LSTM 一步的后半段：gates (N, 4 H) 是四个尚未过激活函数的和，顺序为 i、f、g、o，\n"
        "c (N, H) 是记忆；返回新的 h 和新的 c。",
    ),
    hints=(
        Text(
            "i, f and o are gates, from 0 to 1: sigmoid. g is what may be written: tanh.",
            "i、f、o 是门，取值 0 到 1，用 sigmoid；g 是要写入的内容，用 tanh。",
        ),
        Text(
            "f keeps a share of the old memory, i lets in a share of g.",
            "f 保留旧记忆的一部分，i 放入 g 的一部分。",
        ),
        Text("c = f * c + i * g; h = o * np.tanh(c)", "c = f * c + i * g；h = o * np.tanh(c)"),
    ),
)
def _lstm_step(answer: Any) -> None:
    from tushuo.nn import LSTMCell

    step, rng = function(answer, "lstm_step"), np.random.default_rng(0)
    for n, size in ((1, 1), (3, 4)):
        cell = LSTMCell(2, size, rng=rng, dtype=np.float64)
        gates, c = rng.normal(size=(n, 4 * size)), rng.normal(size=(n, size))
        (h, new), found = _advanced(cell, gates, c), step(gates.copy(), c.copy())
        if not isinstance(found, tuple | list) or len(found) != 2:
            wrong("lstm_step should return two arrays, h and c", "lstm_step 应返回两个数组：h 和 c")
        sizes = f"N = {n}, H = {size}"
        near(found[1], new, Text(f"the new c with {sizes}", f"{sizes} 时，新的 c"))
        near(found[0], h, Text(f"the new h with {sizes}", f"{sizes} 时，新的 h"))


def _advanced(cell: Any, gates: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the engine's cell makes of sums: its own product and biases are put to 0."""
    from tushuo.graph import asarray

    cell.weight_hh = asarray(np.zeros_like(cell.weight_hh.numpy()))
    cell.bias_hh = asarray(np.zeros_like(cell.bias_hh.numpy()))
    h, new = cell.advance(asarray(gates), (asarray(np.zeros_like(c)), asarray(c)))
    return h.numpy(), new.numpy()


@LESSON.exercise(
    "steps_back",
    stub="steps_back = ...",
    task=Text(
        "A whole number: a gradient shrinks by the factor 0.9 a step; after how many steps is\n"
        "it for the first time below a millionth?",
        "一个整数：梯度每步缩小为 0.9 倍，多少步之后第一次小于原来的百万分之一？",
    ),
    hints=(
        Text("0.9 ** n < 1e-6: which n?", "0.9 ** n < 1e-6：n 是多少？"),
        Text(
            "Take logarithms: n > log(1e-6) / log(0.9); the sign turns, as log(0.9) is negative.",
            "取对数：n > log(1e-6) / log(0.9)；log(0.9) 为负，不等号要反向。",
        ),
        Text("It is a little above 131.", "比 131 略大。"),
    ),
)
def _steps_back(answer: Any) -> None:
    n = number(answer, "steps_back")
    expect(n.is_integer(), f"steps are whole, not {n:g}", f"步数应为整数，而不是 {n:g}")
    left, before = _FACTOR**n, _FACTOR ** (n - 1)
    expect(left < _SHARE, f"after {n:g} steps {left:.2e} is left", f"{n:g} 步之后还剩 {left:.2e}")
    expect(
        before >= _SHARE,
        f"it is below a millionth already at step {n - 1:g}",
        f"第 {n - 1:g} 步就已小于百万分之一",
    )


@LESSON.exercise(
    "clipped",
    stub="def clipped(g, most):\n    return ...",
    task=Text(
        "The list of arrays g, all scaled by one factor so that their common norm is at most\n"
        "`most`; unchanged if it already is.",
        "把数组列表 g 乘以同一个因子，使它们共同的范数不超过 most；若本来就不超过，则保持不变。",
    ),
    hints=(
        Text(
            "The common norm: the root of the sum of all squares in all arrays.",
            "共同的范数：所有数组中所有元素的平方之和，再开方。",
        ),
        Text(
            "One factor for all, so that the direction stays.",
            "所有数组用同一个因子，方向才不变。",
        ),
        Text(
            "factor = min(1, most / norm); return [a * factor for a in g]",
            "factor = min(1, most / norm)；返回 [a * factor for a in g]",
        ),
    ),
)
def _clipped(answer: Any) -> None:
    from tushuo.optim import clip_grad_norm

    clipped = function(answer, "clipped")
    g = [np.array([3.0, 4.0]), np.array([[12.0]])]
    for most in (1.0, 6.5, 100.0):
        found, (right, _) = clipped([a.copy() for a in g], most), clip_grad_norm(g, most)
        expect(
            isinstance(found, list | tuple) and len(found) == len(g),
            "clipped should return a list of as many arrays as it was given",
            "clipped 应返回与输入同样多的数组组成的列表",
        )
        for i, (a, b) in enumerate(zip(found, right, strict=True)):
            what = Text(
                f"array {i} of a norm of 13, clipped to {most:g}",
                f"范数 13 缩到至多 {most:g} 后，数组 {i}",
            )
            near(a, b, what, rtol=1e-5)
