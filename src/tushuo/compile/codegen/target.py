"""The processor at hand."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import llvmlite.binding as llvm


class Target(NamedTuple):
    """What code generation has to know of the processor.

    Attributes:
        triple: LLVM's name of architecture and system.
        cpu: LLVM's name of the model.
        features: LLVM's list of what it can do.
        vector_bytes: The length of a vector register.
        registers: How many of them there are.
    """

    triple: str
    cpu: str
    features: str
    vector_bytes: int
    registers: int


@cache
def host() -> Target:
    """This machine."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features()
    wide, middle = features.get("avx512f"), features.get("avx")
    triple = llvm.get_process_triple()
    arm = triple.startswith(("aarch64", "arm64"))
    size = 64 if wide else 32 if middle else 16
    return Target(
        triple, llvm.get_host_cpu_name(), features.flatten(), size, 32 if wide or arm else 16
    )


def machine(target: Target) -> llvm.TargetMachine:
    """LLVM's code generator for a processor."""
    kind = llvm.Target.from_triple(target.triple)
    return kind.create_target_machine(
        cpu=target.cpu, features=target.features, opt=3, reloc="pic", codemodel="default"
    )
