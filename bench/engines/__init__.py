"""The engines: where they come from, and which code of theirs runs which workload."""

from __future__ import annotations

from typing import NamedTuple

OWN = "tushuo"


class Family(NamedTuple):
    """Engines that share an environment and a module of this package.

    Attributes:
        packages: What pip installs for it; nothing for those that need only what tushuo needs.
        root: The package whose import and installed size are measured.
        titles: What its variants are called.
        runs: For each kind of workload the variants that have it.
    """

    packages: tuple[str, ...]
    root: str
    titles: dict[str, str]
    runs: dict[str, tuple[str, ...]]


FAMILIES = {
    OWN: Family(
        (),
        "tushuo",
        {
            "compile": "tushuo.compile",
            "scan": "tushuo.compile, scan",
            "eager": "tushuo eager",
            "bfloat16": "tushuo.compile, bfloat16",
            "int16": "tushuo.compile, int16",
            "int8": "tushuo.compile, int8",
        },
        {
            "A1": ("compile", "scan"),
            "A2": ("compile", "scan"),
            "B": ("compile",),
            "C": ("compile",),
            "D": ("compile",),
            "D8": ("bfloat16", "int16", "int8"),
            "E": ("compile",),
            "E8": ("bfloat16",),
            "F-eager": ("eager",),
            "F-compiled": ("compile",),
        },
    ),
    "numpy": Family(
        (),
        "numpy",
        {"hand": "NumPy by hand"},
        {"A1": ("hand",), "A2": ("hand",), "E": ("hand",)},
    ),
    "pytorch": Family(
        ("torch==2.13.0", "numpy"),
        "torch",
        {"eager": "PyTorch", "compile": "torch.compile", "bfloat16": "PyTorch, bfloat16"},
        {
            "A1": ("eager", "compile"),
            "A2": ("eager", "compile"),
            "B": ("eager", "compile"),
            "C": ("eager", "compile"),
            "D": ("eager", "compile"),
            "D8": ("bfloat16",),
            "E": ("eager", "compile"),
            "F-eager": ("eager",),
            "F-compiled": ("compile",),
        },
    ),
    "jax": Family(
        ("jax",),
        "jax",
        {"jit": "JAX", "scan": "JAX, scan"},
        {
            "A1": ("jit", "scan"),
            "A2": ("jit", "scan"),
            "B": ("jit",),
            "C": ("scan",),
            "D": ("jit",),
            "E": ("scan",),
            "F-compiled": ("jit",),
        },
    ),
    "tensorflow": Family(
        ("tensorflow-cpu",),
        "tensorflow",
        {"function": "TensorFlow", "loop": "TensorFlow, loop inside"},
        {
            "A1": ("function", "loop"),
            "A2": ("function", "loop"),
            "B": ("function",),
            "C": ("function",),
            "D": ("function",),
            "F-compiled": ("function",),
        },
    ),
    "tinygrad": Family(
        ("tinygrad", "numpy", "ziglang"),
        "tinygrad",
        {"jit": "tinygrad", "eager": "tinygrad, no JIT"},
        {"A1": ("jit",), "A2": ("jit",), "F-eager": ("eager",), "F-compiled": ("jit",)},
    ),
    "autograd": Family(
        ("autograd",),
        "autograd",
        {"eager": "autograd"},
        {"A1": ("eager",), "A2": ("eager",), "F-eager": ("eager",)},
    ),
    "onnx": Family(
        ("onnxruntime", "openvino", "onnx"),
        "onnxruntime",
        {
            "onnxruntime": "ONNX Runtime",
            "openvino": "OpenVINO",
            "int8": "ONNX Runtime, int8",
            "bfloat16": "OpenVINO, bfloat16",
        },
        {
            "D": ("onnxruntime", "openvino"),
            "D8": ("int8", "bfloat16"),
            "E": ("onnxruntime", "openvino"),
            "E8": ("int8", "bfloat16"),
        },
    ),
}
"""By the names that `--engines` and `--env` take, which are also those of the modules."""


class Engine(NamedTuple):
    """A variant of a family."""

    family: str
    variant: str

    @property
    def title(self) -> str:
        """Its name for people."""
        return FAMILIES[self.family].titles[self.variant]


def engines_of(kind: str, families: list[str]) -> list[Engine]:
    """The engines that have a kind of workload."""
    return [Engine(f, v) for f in families for v in FAMILIES[f].runs.get(kind, ())]
