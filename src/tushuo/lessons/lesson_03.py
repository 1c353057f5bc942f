"""Exercises of lesson 03: SGD and the step size, on MNIST."""

from __future__ import annotations

from typing import Any

import numpy as np

from tushuo.lessons.exercise import Lesson, array, expect, function, near
from tushuo.lessons.text import Text

LESSON = Lesson(
    "lesson-03",
    Text("SGD and the step size, on MNIST", "在 MNIST 上看随机梯度下降和步长"),
)

_SHARE = 0.86  # what three epochs reach with good settings; the article's reach a little less

_BATCH = Text("a batch", "一个批量")


@LESSON.exercise(
    "step",
    stub="def step(w, gradient, eta):\n    return ...",
    task=Text(
        "One step of gradient descent: the new parameters, an array like w. w itself stays as it "
        "is.",
        "梯度下降的一步：返回新的参数，与 w 形状相同的数组。w 本身不要改动。",
    ),
    hints=(
        Text("The gradient points uphill.", "梯度指向上坡。"),
        Text(
            "w -= ... changes the array that was passed in; make a new one.",
            "w -= ... 会改动传进来的数组；请生成一个新的。",
        ),
        Text("w - eta * gradient", "w - eta * gradient"),
    ),
)
def _step(answer: Any) -> None:
    step = function(answer, "step")
    w, gradient = np.array([1.0, -2.0, 0.5]), np.array([0.5, 0.0, -4.0])
    before = w.copy()
    near(step(w, gradient, 0.1), [0.95, -2.0, 0.9], "step(w, gradient, 0.1)")
    expect(np.array_equal(w, before), "it changes w itself", "它改动了 w 本身")


@LESSON.exercise(
    "batches",
    stub="def batches(n, size, rng):\n    return ...",
    task=Text(
        "An epoch: a list of arrays of row numbers, together 0 to n - 1 once each, shuffled by the "
        "generator rng; each has `size` of them, the last perhaps fewer.",
        "一轮训练：返回行号数组的列表，合起来 0 到 n - 1 各出现一次，顺序由随机数生成器 rng 打乱；"
        "每个数组有 size 个行号，最后一个可以少一些。",
    ),
    hints=(
        Text("Shuffle first, cut afterwards.", "先打乱，再切分。"),
        Text(
            "rng.permutation(n) gives 0 to n - 1 shuffled.", "rng.permutation(n) 给出打乱的行号。"
        ),
        Text(
            "[order[i : i + size] for i in range(0, n, size)]",
            "[order[i : i + size] for i in range(0, n, size)]",
        ),
    ),
)
def _batches(answer: Any) -> None:
    batches, rng = function(answer, "batches"), np.random.default_rng(3)
    found = [array(b, _BATCH) for b in batches(23, 5, rng)]
    sizes = [len(b) for b in found]
    expect(
        sizes == [5, 5, 5, 5, 3],
        f"batches(23, 5, rng) has sizes {sizes}; [5, 5, 5, 5, 3] are expected",
        f"batches(23, 5, rng) 的大小是 {sizes}，应为 [5, 5, 5, 5, 3]",
    )
    first = np.concatenate(found)
    near(np.sort(first), np.arange(23), Text("the row numbers, sorted,", "行号排序后"))
    expect(np.any(np.diff(first) < 0), "the rows are not shuffled", "行号没有打乱")
    again = np.concatenate([array(b, _BATCH) for b in batches(23, 5, rng)])
    expect(
        not np.array_equal(first, again),
        "the second epoch has the order of the first; draw it from rng each time",
        "第二轮的顺序与第一轮相同；每次都要从 rng 抽取",
    )


@LESSON.exercise(
    "longest_step",
    stub="def longest_step(curvature):\n    return ...",
    task=Text(
        "In the valley C(w) = curvature / 2 * w**2, steps shorter than which eta come nearer to "
        "the bottom, and longer ones go away from it?",
        "在山谷 C(w) = curvature / 2 * w**2 中，eta 小于多少时每一步更接近谷底，大于它则越走越远？",
    ),
    hints=(
        Text(
            "The slope is curvature * w. What is w after a step?",
            "斜率是 curvature * w。走一步后 w 是多少？",
        ),
        Text(
            "It is multiplied by 1 - eta * curvature. When is that -1?",
            "它被乘以 1 - eta * curvature。什么时候等于 -1？",
        ),
        Text("2 / curvature", "2 / curvature"),
    ),
)
def _longest_step(answer: Any) -> None:
    longest_step = function(answer, "longest_step")
    for curvature in (2.0, 0.5, 10.0):
        eta = float(array(longest_step(curvature), f"longest_step({curvature})"))
        what = f"longest_step({curvature}) = {eta:g}"
        expect(_left(curvature, 0.99 * eta) < 1, f"{what} is too long", f"{what} 太大")
        expect(_left(curvature, 1.01 * eta) > 1, f"{what} is too short", f"{what} 太小")


def _left(curvature: float, eta: float) -> float:
    """The distance from the bottom after ten steps from 1."""
    w = 1.0
    for _ in range(10):
        w -= eta * curvature * w
    return abs(w)


@LESSON.exercise(
    "settings",
    stub='settings = {"eta": ..., "mini_batch_size": ...}',
    task=Text(
        f"Settings with which [784, 30, 10] names at least {_SHARE:.0%} of 2,000 validation images "
        "rightly after three epochs on 5,000 images. Search as you like.",
        "找一组设置，使 [784, 30, 10] 在 5000 张图上训练三轮后，"
        f"2000 张验证图至少认对 {_SHARE:.0%}。怎么搜索都可以。",
    ),
    hints=(
        Text(
            "Keep the batches at 10, and try several eta between those of the curves above.",
            "批量保持 10，在上面各条曲线的 eta 之间多试几个。",
        ),
        Text(
            "After so few steps, a longer step than the article's 3 pays, or smaller batches.",
            "步数这么少时，比原文的 3 更大的步长，或更小的批量，会更划算。",
        ),
    ),
)
def _settings(answer: Any) -> None:
    from tushuo.data.mnist import load_mnist
    from tushuo.models.network import Network

    expect(
        isinstance(answer, dict) and set(answer) == {"eta", "mini_batch_size"},
        "settings should be a dictionary with the keys eta and mini_batch_size",
        "settings 应是字典，键为 eta 和 mini_batch_size",
    )
    eta, size = answer["eta"], answer["mini_batch_size"]
    expect(
        isinstance(eta, int | float) and eta > 0 and isinstance(size, int) and size > 0,
        f"got eta {eta!r:.20} and mini_batch_size {size!r:.20}; positive numbers are expected",
        f"eta 为 {eta!r:.20}，mini_batch_size 为 {size!r:.20}，应为正数",
    )
    mnist, network = load_mnist(), Network([784, 30, 10], rng=1)
    x, y = mnist.train[:5000].inputs(np.float64), mnist.train[:5000].targets()
    for epoch in range(3):
        network.train_epoch(x, y, epoch, size, eta)
    valid = mnist.valid[:2000]
    share = network.count_right(valid.inputs(np.float64), valid.targets()) / len(valid)
    expect(
        share >= _SHARE,
        f"{share:.1%} are right; {_SHARE:.0%} are expected",
        f"认对了 {share:.1%}，应达到 {_SHARE:.0%}",
    )
