"""Exercises of lesson 06: four ways to a derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

from tushuo.lessons.exercise import Lesson, expect, function, near, number, wrong
from tushuo.lessons.text import Text

LESSON = Lesson("lesson-06", Text("Four ways to a derivative", "求导的四种方法"))


@LESSON.exercise(
    "slope",
    stub="def slope(x):\n    return ...",
    task=Text(
        "By hand: the derivative of f(x) = x * exp(-x**2), as a function of a number.",
        "手工求导：写出 f(x) = x * exp(-x**2) 的导数，作为一个数的函数。",
    ),
    hints=(
        Text("f is a product of two factors that both hold x.", "f 是两个都含 x 的因子之积。"),
        Text(
            "Product rule: u'v + uv' with u = x and v = exp(-x**2); v' needs the chain rule.",
            "乘积法则：u'v + uv'，其中 u = x，v = exp(-x**2)；求 v' 要用链式法则。",
        ),
        Text("v' = -2x exp(-x**2).", "v' = -2x exp(-x**2)。"),
    ),
)
def _slope(answer: Any) -> None:
    slope, step = function(answer, "slope"), 1e-30
    for x in (0.0, 0.7, -1.3, 2.5):
        z = complex(x, step)
        near(slope(x), (z * np.exp(-(z**2))).imag / step, f"slope({x})")


@LESSON.exercise(
    "two_sided",
    stub="def two_sided(f, x, h):\n    return ...",
    task=Text(
        "Numeric: the central difference of a function f of one number at x with step h.",
        "数值求导：一元函数 f 在 x 处、步长为 h 的中心差分。",
    ),
    hints=(
        Text("It looks to both sides: at x - h and x + h.", "它看两侧：x - h 和 x + h。"),
        Text("How far apart are the two points?", "这两个点相距多远？"),
        Text("(f(x + h) - f(x - h)) / (2 * h)", "(f(x + h) - f(x - h)) / (2 * h)"),
    ),
)
def _two_sided(answer: Any) -> None:
    two_sided = function(answer, "two_sided")
    asked: list[float] = []

    def square(x: float) -> float:
        asked.append(x)
        return x * x

    near(two_sided(square, 3.0, 0.5), 6.0, "two_sided(lambda x: x * x, 3.0, 0.5)")
    expect(
        len(asked) == 2,
        f"it evaluates f {len(asked)} times; two are enough",
        f"它计算了 {len(asked)} 次 f，两次就够了",
    )
    # the error of a central difference of a cubic is exactly h^2
    near(two_sided(lambda x: x**3, 1.0, 0.1), 3.01, "two_sided(lambda x: x**3, 1.0, 0.1)")


@LESSON.exercise(
    "best_step",
    stub="best_step = ...",
    task=Text(
        "Choose the step: a number h for which the central difference of exp at x = 1 is right to "
        "10 digits.",
        "选步长：找一个 h，使 exp 在 x = 1 处的中心差分有 10 位有效数字正确。",
    ),
    hints=(
        Text(
            "Look at the lowest point of the curve of the central difference.",
            "看中心差分误差曲线的最低点。",
        ),
        Text(
            "Cutting short costs about h**2, rounding about 1e-16 / h. Where are they equal?",
            "截断误差约为 h**2，舍入误差约为 1e-16 / h。两者在哪里相等？",
        ),
        Text("Near the cube root of 1e-16.", "在 1e-16 的立方根附近。"),
    ),
)
def _best_step(answer: Any) -> None:
    number(answer, "best_step")
    expect(
        isinstance(answer, int | float | np.number) and answer > 0,
        f"best_step is {answer!r:.40}; a positive number is expected",
        f"best_step 是 {answer!r:.40}，应为正数",
    )
    h, exact = float(answer), np.e
    error = abs((np.exp(1 + h) - np.exp(1 - h)) / (2 * h) - exact) / exact
    if error > 1e-10:
        why = ("too long", "太长") if h > 1e-5 else ("too short", "太短")
        wrong(
            f"with h = {h:g} the relative error is {error:.1e}: the step is {why[0]}",
            f"h = {h:g} 时相对误差为 {error:.1e}：步长{why[1]}",
        )


@LESSON.exercise(
    "evaluations",
    stub='evaluations = {"central": ..., "forward": ..., "reverse": ...}',
    task=Text(
        "Counting: how often is a function of 1,000 numbers evaluated for its whole gradient, by "
        "central differences, by forward mode and by reverse mode? (One forward sweep along one "
        "direction is one evaluation.)",
        "计数：对一个有 1000 个自变量的函数求完整梯度，中心差分、前向模式、反向模式各需要计算函数"
        "多少次？（沿一个方向做一遍前向算一次。）",
    ),
    hints=(
        Text("Look at the column of evaluations as n grows.", "看 n 增大时“evaluations”一列。"),
        Text(
            "Central differences step to both sides along each number; forward mode takes one "
            "direction a sweep.",
            "中心差分沿每个自变量向两侧各走一步；前向模式每遍只处理一个方向。",
        ),
    ),
)
def _evaluations(answer: Any) -> None:
    n = 1000
    right = {"central": 2 * n, "forward": n, "reverse": 1}
    expect(
        isinstance(answer, dict) and set(answer) == set(right),
        f"evaluations should be a dictionary with the keys {', '.join(right)}",
        f"evaluations 应是字典，键为 {', '.join(right)}",
    )
    for way, count in right.items():
        expect(
            answer[way] == count,
            f"the count for {way} is not right: {answer[way]!r:.20}",
            f"{way} 的次数不对：{answer[way]!r:.20}",
        )
