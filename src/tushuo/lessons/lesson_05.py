"""Exercises of lesson 05: what back-propagation costs."""

from __future__ import annotations

from typing import Any

import numpy as np

from tushuo.lessons.exercise import Lesson, expect, function, near
from tushuo.lessons.text import Text

LESSON = Lesson("lesson-05", Text("What back-propagation costs", "反向传播的代价"))

_WIDTHS = (2, 5, 9)


@LESSON.exercise(
    "forward_products",
    stub="def forward_products(sizes):\n    return ...",
    task=Text(
        "The multiplications in the matrix products of a forward pass of one example, in a fully "
        "connected network with layers of these sizes.",
        "各层大小为 sizes 的全连接网络，一个样本前向计算一次，矩阵乘法里要做多少次乘法？",
    ),
    hints=(
        Text("One for each edge of the network.", "网络的每条边一次。"),
        Text(
            "Between layers of n and m neurons there are n * m.",
            "n 个和 m 个神经元之间有 n * m 条边。",
        ),
    ),
)
def _forward_products(answer: Any) -> None:
    from tushuo.gradients.cost import INPUTS, gradient_cost

    forward_products = function(answer, "forward_products")
    for width, cost in zip(_WIDTHS, gradient_cost(_WIDTHS, 1, 1), strict=True):
        sizes = [INPUTS, width, width, 1]
        near(forward_products(sizes), cost.forward_products, f"forward_products({sizes})")


@LESSON.exercise(
    "backprop_products",
    stub="def backprop_products(sizes):\n    return ...",
    task=Text(
        "The multiplications in the matrix products of a forward and a backward pass together. "
        "The gradient by the inputs is not wanted.",
        "前向加反向，矩阵乘法里一共要做多少次乘法？不需要对输入的梯度。",
    ),
    hints=(
        Text(
            "Three products of matrices for each layer, but one.",
            "每层三个矩阵乘积，只有一层例外。",
        ),
        Text(
            "Forward w @ a; backward BP4, and BP2 for all weights but those of the first layer.",
            "前向是 w @ a；反向是 BP4，以及除第一层权重外的 BP2。",
        ),
        Text(
            "3 * forward_products(sizes) - sizes[0] * sizes[1]",
            "3 * forward_products(sizes) - sizes[0] * sizes[1]",
        ),
    ),
)
def _backprop_products(answer: Any) -> None:
    from tushuo.gradients.cost import INPUTS, gradient_cost

    backprop_products = function(answer, "backprop_products")
    for width, cost in zip(_WIDTHS, gradient_cost(_WIDTHS, 1, 1), strict=True):
        sizes = [INPUTS, width, width, 1]
        near(backprop_products(sizes), cost.backprop_products, f"backprop_products({sizes})")


@LESSON.exercise(
    "numeric_gradient",
    stub="def numeric_gradient(f, x):\n    return ...",
    task=Text(
        "The gradient of f at x (an array with one axis) by one-sided differences, with n + 1 "
        "evaluations of f for n numbers. x is the same afterwards.",
        "用单侧差分求 f 在 x（一维数组）处的梯度：n 个数只计算 n + 1 次 f，之后 x 保持原样。",
    ),
    hints=(
        Text("f(x) itself is wanted n times, but computed once.", "f(x) 用到 n 次，但只需算一次。"),
        Text(
            "Push a copy: moved = x.copy(); moved[i] += h, with h about 1e-7.",
            "推的是副本：moved = x.copy()；moved[i] += h，h 约为 1e-7。",
        ),
        Text("(f(moved) - f(x)) / h for each i", "对每个 i 求 (f(moved) - f(x)) / h"),
    ),
)
def _numeric_gradient(answer: Any) -> None:
    numeric_gradient, x = function(answer, "numeric_gradient"), np.linspace(-1, 2, 7)
    asked, before = [], x.copy()

    def f(v: np.ndarray) -> float:
        asked.append(v)
        return float(np.sin(v).sum() + v[0] * v[-1])

    right = np.cos(x)
    right[[0, -1]] += x[[-1, 0]]
    near(numeric_gradient(f, x), right, "numeric_gradient(f, x)", rtol=1e-4, atol=1e-5)
    expect(
        len(asked) == len(x) + 1,
        f"it evaluates f {len(asked)} times for {len(x)} numbers; {len(x) + 1} are enough",
        f"{len(x)} 个数计算了 {len(asked)} 次 f，{len(x) + 1} 次就够了",
    )
    expect(np.array_equal(x, before), "x is not the same afterwards", "x 被改动了")


@LESSON.exercise(
    "agrees",
    stub="def agrees(f, gradient, x):\n    return ...",
    task=Text(
        "Whether an array is the gradient of f at x, with two evaluations of f: True or False. "
        "Both arrays have one axis, perhaps a long one.",
        "只计算两次 f，判断数组 gradient 是不是 f 在 x 处的梯度，返回 True 或 False。"
        "两个数组都是一维的，可能很长。",
    ),
    hints=(
        Text(
            "Push all numbers at once along one random direction v.",
            "沿一个随机方向 v 同时推所有的数。",
        ),
        Text(
            "(f(x + h * v) - f(x - h * v)) / (2 * h) should be gradient @ v.",
            "(f(x + h * v) - f(x - h * v)) / (2 * h) 应等于 gradient @ v。",
        ),
        Text(
            "v = np.random.default_rng().standard_normal(x.shape), h = 1e-5, and np.isclose with "
            "rtol=1e-4.",
            "v = np.random.default_rng().standard_normal(x.shape)，h = 1e-5，"
            "再用 np.isclose，rtol=1e-4。",
        ),
    ),
)
def _agrees(answer: Any) -> None:
    agrees, rng = function(answer, "agrees"), np.random.default_rng(7)
    x = rng.standard_normal(1000)
    calls = 0

    def f(v: np.ndarray) -> float:
        nonlocal calls
        calls += 1
        return float(np.sin(v).sum())

    right = np.cos(x)
    one_wrong = right + 2.0 * (np.arange(1000) == 321)
    cases = (
        ("the right gradient", "正确的梯度", right, True),
        ("twice the gradient", "两倍的梯度", 2 * right, False),
        ("a gradient with one number of 1,000 wrong", "一千个数里错一个的梯度", one_wrong, False),
    )
    for en, zh, gradient, verdict in cases:
        calls = 0
        found = agrees(f, gradient, x.copy())
        expect(
            isinstance(found, bool | np.bool_) and bool(found) == verdict,
            f"{en} gets {found}; {verdict} is right",
            f"{zh}得到 {found}，应为 {verdict}",
        )
        expect(
            calls <= 2,
            f"it evaluates f {calls} times; two are enough",
            f"计算了 {calls} 次 f，两次就够了",
        )
