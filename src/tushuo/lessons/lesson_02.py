"""Exercises of lesson 02: a neuron, a loss, and why not the error rate."""

from __future__ import annotations

from typing import Any

import numpy as np

from tushuo.lessons.exercise import Lesson, array, expect, function, near
from tushuo.lessons.text import Text

LESSON = Lesson(
    "lesson-02",
    Text("A neuron, a loss, and why not the error rate", "神经元、损失函数，以及为什么不用错误率"),
)


@LESSON.exercise(
    "activation",
    stub="def activation(w, x):\n    return ...",
    task=Text(
        "The output of a sigmoid neuron for inputs x (a NumPy array). w[0] is the bias, w[1:] are "
        "the weights.",
        "Sigmoid 神经元对输入 x（NumPy 数组）的输出。w[0] 是偏置，w[1:] 是权重。",
    ),
    hints=(
        Text("First z, the weighted sum, then the sigmoid of it.", "先算加权和 z，再取 sigmoid。"),
        Text("z = w[0] + w[1:] @ x", "z = w[0] + w[1:] @ x"),
        Text("1 / (1 + np.exp(-z))", "1 / (1 + np.exp(-z))"),
    ),
)
def _activation(answer: Any) -> None:
    activation = function(answer, "activation")
    rng = np.random.default_rng(2)
    for n in (1, 3, 8):
        w, x = rng.standard_normal(n + 1), rng.standard_normal(n)
        z = w[0] + sum(w[i + 1] * x[i] for i in range(n))
        what = Text(f"activation for {n} input{'s' * (n > 1)}", f"{n} 个输入时 activation")
        near(activation(w, x), (1 + np.tanh(z / 2)) / 2, what)


@LESSON.exercise(
    "sigmoid_slope",
    stub="def sigmoid_slope(a):\n    return ...",
    task=Text(
        "The slope of the sigmoid at the place where its value is a, from a alone.",
        "Sigmoid 取值为 a 处的斜率，只用 a 来算。",
    ),
    hints=(
        Text("At a = 1/2 it is 1/4; at 0 and at 1 it is 0.", "a = 1/2 处是 1/4；0 和 1 处是 0。"),
        Text("It is a parabola in a.", "它是 a 的抛物线。"),
        Text("a * (1 - a)", "a * (1 - a)"),
    ),
)
def _sigmoid_slope(answer: Any) -> None:
    slope, step = function(answer, "sigmoid_slope"), 1e-30
    for z in (0.0, 1.0, -2.5, 6.0):
        a = 1 / (1 + np.exp(-complex(z, step)))
        near(slope(a.real), a.imag / step, f"sigmoid_slope({a.real:.4f})")


@LESSON.exercise(
    "parameters",
    stub="def parameters(sizes):\n    return ...",
    task=Text(
        "How many weights and biases has a fully connected network with layers of these sizes? "
        "11,935 for [784, 15, 10].",
        "各层大小为 sizes 的全连接网络共有多少权重和偏置？例如 [784, 15, 10] 时是 11935。",
    ),
    hints=(
        Text("The first layer is the input: it has none.", "第一层是输入，没有参数。"),
        Text(
            "A neuron has a weight for each neuron of the layer before, and one bias.",
            "每个神经元对前一层的每个神经元有一个权重，外加一个偏置。",
        ),
        Text(
            "Sum (n + 1) * m over neighbouring sizes n and m.",
            "对相邻两层大小 n 和 m，把 (n + 1) * m 加起来。",
        ),
    ),
)
def _parameters(answer: Any) -> None:
    from tushuo.models.network import Network

    parameters = function(answer, "parameters")
    for sizes in ([784, 15, 10], [3, 2], [5, 4, 3, 2, 1]):
        network = Network(sizes, rng=0)
        count = sum(p.size for p in (*network.weights, *network.biases))
        near(parameters(sizes), count, f"parameters({sizes})")


@LESSON.exercise(
    "rivals",
    stub='rivals = {"first": ..., "second": ...}',
    task=Text(
        "Two lists of five outputs from 0 to 1, whose targets are all 1; above one half is right. "
        "The first has one mistake and the second four, but the second has the smaller MSE.",
        "两个列表，各五个 0 到 1 之间的输出，目标都是 1，大于二分之一算对。"
        "第一个错一个，第二个错四个，但第二个的 MSE 更小。",
    ),
    hints=(
        Text(
            "One mistake can be so bad that it costs as much as four small ones.",
            "一个错误可以离谱到代价抵得上四个小错误。",
        ),
        Text(
            "What does an output of 0 cost? What does one of 0.49?",
            "输出为 0 的代价是多少？0.49 呢？",
        ),
        Text(
            "For the first let the mistake be 0 and the rest just above one half.",
            "让第一个列表里错的那个为 0，其余略高于二分之一。",
        ),
    ),
)
def _rivals(answer: Any) -> None:
    expect(
        isinstance(answer, dict) and set(answer) == {"first", "second"},
        "rivals should be a dictionary with the keys first and second",
        "rivals 应是字典，键为 first 和 second",
    )
    costs = {}
    for name, mistakes in (("first", 1), ("second", 4)):
        outputs = array(answer[name], name)
        expect(
            outputs.shape == (5,) and np.all((outputs >= 0) & (outputs <= 1)),
            f"{name} should be five numbers from 0 to 1",
            f"{name} 应是五个 0 到 1 之间的数",
        )
        made = int(np.count_nonzero(outputs <= 0.5))
        expect(
            made == mistakes,
            f"{name} has {made} mistakes; {mistakes} expected",
            f"{name} 错了 {made} 个，应错 {mistakes} 个",
        )
        costs[name] = float(np.mean((outputs - 1) ** 2) / 2)
    expect(
        costs["second"] < costs["first"],
        f"the MSE of the second is {costs['second']:.4f}, not below {costs['first']:.4f}",
        f"second 的 MSE 是 {costs['second']:.4f}，没有小于 {costs['first']:.4f}",
    )
