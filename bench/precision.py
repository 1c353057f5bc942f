"""EfficientNet-Lite0 in lower precision: its time, and how often it names the class of float32.

Run: python bench/precision.py WEIGHTS.pth FOLDER [--count N] [--batches 1 32] [--rounds N]

FOLDER holds photographs (.jpg); some of them are for calibration, N others are classified. ONNX
Runtime in 8 bits and OpenVINO in bfloat16 run beside, one thread each, if they are installed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
import tushuo
from bench import encoder
from tushuo.cli.classify import preprocessing
from tushuo.data import load_image
from tushuo.models.efficientnet import EfficientNetLite
from tushuo.models.pretrained import load_efficientnet

EXAMPLES = 64
PRECISIONS = "float32", "bfloat16", "int16", "int8"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=592)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 32])
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    tushuo.set_num_threads(1)
    model = load_efficientnet(options.weights)
    x = photographs(model, options.folder, options.count + EXAMPLES)
    examples, x = x[:EXAMPLES], x[EXAMPLES:]
    engines = {p: compiled(model, p, examples) for p in PRECISIONS} | peers(model, examples)
    classes = {
        name: np.concatenate([run(x[i : i + 1]).argmax(1) for i in range(len(x))])
        for name, run in engines.items()
    }
    for name, found in classes.items():
        print(f"{name:24} agrees on {np.mean(found == classes['float32']):.2%} of {len(x)}")
    for batch in options.batches:
        for name, times in measured(engines, x[:batch], options.rounds).items():
            print(f"batch {batch}: {name:24} {statistics.median(times) / batch * 1e3:.2f} ms")


def photographs(model: EfficientNetLite, folder: Path, count: int) -> np.ndarray:
    """Photographs from all over the folder, as the network takes them, (count, 3, S, S)."""
    prepare = preprocessing(model)
    files = sorted(folder.glob("*.jpg"))
    chosen = files[:: max(1, len(files) // count)][:count]
    return np.stack([prepare(load_image(f, at_least=prepare.at_least)) for f in chosen])


def compiled(model: EfficientNetLite, precision: str, examples: np.ndarray) -> encoder.Run:
    given = np.split(examples, 4) if precision.startswith("int") else None
    f = tushuo.compile(lambda x: model(x), precision=precision, calibration=given)
    return lambda x: f(x).numpy()


def measured(engines: dict[str, encoder.Run], x: np.ndarray, rounds: int) -> dict[str, list[float]]:
    """The times of all engines, which take turns."""
    times: dict[str, list[float]] = {name: [] for name in engines}
    for _ in range(rounds):
        for name, run in engines.items():
            run(x)
            start = time.perf_counter()
            run(x)
            times[name].append(time.perf_counter() - start)
    return times


def peers(model: EfficientNetLite, examples: np.ndarray) -> dict[str, encoder.Run]:
    """The engines that are installed."""
    try:
        network = encoder.exported(model.folded()).SerializeToString()
    except ImportError:
        return {}
    found: dict[str, encoder.Run] = {}
    with suppress(ImportError):
        found["ONNX Runtime, int8"] = onnx_runtime(network, examples)
    with suppress(ImportError):
        found["OpenVINO, bfloat16"] = openvino(network)
    return found


def onnx_runtime(network: bytes, examples: np.ndarray) -> encoder.Run:
    from onnxruntime import quantization as q

    left: Iterator[np.ndarray] = iter(np.split(examples, len(examples)))

    class Inputs(q.CalibrationDataReader):  # type: ignore[misc]
        def get_next(self) -> dict[str, np.ndarray] | None:
            x = next(left, None)
            return None if x is None else {"x": x}

    with tempfile.TemporaryDirectory() as folder:
        full, small = (Path(folder) / f"{name}.onnx" for name in ("full", "small"))
        full.write_bytes(network)
        kinds = {"activation_type": q.QuantType.QUInt8, "weight_type": q.QuantType.QInt8}
        q.quantize_static(str(full), str(small), Inputs(), per_channel=True, **kinds)
        return encoder.onnx_runtime(small.read_bytes(), 1, 1)


def openvino(network: bytes) -> encoder.Run:
    import openvino as ov

    settings = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "bf16"}
    core = ov.Core()
    engine = partial(core.compile_model, device_name="CPU", config=settings)
    made: dict[int, ov.InferRequest] = {}

    def run(x: np.ndarray) -> np.ndarray:
        if len(x) not in made:
            graph = core.read_model(network)
            graph.reshape(list(x.shape))
            made[len(x)] = engine(graph).create_infer_request()
        return np.array(made[len(x)].infer({0: x})[0])

    return run


if __name__ == "__main__":
    main()
