"""ONNX Runtime and OpenVINO, in float32 and in the low precision that each does best."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from bench import onnx_graphs
from bench.beam import search, share_of_same
from bench.job import Job
from bench.workloads import BEAMS, Data, examples

Run = Callable[[dict[str, np.ndarray]], Any]
Engine = Callable[..., Run]
"""From a model in ONNX, its outputs' names and a shape to a function of its inputs."""

_threads = 1


def use(threads: int) -> None:
    global _threads
    _threads = threads


def onnx_runtime(model: bytes, outputs: list[str] | None = None) -> Run:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = _threads
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return lambda inputs: session.run(outputs, inputs)


def openvino(model: bytes, outputs: list[str] | None = None, precision: str = "f32") -> Run:
    import openvino as ov

    settings = {
        "INFERENCE_NUM_THREADS": _threads,
        "INFERENCE_PRECISION_HINT": precision,
        "PERFORMANCE_HINT": "LATENCY",
    }
    core = ov.Core()
    compiled = core.compile_model(core.read_model(model), "CPU", settings)
    request = compiled.create_infer_request()
    places = [compiled.output(name) for name in outputs] if outputs else [compiled.output(0)]

    def run(inputs: dict[str, np.ndarray]) -> Any:
        found = request.infer(inputs, share_inputs=True, share_outputs=True)
        return [found[place] for place in places]

    return run


def network(data: Data, engine: Engine) -> Job:
    run_once = engine(onnx_graphs.network(data.params, len(data.x)))

    def run(steps: int) -> Any:
        for _ in range(steps):
            logits = run_once({"x": data.x})[0]
        return [np.array(logits)]

    return Job(run)


def int8(data: Data) -> Job:
    """Weights by channel, activations calibrated."""
    from onnxruntime import quantization as q

    left = [{"x": x[None]} for x in examples()]

    class Inputs(q.CalibrationDataReader):
        def get_next(self) -> Any:
            return left.pop() if left else None

    with tempfile.TemporaryDirectory() as folder:
        plain, prepared, small = (Path(folder) / f"{i}.onnx" for i in range(3))
        plain.write_bytes(onnx_graphs.network(data.params, 1))
        q.quant_pre_process(str(plain), str(prepared), skip_symbolic_shape=True)
        q.quantize_static(
            str(prepared),
            str(small),
            Inputs(),
            per_channel=True,
            quant_format=q.QuantFormat.QDQ,
            activation_type=q.QuantType.QUInt8,
            weight_type=q.QuantType.QInt8,
        )
        model = small.read_bytes()
    run_once = onnx_runtime(_any_batch(model))

    def run(steps: int) -> Any:
        for _ in range(steps):
            logits = run_once({"x": data.x})[0]
        return [logits]

    return Job(run)


def _any_batch(model: bytes) -> bytes:
    """The model for batches of any size: it was quantised for one."""
    import onnx

    found = onnx.load_from_string(model)
    for end in (*found.graph.input, *found.graph.output):
        end.type.tensor_type.shape.dim[0].dim_param = "N"
    del found.graph.value_info[:]
    content: bytes = found.SerializeToString()
    return content


def decode(data: Data, engine: Engine, low: bool = False) -> Job:
    begin, names = onnx_graphs.Decoder(data.params).begin()
    further, found = onnx_graphs.Decoder(data.params).step(BEAMS)
    begin_run, step_run = engine(begin, names), engine(further, found)

    def sentence(features: np.ndarray) -> Any:
        values, keys, h, c = (np.array(a) for a in begin_run({"features": features}))

        def step(h: np.ndarray, c: np.ndarray, words: np.ndarray) -> Any:
            inputs = {"values": values, "keys": keys, "h": h, "c": c, "words": words}
            return step_run(inputs)

        return search(step, h, c)

    def run(steps: int) -> Any:
        for _ in range(steps):
            best = sentence(data.x)
        return best

    return Job(run, agreement=partial(share_of_same, data, sentence)) if low else Job(run)


def dynamic(model: bytes, outputs: list[str]) -> Run:
    """Products in 8 bits: weights by channel, activations by what they are at each call."""
    from onnxruntime import quantization as q

    with tempfile.TemporaryDirectory() as folder:
        plain, small = (Path(folder) / f"{i}.onnx" for i in range(2))
        plain.write_bytes(model)
        q.quantize_dynamic(str(plain), str(small), per_channel=True, weight_type=q.QuantType.QInt8)
        return onnx_runtime(small.read_bytes(), outputs)


JOBS = {
    ("D", "onnxruntime"): partial(network, engine=onnx_runtime),
    ("D", "openvino"): partial(network, engine=openvino),
    ("D8", "int8"): int8,
    ("D8", "bfloat16"): partial(network, engine=partial(openvino, precision="bf16")),
    ("E", "onnxruntime"): partial(decode, engine=onnx_runtime),
    ("E", "openvino"): partial(decode, engine=openvino),
    ("E8", "int8"): partial(decode, engine=dynamic, low=True),
    ("E8", "bfloat16"): partial(decode, engine=partial(openvino, precision="bf16"), low=True),
}
