"""Exercises of lesson 11: optimisers raced on the same valley."""

from __future__ import annotations

from typing import Any

import numpy as np

from tushuo.lessons.exercise import Lesson, expect, function, near, number, wrong
from tushuo.lessons.text import Text

LESSON = Lesson(
    "lesson-11",
    Text(
        "Optimisers, raced on the same valley",
        "优化算法：在同一条山谷里赛跑",
    ),
)

_CURVATURES = np.array([3.0, 40.0])
_STEPS, _GOAL = 40, 1e-3


@LESSON.exercise(
    "largest_rate",
    stub="largest_rate = ...",
    task=Text(
        "A number: for f(x, y) = 1.5 x^2 + 20 y^2, the rate at which plain descent ceases to\n"
        "converge.",
        "一个数：对 f(x, y) = 1.5 x^2 + 20 y^2，普通梯度下降从多大的步长起不再收敛？",
    ),
    hints=(
        Text("What are the two second derivatives?", "两个二阶导数各是多少？"),
        Text(
            "A coordinate is multiplied by 1 - rate * curvature; it shrinks only above -1.",
            "每一步坐标乘以 1 - 步长 × 曲率；只有这个数大于 -1 时坐标才会缩小。",
        ),
        Text("The largest curvature, 40, decides: 2 / 40.", "由最大的曲率 40 决定：2 / 40。"),
    ),
)
def _largest_rate(answer: Any) -> None:
    rate = number(answer, "largest_rate")
    below, above = _left(0.99 * rate), _left(1.01 * rate)
    expect(
        below < 1,
        f"at 0.99 of that rate the descent grows: after 600 steps it stands at {below:.1e}",
        f"取该步长的 0.99 倍时已经发散：600 步后到 {below:.1e}",
    )
    expect(
        above > 1,
        "at 1.01 of that rate the descent still converges",
        "取该步长的 1.01 倍时仍然收敛",
    )


def _left(rate: float) -> float:
    """How far from (0, 0) a descent from (1, 1) is after 600 steps."""
    with np.errstate(over="ignore"):
        return float(np.abs((1 - rate * _CURVATURES) ** 600.0).max())


@LESSON.exercise(
    "momentum_step",
    stub="def momentum_step(x, g, b, rate, mu):\n    return ...",
    task=Text(
        "One step of momentum from the place x, the gradient g and the velocity b: return the\n"
        "new x and the new b.",
        "动量法的一步：由位置 x、梯度 g 和速度 b，返回新的 x 和新的 b。",
    ),
    hints=(
        Text("First the velocity, then the step.", "先更新速度，再走一步。"),
        Text(
            "The velocity keeps the share mu of itself and gains g.",
            "速度保留自己的 mu 倍，再加上 g。",
        ),
        Text("b = mu * b + g; x = x - rate * b", "b = mu * b + g；x = x - rate * b"),
    ),
)
def _momentum_step(answer: Any) -> None:
    from tushuo.graph import asarray
    from tushuo.optim import SGD

    step, rule = function(answer, "momentum_step"), SGD(0.1, momentum=0.8)
    rng = np.random.default_rng(0)
    x, b = rng.normal(size=3), np.zeros(3)
    ours, state = asarray(x), rule.init(asarray(x))
    for n in range(1, 5):
        g = rng.normal(size=3)
        ours, state = rule.update(ours, asarray(g), state)
        moved = step(x, g, b, 0.1, 0.8)
        if not isinstance(moved, tuple | list) or len(moved) != 2:
            wrong("momentum_step should return two things, x and b", "应返回两项：x 和 b")
        x, b = moved
        near(x, ours.numpy(), Text(f"x after {n} steps", f"{n} 步之后 x"))
        near(b, state["momentum_buffer"].numpy(), Text(f"b after {n} steps", f"{n} 步之后 b"))


@LESSON.exercise(
    "first_step",
    stub="def first_step(g, rate):\n    return ...",
    task=Text(
        "By how much Adam changes x in its very first step, for an array g of gradients that are\n"
        "not near 0.",
        "Adam 的第一步让 x 变化多少？g 是梯度数组，各元素都不接近 0。",
    ),
    hints=(
        Text(
            "After the correction, the averages of one single gradient are g and g squared.",
            "修正之后，只见过一个梯度的两个滑动平均就是 g 和 g 的平方。",
        ),
        Text("g / sqrt(g**2): what is left of g?", "g / sqrt(g**2)：g 还剩下什么？"),
        Text("Its sign: -rate * np.sign(g).", "只剩符号：-rate * np.sign(g)。"),
    ),
)
def _first_step(answer: Any) -> None:
    from tushuo.graph import asarray
    from tushuo.optim import Adam

    step = function(answer, "first_step")
    g = np.array([0.5, -3.0, 200.0, -0.01])
    for rate in (0.001, 0.3):
        rule, x = Adam(rate), asarray(np.zeros(4))
        moved, _ = rule.update(x, asarray(g), rule.init(x))
        near(step(g, rate), moved.numpy(), f"first_step({g.tolist()}, {rate})", rtol=1e-4)


@LESSON.exercise(
    "racer",
    stub="racer = ...",
    task=Text(
        "A rule of tushuo.optim with its settings, such as tushuo.optim.SGD(0.1), that needs\n"
        "at most 40 steps to bring the lesson's turned valley below 0.001 for good.",
        "tushuo.optim 里的一种方法及其设置，例如 tushuo.optim.SGD(0.1)：最多 40 步就使本课中\n"
        "转过的山谷降到 0.001 以下并保持住。",
    ),
    hints=(
        Text(
            "Which rules does a diagonal valley not disturb? Nesterov needed 50 steps.",
            "哪些方法不怕斜着的山谷？Nesterov 用了 50 步。",
        ),
        Text(
            "A momentum of 0.9 is heavy for this valley; try less, with a longer step.",
            "对这条山谷来说 0.9 的动量太重；减小动量、加大步长试试。",
        ),
        Text(
            "tushuo.optim.SGD(1.5, momentum=0.7): momentum also allows steps beyond 2 / curvature.",
            "tushuo.optim.SGD(1.5, momentum=0.7)：有动量时，步长可以超过 2 / 曲率。",
        ),
    ),
)
def _racer(answer: Any) -> None:
    from tushuo.optim import Optimizer

    kind = type(answer).__name__
    expect(
        isinstance(answer, Optimizer),
        f"racer is a {kind}; a rule of tushuo.optim with its settings is expected",
        f"racer 是 {kind}，应为 tushuo.optim 里的方法及其设置",
    )
    values = _descent(answer)
    late = np.flatnonzero(~(values < _GOAL))
    last = int(late[-1]) if len(late) else -1
    expect(
        last < _STEPS,
        f"after {last} steps the valley still stands at {values[last]:.2g}",
        f"走了 {last} 步之后，函数值仍为 {values[last]:.2g}",
    )


def _descent(rule: Any) -> np.ndarray:
    """Values of the lesson's turned valley, before each of 120 steps."""
    from tushuo.graph import asarray, value_and_grad

    def turned(p: Any) -> Any:
        x, y = (p[0] + p[1]) / 2**0.5, (p[1] - p[0]) / 2**0.5
        return x * x / 100 + y * y

    p, derive = asarray(np.array([-11.0, -7.0]) / 2**0.5), value_and_grad(turned)
    state, values = rule.init(p), []
    with np.errstate(all="ignore"):
        for _ in range(120):
            value, slope = derive(p)
            values.append(float(value))
            p, state = rule.update(p, slope, state)
    return np.array(values)
