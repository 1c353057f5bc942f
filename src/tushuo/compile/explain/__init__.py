"""What a function was compiled to, kernel by kernel: as a table, a page and a drawing."""

from __future__ import annotations

from tushuo.compile.explain.explanation import Explanation
from tushuo.compile.explain.kernel import Kernel
from tushuo.compile.explain.kernels import explanation
from tushuo.compile.explain.timing import measured

__all__ = ["Explanation", "Kernel", "explanation", "measured"]
