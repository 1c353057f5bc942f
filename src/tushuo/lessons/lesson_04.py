"""Exercises of lesson 04: back-propagation, four equations and a demon."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tushuo.lessons.exercise import Lesson, array, expect, function, near, wrong
from tushuo.lessons.text import Text

LESSON = Lesson(
    "lesson-04",
    Text("Back-propagation: four equations and a demon", "反向传播：四个公式和一个精灵"),
)

Array: TypeAlias = npt.NDArray[Any]


def _sigmoid(z: Array) -> Array:
    a: Array = 1 / (1 + np.exp(-z))
    return a


def _slopes(f: Callable[[Array], Any], z: Array) -> Array:
    """The gradient of f at a column z, by complex steps: exact to rounding."""
    step = 1e-30
    columns = np.eye(len(z))[:, :, np.newaxis] * complex(0, step)
    return np.array([[complex(f(z + push)).imag / step] for push in columns])


@LESSON.exercise(
    "output_error",
    stub="def output_error(a, y):\n    return ...",
    task=Text(
        "BP1: the error of the last layer, from its activations a (sigmoid) and the targets y, "
        "both (n, 1), for the cost sum((a - y)**2) / 2.",
        "BP1：最后一层的错误，由激活 a（sigmoid）和目标 y 求得，二者形状都是 (n, 1)，"
        "损失为 sum((a - y)**2) / 2。",
    ),
    hints=(
        Text("Two slopes are multiplied: dC/da and da/dz.", "两个斜率相乘：dC/da 和 da/dz。"),
        Text("The slope of the sigmoid is a * (1 - a).", "Sigmoid 的斜率是 a * (1 - a)。"),
        Text("(a - y) * a * (1 - a)", "(a - y) * a * (1 - a)"),
    ),
)
def _output_error(answer: Any) -> None:
    output_error, rng = function(answer, "output_error"), np.random.default_rng(4)
    z, y = rng.standard_normal((4, 1)), rng.random((4, 1))
    right = _slopes(lambda z: ((_sigmoid(z) - y) ** 2).sum() / 2, z)
    near(output_error(_sigmoid(z), y), right, "output_error(a, y)")


@LESSON.exercise(
    "error_before",
    stub="def error_before(w, delta, a):\n    return ...",
    task=Text(
        "BP2: the error (n, 1) of a layer with activations a (n, 1), from the error delta (m, 1) "
        "of the next layer and the weights w (m, n) between them.",
        "BP2：某层的激活为 a (n, 1)，由下一层的错误 delta (m, 1) 和两层之间的权重 w (m, n) "
        "求这一层的错误 (n, 1)。",
    ),
    hints=(
        Text("Which product of w and delta is (n, 1)?", "w 和 delta 怎样相乘才是 (n, 1)？"),
        Text("Do not forget the slope of the sigmoid.", "别忘了 sigmoid 的斜率。"),
        Text("(w.T @ delta) * a * (1 - a)", "(w.T @ delta) * a * (1 - a)"),
    ),
)
def _error_before(answer: Any) -> None:
    error_before, rng = function(answer, "error_before"), np.random.default_rng(5)
    for m, n in ((2, 5), (3, 3)):
        w, delta, z = rng.standard_normal((m, n)), rng.standard_normal((m, 1)), np.ones((n, 1))
        z = z * rng.standard_normal((n, 1))
        # a cost whose slope by the next layer's weighted inputs is delta
        right = _slopes(lambda z, w=w, delta=delta: (delta * (w @ _sigmoid(z))).sum(), z)  # type: ignore[misc]
        what = Text(
            f"error_before with w of shape {w.shape}", f"w 形状为 {w.shape} 时 error_before"
        )
        near(error_before(w, delta, _sigmoid(z)), right, what)


@LESSON.exercise(
    "backpropagate",
    stub="def backpropagate(weights, biases, x, y):\n    return ...",
    task=Text(
        "The whole: two lists (nabla_b, nabla_w), shaped like biases and weights, for one example "
        "x, y (columns), any number of sigmoid layers, and the cost sum((a - y)**2) / 2.",
        "完整的算法：对一个样本 x、y（列向量）、任意层数的 sigmoid 网络和损失 sum((a - y)**2) / 2，"
        "返回两个列表 (nabla_b, nabla_w)，形状与 biases、weights 相同。",
    ),
    hints=(
        Text(
            "Go forward first, and keep the activations of all layers, x included.",
            "先前向计算，保留每一层的激活，包括 x。",
        ),
        Text(
            "Then from the last layer to the first: BP3 and BP4 with its delta, and BP2 for the "
            "layer before.",
            "再从最后一层往前：用这一层的 delta 写 BP3 和 BP4，用 BP2 求前一层的 delta。",
        ),
        Text(
            "nabla_b[l] = delta; nabla_w[l] = delta @ activations[l].T; "
            "delta = error_before(weights[l], delta, activations[l])",
            "nabla_b[l] = delta；nabla_w[l] = delta @ activations[l].T；"
            "delta = error_before(weights[l], delta, activations[l])",
        ),
    ),
)
def _backpropagate(answer: Any) -> None:
    backpropagate, rng = function(answer, "backpropagate"), np.random.default_rng(6)
    for sizes in ([3, 2], [2, 3, 2], [4, 5, 3, 2]):
        shapes = list(zip(sizes[1:], sizes[:-1], strict=True))
        weights = [rng.standard_normal(shape) for shape in shapes]
        biases = [rng.standard_normal((n, 1)) for n, _ in shapes]
        x, y = rng.standard_normal((sizes[0], 1)), rng.random((sizes[-1], 1))
        result = backpropagate(list(weights), list(biases), x, y)
        if not isinstance(result, tuple | list) or len(result) != 2:
            wrong("it should return nabla_b, nabla_w", "应返回 nabla_b, nabla_w")
        for name, got, like in zip(("nabla_b", "nabla_w"), result, (biases, weights), strict=True):
            _compare(name, got, like, lambda w=weights, b=biases, x=x, y=y: _cost(w, b, x, y))  # type: ignore[misc]


def _cost(weights: list[Array], biases: list[Array], x: Array, y: Array) -> float:
    a = x
    for w, b in zip(weights, biases, strict=True):
        a = _sigmoid(w @ a + b)
    return float(((a - y) ** 2).sum() / 2)


def _compare(name: str, got: Any, parameters: list[Array], cost: Callable[[], float]) -> None:
    """Hold gradients against central differences by each number of the parameters."""
    count = len(parameters)
    expect(
        isinstance(got, list | tuple) and len(got) == count,
        f"{name} should be a list of {count} arrays in a network of {count + 1} layers",
        f"{count + 1} 层的网络中，{name} 应是含 {count} 个数组的列表",
    )
    for layer, p in enumerate(parameters):
        right = np.zeros_like(p)
        for place in np.ndindex(*p.shape):
            kept, costs = p[place], []
            for push in (1e-5, -1e-5):
                p[place] = kept + push
                costs.append(cost())
            p[place] = kept
            right[place] = (costs[0] - costs[1]) / 2e-5
        matrix = f"{name}[{layer}]"
        what = Text(
            f"{matrix} of a network of {count + 1} layers", f"{count + 1} 层的网络中 {matrix}"
        )
        near(got[layer], right, what, rtol=1e-5, atol=1e-8)


@LESSON.exercise(
    "push",
    stub="def push(delta, most):\n    return ...",
    task=Text(
        "The demon: what to add to the weighted inputs of a layer with the errors delta (n, 1), at "
        "most `most` to each up or down, so that the cost falls as far as the errors promise?",
        "精灵：某层的错误为 delta (n, 1)，每个加权输入最多上下改变 most，"
        "应当加上什么，才能使错误所承诺的损失下降最大？",
    ),
    hints=(
        Text("The promise is the sum of delta * dz.", "承诺是 delta * dz 之和。"),
        Text(
            "Each neuron is pushed as far as allowed, against the sign of its error.",
            "每个神经元都推到允许的最大，方向与错误的符号相反。",
        ),
        Text("-most * np.sign(delta)", "-most * np.sign(delta)"),
    ),
)
def _push(answer: Any) -> None:
    push, delta = function(answer, "push"), np.array([[0.3], [-0.02], [0.0], [-1.5]])
    dz = array(push(delta, 0.1), "push(delta, 0.1)")
    expect(
        dz.shape == delta.shape,
        f"push(delta, 0.1) has shape {dz.shape}; shape {delta.shape} is expected",
        f"push(delta, 0.1) 的形状是 {dz.shape}，应为 {delta.shape}",
    )
    expect(
        np.abs(dz).max() <= 0.1 * (1 + 1e-9),
        f"a push of {np.abs(dz).max():g} is more than 0.1",
        f"推了 {np.abs(dz).max():g}，超过了 0.1",
    )
    near(
        (delta * dz).sum(),
        -0.1 * np.abs(delta).sum(),
        Text("the change that is promised", "所承诺的变化"),
    )
