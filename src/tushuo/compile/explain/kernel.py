"""One step of a compiled program, and its figures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple


class Line(NamedTuple):
    """A line of the user's code; the text is empty where the file is not there."""

    file: str
    number: int
    text: str

    def __str__(self) -> str:
        return f"{Path(self.file).name}:{self.number}"


class Apart(NamedTuple):
    """Why a kernel is not one with another one that it reads from, given by its number."""

    kernel: int
    why: str


@dataclass(frozen=True)
class Kernel:
    """One step of a compiled program.

    Attributes:
        number: Its place in the order in which they run, from 0.
        kind: What it is: "loop", "product", "convolution", "gather", "assembly" or "NumPy"; a tail
            or a sum at its end are named behind a plus.
        ops: The operations, in order.
        reads: Data types and shapes of what it reads.
        writes: Those of what it writes.
        shape: What it runs over: a loop's shape, (m, n, k) of a product.
        flops: Floating-point operations; an exponential counts as one. 0 for NumPy's.
        bytes: Read and written, each once.
        lines: The user's lines that asked for it.
        fused: Why its operations are together.
        apart: Why it is not a part of kernels before it.
        threads: How many may work on it.
        seconds: The shortest time of several runs, None if it was not measured.
        least: The time in which the measured machine could do it, None if it was not measured.
    """

    number: int
    kind: str
    ops: tuple[str, ...]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    shape: tuple[int, ...]
    flops: int
    bytes: int
    lines: tuple[Line, ...]
    fused: str
    apart: tuple[Apart, ...] = ()
    threads: int = 1
    seconds: float | None = None
    least: float | None = None

    @property
    def runs(self) -> str:
        """What runs it: "machine code" or "NumPy"."""
        return "NumPy" if self.kind == "NumPy" else "machine code"

    @property
    def what(self) -> str:
        """The operations in short."""
        names = self.ops
        return " ".join(names) if len(names) <= 8 else f"{' '.join(names[:7])} ... ({len(names)})"

    @property
    def source(self) -> str:
        """The user's last line, as ``file.py:12``."""
        return str(self.lines[-1]) if self.lines else ""

    @property
    def intensity(self) -> float:
        """Floating-point operations a byte."""
        return self.flops / self.bytes if self.bytes else 0.0

    @property
    def gflops(self) -> float | None:
        """Billions of floating-point operations a second."""
        return self.flops / self.seconds / 1e9 if self.seconds else None

    @property
    def bandwidth(self) -> float | None:
        """GB a second."""
        return self.bytes / self.seconds / 1e9 if self.seconds else None

    @property
    def share(self) -> float | None:
        """The part of the roofline that it reaches: GFLOP/s of the least of the machine's peak and
        its intensity times the bandwidth; without operations, GB/s of the bandwidth."""
        return self.least / self.seconds if self.seconds and self.least is not None else None

    def to_dict(self) -> dict[str, Any]:
        """All of it, as JSON can hold it."""
        return {
            "number": self.number,
            "runs": self.runs,
            "kind": self.kind,
            "ops": list(self.ops),
            "reads": list(self.reads),
            "writes": list(self.writes),
            "shape": list(self.shape),
            "flops": self.flops,
            "bytes": self.bytes,
            "lines": [line._asdict() for line in self.lines],
            "fused": self.fused,
            "apart": [each._asdict() for each in self.apart],
            "threads": self.threads,
            "seconds": self.seconds,
            "gflops": self.gflops,
            "gbytes": self.bandwidth,
            "share": self.share,
        }
