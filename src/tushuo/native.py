"""Machine code where it helps, without being asked: where the compiler is installed.

The library's own hot functions go through :func:`native`. ``with tushuo.eager():`` runs them as
they are written, operation by operation; for a whole process do so ``--eager`` on the command line
and the environment variable ``TUSHUO_EAGER=1``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, update_wrapper
from importlib.util import find_spec
from os import environ
from threading import Lock
from typing import Any, Generic, ParamSpec, TypeVar

from tushuo.errors import SignatureError, UsageError

__all__ = ["eager", "is_eager", "native"]

PRECISIONS = ("float32", "bfloat16")
"""Those that need no ranges."""

CALIBRATED = ("int16", "int8")
"""Those that need them."""

Ranges = Mapping[str, tuple[float, float]]
"""The least and the largest operand of products, by the paths of their weights."""

P = ParamSpec("P")
R = TypeVar("R")

_eager: ContextVar[bool | None] = ContextVar("eager", default=None)


@contextmanager
def eager(on: bool = True) -> Iterator[None]:
    """Within this context the library compiles nothing by itself.

    Functions that you gave to ``tushuo.compile`` are not concerned. What has a lower precision,
    as a captioner may, is there for compiled code only: it can neither be made nor called here.

    Args:
        on: False to allow compiling again.
    """
    token = _eager.set(on)
    try:
        yield
    finally:
        _eager.reset(token)


def is_eager() -> bool:
    """Whether the library's functions run operation by operation: asked for, or no compiler."""
    asked = _eager.get()
    if asked is None:
        asked = environ.get("TUSHUO_EAGER", "") not in ("", "0")
    return asked or not _installed()


class native(Generic[P, R]):  # noqa: N801 - used like a function
    """A function that is compiled when it is first called, unless :func:`is_eager`.

    Calls with yet another shape, when there are many programs already, run as written; in lower
    precision, which they would lose by that, they make room by dropping these programs.

    Args:
        f: A function of trees of Tensors, as ``tushuo.compile`` takes it.
        after: After so many calls: compiling takes seconds, and pays for many calls only.
        precision: As of ``tushuo.compile``. A lower one is compiled at once, lest the first results
            be others.
        ranges: For "int16" and "int8", as ``Compiled.ranges`` finds them.

    Raises:
        UsageError: There is no such precision here, or it is lower and nothing will be compiled.
    """

    def __init__(
        self,
        f: Callable[P, R],
        after: int = 0,
        precision: str = "float32",
        ranges: Ranges | None = None,
    ) -> None:
        choices = PRECISIONS if ranges is None else CALIBRATED
        if precision not in choices:
            raise UsageError(
                f"no precision {precision!r:.60}", hint=f"choose among {', '.join(choices)}"
            )
        update_wrapper(self, f, updated=())
        self._f = f
        self._precision, self._ranges = precision, ranges
        self._runs_eagerly()
        self._left = after if precision == "float32" else 0
        self._compiled: Callable[P, R] | None = None
        self._lock = Lock()

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """The function's result.

        Raises:
            UsageError: The precision is lower, and nothing is compiled here.
        """
        if self._runs_eagerly():
            return self._f(*args, **kwargs)
        if self._left > 0:
            self._left -= 1
            return self._f(*args, **kwargs)
        compiled = self._compiled or self._made()
        try:
            return compiled(*args, **kwargs)
        except SignatureError:  # as many programs as there may be
            if self._precision == "float32":
                return self._f(*args, **kwargs)
        return self._made(instead_of=compiled)(*args, **kwargs)

    def _runs_eagerly(self) -> bool:
        """Whether nothing is compiled here, which is refused where results would be others."""
        if not is_eager():
            return False
        if self._precision != "float32":
            raise UsageError(
                f"precision {self._precision!r} is there for compiled code only",
                hint="pip install 'tushuo[compile]', and leave out --eager, TUSHUO_EAGER and "
                "tushuo.eager()",
            )
        return True

    def _made(self, instead_of: Callable[P, R] | None = None) -> Callable[P, R]:
        """The function that compiles; another one, if there is none but one that is full."""
        with self._lock:
            if self._compiled is instead_of or self._compiled is None:
                self._compiled = _compile(self._f, self._precision, self._ranges)
            return self._compiled


@cache
def _installed() -> bool:
    return find_spec("llvmlite") is not None


def _compile(f: Callable[P, R], precision: str, ranges: Ranges | None) -> Callable[P, R]:
    from tushuo.compile import compile

    compiled: Any = compile(f, precision=precision, calibration=ranges)
    return compiled  # type: ignore[no-any-return]
