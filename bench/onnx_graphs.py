"""The networks in ONNX."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from bench.networks import Array, Conv, Lite0

OPSET, IR = 17, 9


class Graph:
    """A graph in the making."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.arrays: dict[str, Array] = {}

    def add(self, kind: str, *inputs: str, **settings: Any) -> str:
        """An operation with one result, whose name it returns."""
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **settings))
        return name

    def weight(self, name: str, array: Any) -> str:
        self.arrays[name] = np.asarray(array)
        return name

    def bytes(self, inputs: dict[str, Any], outputs: dict[str, Any]) -> bytes:
        """The model; inputs and outputs have (type, shape)."""
        ends = [
            [helper.make_tensor_value_info(n, kind, shape) for n, (kind, shape) in part.items()]
            for part in (inputs, outputs)
        ]
        weights = [numpy_helper.from_array(a, name) for name, a in self.arrays.items()]
        graph = helper.make_graph(self.nodes, "bench", *ends, weights)
        opset = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=IR)
        return bytes(model.SerializeToString())


def network(model: Lite0, batch: int, size: int = 224) -> bytes:
    """From `x` (N, 3, S, S) to logits (N, 1000)."""
    graph = Graph()
    low, high = graph.weight("low", np.float32(0)), graph.weight("high", np.float32(6))

    def convolution(x: str, conv: Conv) -> str:
        nonlocal size
        name, (before, after) = f"w{len(graph.nodes)}", conv.pads(size)
        names = graph.weight(name, conv.weight), graph.weight(f"{name}b", conv.bias)
        size = -(-size // conv.stride)
        pads, strides = [before] * 2 + [after] * 2, [conv.stride] * 2
        return graph.add("Conv", x, *names, strides=strides, group=conv.groups, pads=pads)

    def active(x: str) -> str:
        return graph.add("Clip", x, low, high)

    shape = batch, 3, size, size
    x = active(convolution("x", model.stem))
    for block in model.blocks:
        y = x
        for conv in block.active:
            y = active(convolution(y, conv))
        y = convolution(y, block.project)
        x = graph.add("Add", x, y) if block.residual else y
    pooled = graph.add("GlobalAveragePool", active(convolution(x, model.head)))
    names = (graph.weight(n, a) for n, a in zip(("fc", "fcb"), model.classifier, strict=True))
    logits = graph.add("Gemm", graph.add("Flatten", pooled), *names, transB=1)
    kind = TensorProto.FLOAT
    return graph.bytes({"x": (kind, shape)}, {logits: (kind, (batch, 1000))})


class Decoder(Graph):
    """The captioning decoder: its beginning and its step."""

    def __init__(self, params: dict[str, Array]) -> None:
        super().__init__()
        self.params = params

    def linear(self, name: str, x: str, kind: str = "") -> str:
        weight, bias = f"{name}.weight{kind}", f"{name}.bias{kind}"
        self.weight(weight, np.ascontiguousarray(self.params[weight].T))
        y = self.add("MatMul", x, weight)
        if bias not in self.params:
            return y
        return self.add("Add", y, self.weight(bias, self.params[bias]))

    def begin(self) -> tuple[bytes, list[str]]:
        """From `features` (1, L, D) to annotations, keys (1, L, C), h and c (1, H)."""
        values = self.add("Relu", self.linear("annotate", "features"))
        mean = self.add("ReduceMean", values, axes=[1], keepdims=0)
        first = [self.add("Tanh", self.linear(name, mean)) for name in ("initial_h", "initial_c")]
        names = [values, self.linear("attend.key", values), *first]
        shapes = [(1, 49, 512)] * 2 + [(1, 512)] * 2
        outputs = {n: (TensorProto.FLOAT, s) for n, s in zip(names, shapes, strict=True)}
        return self.bytes({"features": (TensorProto.FLOAT, (1, 49, 512))}, outputs), names

    def step(self, beams: int) -> tuple[bytes, list[str]]:
        """From values, keys, h, c (K, H) and words (K,) to log-probabilities, h and c."""
        add = self.add
        embedding = self.weight("embed", self.params["embed.weight"])
        vectors = add("Gather", embedding, "words")
        one = self.weight("one", np.array([1], np.int64))
        query = add("Unsqueeze", self.linear("attend.query", "h"), one)  # (K, 1, A)
        scores = self.linear("attend.score", add("Tanh", add("Add", "keys", query)))
        last = self.weight("last", np.array([2], np.int64))
        weights = add("Softmax", add("Squeeze", scores, last), axis=1)  # (K, L)
        zero = self.weight("zero", np.array([0], np.int64))
        mean = add("MatMul", weights, add("Squeeze", "values", zero))
        z = add("Mul", add("Sigmoid", self.linear("gate", "h")), mean)
        gates = [self.linear("cell", v, k) for v, k in ((vectors, "_ih"), ("h", "_hh"))]
        gates.append(self.linear("context", z))
        h, c = self._memory(add("Add", add("Add", *gates[:2]), gates[2]))
        hidden = add("Add", self.linear("output_h", h), self.linear("output_z", z))
        hidden = add("Add", vectors, hidden)
        found = [add("LogSoftmax", self.linear("output", add("Tanh", hidden)), axis=1), h, c]
        kind, size = TensorProto.FLOAT, 512
        inputs: dict[str, Any] = dict.fromkeys(("values", "keys"), (kind, (1, 49, size)))
        inputs |= dict.fromkeys(("h", "c"), (kind, (beams, size)))
        inputs["words"] = TensorProto.INT64, (beams,)
        shapes = (beams, len(self.params["embed.weight"])), (beams, size), (beams, size)
        outputs = {n: (kind, s) for n, s in zip(found, shapes, strict=True)}
        return self.bytes(inputs, outputs), found

    def _memory(self, gates: str) -> tuple[str, str]:
        parts = [f"gate{k}" for k in range(4)]
        self.nodes.append(helper.make_node("Split", [gates], parts, axis=1))
        i, f, o = (self.add("Sigmoid", parts[k]) for k in (0, 1, 3))
        fresh = self.add("Mul", i, self.add("Tanh", parts[2]))
        c = self.add("Add", self.add("Mul", f, "c"), fresh)
        return self.add("Mul", o, self.add("Tanh", c)), c
