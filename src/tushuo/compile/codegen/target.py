"""The processor at hand."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import llvmlite.binding as llvm
from llvmlite import ir


class Target(NamedTuple):
    """What code generation has to know of the processor.

    Attributes:
        triple: LLVM's name of architecture and system.
        cpu: LLVM's name of the model.
        features: LLVM's list of what it can do.
        vector_bytes: The length of a vector register.
        registers: How many of them there are.
        bfloat16: Whether it rounds to bfloat16, and adds up products of pairs of them.
        whole: Whether it adds up products of groups of small whole numbers.
    """

    triple: str
    cpu: str
    features: str
    vector_bytes: int
    registers: int
    bfloat16: bool = False
    whole: bool = False


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
        triple,
        llvm.get_host_cpu_name(),
        features.flatten(),
        size,
        registers=32 if wide or arm else 16,
        bfloat16=bool(wide and features.get("avx512bf16")),
        whole=bool(features.get("avx512vnni" if wide else "avxvnni")),
    )


class Module(ir.Module):  # type: ignore[misc]
    """A module that knows for which processor it is."""

    def __init__(self, name: str, target: Target) -> None:
        super().__init__(name)
        self.triple = target.triple
        self.target = target


def target_of(b: ir.IRBuilder) -> Target | None:
    """The processor that code is written for; None where it is only tried."""
    found: Target | None = getattr(b.module, "target", None)
    return found


def machine(target: Target, level: int = 3) -> llvm.TargetMachine:
    """LLVM's code generator for a processor, that tries as hard as a level from 0 to 3 says."""
    kind = llvm.Target.from_triple(target.triple)
    return kind.create_target_machine(
        cpu=target.cpu, features=target.features, opt=level, reloc="pic", codemodel="default"
    )
