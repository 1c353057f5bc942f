"""Exercises of lesson 10: write your own operation."""

from __future__ import annotations

from typing import Any

import numpy as np

from tushuo.errors import GradientError
from tushuo.graph import Tensor, asarray, check_grads, grad
from tushuo.graph.op import Op
from tushuo.lessons.exercise import Lesson, expect, near, wrong
from tushuo.lessons.text import Text

LESSON = Lesson("lesson-10", Text("Write your own operation", "编写自己的运算"))


@LESSON.exercise(
    "log_cosh",
    stub="log_cosh = ...",
    task=Text(
        "An operation, elementwise: log(cosh(x)), right at x = 1000 too. Write a subclass of\n"
        "tushuo.graph.op.Elementwise with forward and slopes; the answer is an instance of it.",
        "一个逐元素运算：log(cosh(x))，在 x = 1000 处也要正确。写一个\n"
        "tushuo.graph.op.Elementwise 的子类，定义 forward 和 slopes；答案是它的一个实例。",
    ),
    hints=(
        Text(
            "cosh(x) = (exp(x) + exp(-x)) / 2; take out the larger of the two exponentials.",
            "cosh(x) = (exp(x) + exp(-x)) / 2；把较大的那个指数提出来。",
        ),
        Text(
            "log(cosh(x)) = |x| + log1p(exp(-2|x|)) - log(2), and its derivative is tanh(x).",
            "log(cosh(x)) = |x| + log1p(exp(-2|x|)) - log(2)，导数是 tanh(x)。",
        ),
        Text(
            "slopes returns one function for the one operand: (lambda t: t * tushuo.tanh(x),)",
            "slopes 为唯一的操作数返回一个函数：(lambda t: t * tushuo.tanh(x),)",
        ),
    ),
)
def _log_cosh(answer: Any) -> None:
    op, x = _operation(answer, "log_cosh"), np.array([-2.0, 0.0, 0.3, 5.0])
    near(op(x), np.log(np.cosh(x)), "log_cosh([-2, 0, 0.3, 5])")
    with np.errstate(all="ignore"):
        near(op(np.array([1000.0])), [1000 - np.log(2)], "log_cosh([1000])")
        slope = grad(lambda z: op(z)[0])(np.array([1000.0]))
    near(slope, [1.0], Text("the slope of log_cosh at 1000", "log_cosh 在 1000 处的斜率"))
    _derivatives(op, x)


@LESSON.exercise(
    "difference",
    stub="difference = ...",
    task=Text(
        "An operation, linear: from x of shape (n,) to x[1:] - x[:-1]. Write a subclass of\n"
        "tushuo.graph.op.Linear with forward and transpose; the answer is an instance of it.",
        "一个线性运算：把形状为 (n,) 的 x 变成 x[1:] - x[:-1]。写一个 tushuo.graph.op.Linear\n"
        "的子类，定义 forward 和 transpose；答案是它的一个实例。",
    ),
    hints=(
        Text(
            "In which results does x[i] appear, and with which sign?",
            "x[i] 出现在哪几个结果里，符号是什么？",
        ),
        Text(
            "With plus in result i - 1, with minus in result i: its gradient is g[i-1] - g[i].",
            "在结果 i - 1 里为正，在结果 i 里为负：它的梯度是 g[i-1] - g[i]。",
        ),
        Text(
            "The ends have one neighbour: tushuo.concat([-g[:1], g[:-1] - g[1:], g[-1:]]); "
            "transpose returns a tuple.",
            "两端只有一个邻居：tushuo.concat([-g[:1], g[:-1] - g[1:], g[-1:]])；"
            "transpose 要返回一个元组。",
        ),
    ),
)
def _difference(answer: Any) -> None:
    op, x = _operation(answer, "difference"), np.array([3.0, -1.0, 4.0, 1.0, 5.0])
    near(op(x), np.diff(x), f"difference({x.tolist()})")
    g = 10.0 ** np.arange(4)
    cotangents = answer.vjp(asarray(g), op(x), asarray(x))
    expect(
        isinstance(cotangents, list | tuple) and len(cotangents) == 1,
        "transpose should return a tuple with one gradient, that of x",
        "transpose 应返回只含一个梯度（x 的梯度）的元组",
    )
    back = cotangents[0]() if not isinstance(cotangents[0], Tensor) else cotangents[0]
    at = "[1, 10, 100, 1000]"
    what = Text(f"the transpose of difference at {at}", f"difference 的转置作用于 {at}")
    near(back, np.array([-1.0, -9.0, -90.0, -900.0, 1000.0]), what)
    _derivatives(op, x)


@LESSON.exercise(
    "lambert",
    stub="lambert = ...",
    task=Text(
        "An operation, elementwise: for x > 0 the w with w * exp(w) = x, found by Newton's\n"
        "method. Its slope comes from the equation, not from the iterations; the answer is an\n"
        "instance.",
        "一个逐元素运算：对 x > 0，用牛顿法求满足 w * exp(w) = x 的 w。\n"
        "斜率由方程得出，而不是由迭代过程得出；答案是一个实例。",
    ),
    hints=(
        Text(
            "Newton: w = w - (w exp(w) - x) / (exp(w) (1 + w)); begin at log(1 + x), which is "
            "never too small.",
            "牛顿法：w = w - (w exp(w) - x) / (exp(w) (1 + w))；从不小于解的 log(1 + x) 开始。",
        ),
        Text(
            "Both sides of w exp(w) = x move together: exp(w) (1 + w) dw = dx.",
            "w exp(w) = x 的两边一起变化：exp(w) (1 + w) dw = dx。",
        ),
        Text(
            "slopes gets the result as out: lambda t: t / (tushuo.exp(out) * (1 + out))",
            "slopes 通过 out 得到结果：lambda t: t / (tushuo.exp(out) * (1 + out))",
        ),
    ),
)
def _lambert(answer: Any) -> None:
    op, x = _operation(answer, "lambert"), np.array([0.1, 1.0, np.e, 20.0, 500.0])
    w = np.asarray(op(x).numpy())
    near(
        w * np.exp(w),
        x,
        Text(
            "w * exp(w) of w = lambert([0.1, 1, e, 20, 500])",
            "w = lambert([0.1, 1, e, 20, 500])，w * exp(w)",
        ),
    )
    _derivatives(op, x[:4])


def _operation(answer: Any, name: str) -> Op:
    if isinstance(answer, type) and issubclass(answer, Op):
        wrong(
            f"{name} is a class; make an instance of it: {name} = {answer.__name__}()",
            f"{name} 是一个类；请创建实例：{name} = {answer.__name__}()",
        )
    if not isinstance(answer, Op):
        kind = type(answer).__name__
        wrong(
            f"{name} is a {kind}; an instance of a subclass of tushuo.graph.op.Op is expected",
            f"{name} 是 {kind}；应为 tushuo.graph.op.Op 某个子类的实例",
        )
    return answer


def _derivatives(op: Op, x: np.ndarray) -> None:
    try:
        check_grads(op, (x,), order=2)
    except GradientError as error:
        wrong(f"the derivatives do not hold: {error}", f"导数不对：{error}")
