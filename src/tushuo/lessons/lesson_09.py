"""Exercises of lesson 09: matrix gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from tushuo.lessons.exercise import Lesson, expect, function, near, wrong
from tushuo.lessons.text import Text

LESSON = Lesson("lesson-09", Text("Matrix gradients", "矩阵的梯度"))


@LESSON.exercise(
    "layer",
    stub="def layer(dY, X, W):\n    return ...",
    task=Text(
        "The gradients of a layer Y = X @ W + b, with examples in rows: X (N, D), W (D, M),\n"
        "b (M,), dY (N, M). Return dX, dW, db.",
        "一层 Y = X @ W + b 的梯度，每行一个样本：X (N, D)，W (D, M)，\n"
        "b (M,)，dY (N, M)。返回 dX、dW、db。",
    ),
    hints=(
        Text(
            "Each gradient has the shape of what it belongs to. Which product gives (N, D)?",
            "每个梯度与它所属的量形状相同。哪个乘积的形状是 (N, D)？",
        ),
        Text(
            "Every example uses the same b, so the gradients of all examples add up in db.",
            "所有样本用同一个 b，所以 db 是各样本梯度之和。",
        ),
        Text(
            "dX = dY @ W.T, dW = X.T @ dY, db = dY.sum(axis=0)",
            "dX = dY @ W.T，dW = X.T @ dY，db = dY.sum(axis=0)",
        ),
    ),
)
def _layer(answer: Any) -> None:
    from tushuo.graph import vjp

    layer, rng = function(answer, "layer"), np.random.default_rng(9)
    for n, d, m in ((4, 3, 2), (3, 3, 3)):
        X, W, b = rng.normal(size=(n, d)), rng.normal(size=(d, m)), rng.normal(size=m)
        dY = rng.normal(size=(n, m))
        found = layer(dY, X, W)
        expect(
            isinstance(found, tuple | list) and len(found) == 3,
            "layer should return three arrays",
            "layer 应返回三个数组",
        )
        right = vjp(lambda x, w, c: x @ w + c, X, W, b)[1](dY)
        for name, got, expected in zip(("dX", "dW", "db"), found, right, strict=True):
            near(got, expected, name)


@LESSON.exercise(
    "sizes",
    stub='sizes = {"numbers": ..., "not_zero": ...}',
    task=Text(
        "W is (30, 784), X is (784, 10). How many numbers has the full derivative of W @ X by W,\n"
        "and how many of them can be other than 0?",
        "W 是 (30, 784)，X 是 (784, 10)。W @ X 对 W 的完整导数有多少个数？\n其中多少个可以不为 0？",
    ),
    hints=(
        Text(
            "One number for each pair of an element of the product and an element of W.",
            "乘积的每个元素与 W 的每个元素配成一对，每对一个数。",
        ),
        Text(
            "An element of the product depends on one row of W only.",
            "乘积的一个元素只依赖于 W 的一行。",
        ),
    ),
)
def _sizes(answer: Any) -> None:
    m, n, p = 30, 784, 10
    expect(
        isinstance(answer, dict) and set(answer) == {"numbers", "not_zero"},
        "sizes should be a dictionary with the keys numbers and not_zero",
        "sizes 应是字典，键为 numbers 和 not_zero",
    )
    right = {"numbers": (m * p) * (m * n), "not_zero": (m * p) * n}
    for name, count in right.items():
        near(answer[name], answer[name], f"sizes['{name}']")
        if answer[name] != count:
            wrong(f"sizes['{name}'] is not right", f"sizes['{name}'] 不对")


@LESSON.exercise(
    "quadratic",
    stub="def quadratic(A, x):\n    return ...",
    task=Text(
        "The gradient of the number x @ A @ x by the vector x, for any square A.",
        "数 x @ A @ x 对向量 x 的梯度；A 是任意方阵。",
    ),
    hints=(
        Text(
            "x occurs twice: let one stand still, then the other, and add.",
            "x 出现了两次：先固定一个，再固定另一个，然后相加。",
        ),
        Text("2 * A @ x is right if A is symmetric.", "A 对称时 2 * A @ x 才对。"),
        Text("A @ x + A.T @ x", "A @ x + A.T @ x"),
    ),
)
def _quadratic(answer: Any) -> None:
    from tushuo.graph import grad

    quadratic, rng = function(answer, "quadratic"), np.random.default_rng(2)
    for n in (2, 4):
        A, x = rng.integers(-3, 4, (n, n)).astype(float), rng.integers(-3, 4, n).astype(float)
        right = grad(lambda v, a=A: v @ a @ v)(x)
        near(quadratic(A, x), right, f"quadratic({A.tolist()}, {x.tolist()})")


@LESSON.exercise(
    "softmax_back",
    stub="def softmax_back(p, dp):\n    return ...",
    task=Text(
        "Backwards through a softmax without its Jacobian: given p = softmax(x) and the gradient\n"
        "dp, both (N,), return dx. N can be 10 million.",
        "不造雅可比矩阵，反向通过 softmax：已知 p = softmax(x) 和梯度 dp，\n"
        "形状都是 (N,)，返回 dx。N 可以是一千万。",
    ),
    hints=(
        Text("The Jacobian is diag(p) - p p^T.", "雅可比矩阵是 diag(p) - p p^T。"),
        Text(
            "Multiply each part with dp before you build it: p * dp, and p * (p . dp).",
            "先不造矩阵，分别乘上 dp：p * dp 和 p * (p · dp)。",
        ),
        Text("p * (dp - np.sum(p * dp))", "p * (dp - np.sum(p * dp))"),
    ),
)
def _softmax_back(answer: Any) -> None:
    from tushuo.graph import ops, vjp

    back, rng = function(answer, "softmax_back"), np.random.default_rng(5)
    for n in (3, 7):
        value, pullback = vjp(ops.softmax, rng.normal(size=n))
        dp = rng.normal(size=n)
        near(
            back(value.numpy(), dp),
            pullback(dp)[0],
            Text(f"softmax_back(p, dp) for N = {n}", f"N = {n} 时 softmax_back(p, dp)"),
        )
    n = 3_000_000  # its Jacobian would take 72 TB
    found = np.asarray(back(np.full(n, 1 / n), np.ones(n)))
    what = Text(
        "the largest of softmax_back(p, dp) for equal dp",
        "dp 各项相等时 softmax_back(p, dp) 的最大值",
    )
    near(np.abs(found).max(), 0.0, what)
