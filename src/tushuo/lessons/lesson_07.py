"""Exercises of lesson 07: graphs, sums over paths, forward against reverse."""

from __future__ import annotations

from typing import Any

from tushuo.lessons.exercise import Lesson, expect, function, near, wrong
from tushuo.lessons.text import Text

LESSON = Lesson(
    "lesson-07",
    Text("Graphs, sums over paths, forward against reverse", "计算图、路径之和、前向与反向"),
)

_ORDER = Text(
    "edges are (source, target, slope); those into a node come before those out of it",
    "edges 由 (起点, 终点, 斜率) 组成；进入一个结点的边总排在离开它的边之前",
)


@LESSON.exercise(
    "slopes",
    stub='slopes = {"a": ..., "b": ...}',
    task=Text(
        "On paper: the derivatives of e = (a + b) * (b + 1) at a = 3, b = -2, as sums over paths.",
        "在纸上：e = (a + b) * (b + 1) 在 a = 3、b = -2 处对 a 和 b 的导数，用路径之和求。",
    ),
    hints=(
        Text("One path leads from a to e, two lead from b.", "从 a 到 e 有一条路径，从 b 有两条。"),
        Text(
            "c = a + b = 1 and d = b + 1 = -1. The slope of the edge from c to e is d.",
            "c = a + b = 1，d = b + 1 = -1。从 c 到 e 的边，斜率是 d。",
        ),
        Text("Two paths can cancel: d + c.", "两条路径可以相互抵消：d + c。"),
    ),
)
def _slopes(answer: Any) -> None:
    from tushuo.gradients.circuits import PRODUCT_OF_SUMS

    right = PRODUCT_OF_SUMS.by_graph(a=3.0, b=-2.0)[1]
    expect(
        isinstance(answer, dict) and set(answer) == set(right),
        "slopes should be a dictionary with the keys a and b",
        "slopes 应是字典，键为 a 和 b",
    )
    for name, slope in right.items():
        if answer[name] != slope:
            near(answer[name], answer[name], f"slopes['{name}']")  # is it a number at all?
            wrong(f"the slope by {name} is not right", f"对 {name} 的导数不对")


@LESSON.exercise(
    "ways",
    stub="def ways(edges, source, target):\n    return ...",
    task=Text(
        f"Count the paths from one node to another without walking them one by one;\n{_ORDER.en}.",
        f"数出两个结点之间有多少条路径，但不要一条一条地走；\n{_ORDER.zh}。",
    ),
    hints=(
        Text(
            "Keep a number at each node: how many ways lead to it from the source.",
            "在每个结点上记一个数：从起点到它有多少条路径。",
        ),
        Text(
            "Go through the edges once; the target of each gets what its source has.",
            "把所有的边过一遍；每条边的终点加上起点已有的数。",
        ),
        Text(
            "count = {source: 1}, then count[t] = count.get(t, 0) + count.get(s, 0) for each edge.",
            "先令 count = {source: 1}，再对每条边做 count[t] = count.get(t, 0) + count.get(s, 0)。",
        ),
    ),
)
def _ways(answer: Any) -> None:
    from tushuo.gradients.paths import count_paths, layered

    ways = function(answer, "ways")
    diamond = [("a", "b", 2.0), ("a", "c", 3.0), ("b", "d", 5.0), ("c", "d", 7.0), ("a", "d", 1.0)]
    near(
        ways(diamond, "a", "d"),
        3,
        Text("the number of ways through a diamond with a short cut", "带捷径的菱形图，路径数"),
    )
    near(
        ways(diamond, "b", "c"),
        0,
        Text("the number of ways between nodes without a path", "两个不相通的结点之间，路径数"),
    )
    for widths in ([2, 3, 2], [4] * 12):  # the second has 16 million
        edges, inputs, output = layered(widths)
        right = count_paths(edges, inputs[0], output)
        what = Text(
            f"the number of ways through layers {widths}", f"各层结点数为 {widths} 时，路径数"
        )
        near(ways(edges, inputs[0], output), right, what)


@LESSON.exercise(
    "sweep",
    stub="def sweep(edges, inputs, output):\n    return ...",
    task=Text(
        "Write the reverse sweep: a dictionary of the derivatives of output by each of inputs;\n"
        f"{_ORDER.en}.",
        f"写出反向扫描：返回字典，即 output 对每个 inputs 的导数；\n{_ORDER.zh}。",
    ),
    hints=(
        Text(
            "Start with {output: 1.0} and take the edges in reverse order.",
            "从 {output: 1.0} 开始，按相反的次序处理每条边。",
        ),
        Text(
            "The source of an edge gets slope times what its target has.",
            "边的起点得到：斜率乘以终点已有的值。",
        ),
        Text(
            "It is added to what the source has already: two paths, two contributions.",
            "要加到起点已有的值上：两条路径，两份贡献。",
        ),
    ),
)
def _sweep(answer: Any) -> None:
    from tushuo.gradients.circuits import CIRCUITS
    from tushuo.gradients.paths import layered, sum_over_paths

    sweep = function(answer, "sweep")
    for circuit in CIRCUITS:
        stages = circuit.gates(**circuit.inputs)
        names, output = list(circuit.inputs), stages.stages[-1].name
        _same(
            sweep(stages.edges(), names, output),
            stages.backward(output),
            Text(circuit.expression, circuit.expression),
        )
    edges, inputs, output = layered([3, 4, 4, 2])
    right = sum_over_paths(edges, inputs, output).gradients
    _same(sweep(edges, inputs, output), right, Text("a graph of four layers", "四层的图"))
    lonely = sweep([("a", "b", 2.0)], ["a", "z"], "b")
    _same(lonely, {"a": 2.0, "z": 0.0}, Text("an input z without a path", "没有路径相通的输入 z"))


def _same(found: Any, right: dict[str, float], where: Text) -> None:
    expect(
        isinstance(found, dict) and set(right) <= set(found),
        f"for {where.en}, sweep should return a dictionary with the keys {', '.join(right)}",
        f"对于 {where.zh}，sweep 应返回键为 {', '.join(right)} 的字典",
    )
    for name, slope in right.items():
        what = Text(
            f"for {where.en}, the derivative by {name}", f"对于 {where.zh}，对 {name} 的导数"
        )
        near(found[name], slope, what, atol=1e-12)


@LESSON.exercise(
    "sweeps",
    stub='sweeps = {"forward": ..., "reverse": ...}',
    task=Text(
        "A function takes 3 numbers and returns 1,000. How many sweeps does its whole Jacobian "
        "take, forward and in reverse?",
        "一个函数输入 3 个数，输出 1000 个数。求整个雅可比矩阵，前向和反向各要扫描多少遍？",
    ),
    hints=(
        Text(
            "A forward sweep starts at one input. Where does a reverse sweep start?",
            "一遍前向扫描从一个输入出发。反向扫描从哪里出发？",
        ),
        Text(
            "A forward sweep gives a column of the Jacobian, a reverse one a row.",
            "一遍前向扫描得到雅可比矩阵的一列，一遍反向扫描得到一行。",
        ),
    ),
)
def _sweeps(answer: Any) -> None:
    inputs, outputs = 3, 1000
    right = {"forward": inputs, "reverse": outputs}
    expect(
        isinstance(answer, dict) and set(answer) == set(right),
        "sweeps should be a dictionary with the keys forward and reverse",
        "sweeps 应是字典，键为 forward 和 reverse",
    )
    for way, count in right.items():
        if answer[way] != count:
            wrong(f"the number of {way} sweeps is not right", f"{way} 的遍数不对")
