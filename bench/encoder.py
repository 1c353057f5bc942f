"""EfficientNet-Lite0 on photographs: compiled, beside ONNX Runtime and OpenVINO if installed.

Run: python bench/encoder.py [--batches 1 8 32] [--threads 1 2] [--rounds N] [--json FILE]

The engines take turns within each round, so that all see the same state of the machine, and must
agree before they are timed. Weights are random: only time counts here. The peers need ``onnx``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import tushuo
from tushuo.models.efficientnet import ConvNorm, EfficientNetLite

Run = Callable[[np.ndarray], np.ndarray]
SIZE = 224


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    options = parser.parse_args()
    model = EfficientNetLite(rng=0).eval()
    figures: dict[str, object] = starts(model)
    for batch in options.batches:
        x = np.random.default_rng(batch).standard_normal((batch, 3, SIZE, SIZE), np.float32)
        for threads in options.threads:
            engines = {"tushuo.compile": compiled(model, threads), **peers(model, batch, threads)}
            for name, times in measured(engines, x, options.rounds).items():
                low, middle = min(times), statistics.median(times)
                figures[f"batch {batch}, {threads} threads: {name}"] = {
                    "ms an image": round(middle / batch * 1e3, 2),
                    "least": round(low / batch * 1e3, 2),
                }
        figures[f"batch {batch}: arena, bytes"] = arena(model, x)
    for name, value in figures.items():
        print(f"{name:44} {value}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


def starts(model: EfficientNetLite) -> dict[str, object]:
    """Seconds to the first result: compiling everything, and with the machine code on disk."""
    from tushuo.compile.compiled import Compiled
    from tushuo.compile.store import Store

    x = np.zeros((1, 3, SIZE, SIZE), np.float32)
    with tempfile.TemporaryDirectory() as folder:
        times = []
        for _ in range(2):
            f = Compiled(lambda x: model(x), False, (), Store(Path(folder)))
            start = time.perf_counter()
            f(x)
            times.append(round(time.perf_counter() - start, 2))
    return {"first result, seconds": {"cold": times[0], "code in the cache": times[1]}}


def compiled(model: EfficientNetLite, threads: int) -> Run:
    f = tushuo.compile(lambda x: model(x))

    def run(x: np.ndarray) -> np.ndarray:
        tushuo.set_num_threads(threads)
        logits: np.ndarray = f(x).numpy()
        return logits

    return run


def arena(model: EfficientNetLite, x: np.ndarray) -> int:
    """Memory for all that is computed in between."""
    f = tushuo.compile(lambda x: model(x))
    f(x)
    return f.explain().arena


def measured(engines: dict[str, Run], x: np.ndarray, rounds: int) -> dict[str, list[float]]:
    """The times of all engines, which take turns after they agreed."""
    wanted, *others = (run(x) for run in engines.values())
    for found in others:
        np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-4)
    times: dict[str, list[float]] = {name: [] for name in engines}
    for _ in range(rounds):
        for name, run in engines.items():
            time.sleep(0.05)  # threads of the others look for work for a while
            run(x)  # and what they left in the cache goes
            start = time.perf_counter()
            run(x)
            times[name].append(time.perf_counter() - start)
    return times


def peers(model: EfficientNetLite, batch: int, threads: int) -> dict[str, Run]:
    """The engines that are installed."""
    try:
        network = exported(model.folded()).SerializeToString()
    except ImportError:
        return {}
    found: dict[str, Run] = {}
    for name, make in (("ONNX Runtime", onnx_runtime), ("OpenVINO", openvino)):
        try:
            found[name] = make(network, batch, threads)
        except ImportError:
            continue
    return found


def onnx_runtime(network: bytes, batch: int, threads: int) -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    return lambda x: session.run(None, {"x": x})[0]


def openvino(network: bytes, batch: int, threads: int) -> Run:
    import openvino as ov

    core = ov.Core()
    graph = core.read_model(network)
    graph.reshape([batch, 3, SIZE, SIZE])
    settings = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}
    request = core.compile_model(graph, "CPU", settings).create_infer_request()
    return lambda x: np.array(request.infer({0: x})[0])


def exported(model: EfficientNetLite) -> Any:
    """The network, its norms folded, in ONNX.

    Raises:
        ImportError: ``onnx`` is not installed.
    """
    from onnx import TensorProto, helper, numpy_helper

    nodes: list[Any] = []
    arrays: dict[str, Any] = {"low": np.float32(0), "high": np.float32(6)}

    def add(kind: str, *inputs: str, **settings: Any) -> str:
        nodes.append(helper.make_node(kind, inputs, [f"v{len(nodes)}"], **settings))
        return f"v{len(nodes) - 1}"

    def convolution(x: str, layer: ConvNorm, size: int) -> tuple[str, int]:
        conv, name = layer.conv, f"w{len(nodes)}"
        arrays[name], arrays[f"{name}b"] = conv.weight, conv.bias
        stride, out = conv.stride[0], -(-size // conv.stride[0])
        missing = max((out - 1) * stride + conv.kernel_size[0] - size, 0)
        pads = [missing // 2] * 2 + [missing - missing // 2] * 2
        settings = {"strides": conv.stride, "group": conv.groups, "pads": pads}
        return add("Conv", x, name, f"{name}b", **settings), out

    def active(x: str) -> str:
        return add("Clip", x, "low", "high")

    x, size = convolution("x", model.stem, SIZE)
    x = active(x)
    for block in model.blocks:
        y = x
        if block.expand is not None:
            y, size = convolution(y, block.expand, size)
            y = active(y)
        y, size = convolution(y, block.depthwise, size)
        y, size = convolution(active(y), block.project, size)
        x = add("Add", x, y) if block.residual else y
    x, size = convolution(x, model.head, size)
    arrays["fc"], arrays["fcb"] = model.classifier.weight, model.classifier.bias
    x = add("Gemm", add("Flatten", add("GlobalAveragePool", active(x))), "fc", "fcb", transB=1)
    images, logits = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in (("x", ["N", 3, SIZE, SIZE]), (x, ["N", 1000]))
    )
    weights = [numpy_helper.from_array(np.asarray(a), name) for name, a in arrays.items()]
    graph = helper.make_graph(nodes, "efficientnet", [images], [logits], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


if __name__ == "__main__":
    main()
