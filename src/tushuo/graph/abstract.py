"""Arrays without elements: what a function is run on when it is compiled.

An :class:`Abstract` array knows its shape and data type. ``apply`` does not compute with it, but
hands the operation to its recorder, and goes on with the abstract result. So any function of
Tensors, gradients included, can be run without values and leaves the list of its operations.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

import numpy as np

from tushuo.errors import CompileError

DTYPES = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
          "float16", "float32", "float64")  # fmt: skip
"""The names of data types."""

if TYPE_CHECKING:
    from tushuo.graph.op import Op


class Recorder(Protocol):
    """What notes the operations on abstract arrays."""

    def record(self, op: Op, arrays: Sequence[Any]) -> Abstract:
        """Note an operation on abstract and real arrays, and return its abstract result."""
        ...

    def draw(self, make: Callable[[], np.ndarray], shape: tuple[int, ...], dtype: Any) -> Abstract:
        """An abstract array for what ``make`` will return, anew at each call."""
        ...


class Abstract:
    """An array of which only shape and data type are known.

    Attributes:
        shape: The length of each axis.
        dtype: The data type.
        recorder: What notes the operations on it.
    """

    __slots__ = ("dtype", "recorder", "shape")
    __array_ufunc__ = None

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype, recorder: Recorder) -> None:
        self.shape = shape
        self.dtype = dtype
        self.recorder = recorder

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return prod(self.shape)

    def __array_namespace__(self, api_version: str | None = None) -> Any:
        return SPACE

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NoReturn:
        raise refusal(f"the values of {self!r}")

    def _refuse(self, *others: Any) -> NoReturn:
        raise refusal(f"the values of {self!r}")

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _refuse
    __truediv__ = __rtruediv__ = __getitem__ = __lt__ = __gt__ = _refuse

    def __repr__(self) -> str:
        return f"{self.dtype}{self.shape}"


class Space:
    """The namespace of abstract arrays: NumPy's data types, and constants of their shapes."""

    _SAME = frozenset((*DTYPES, "isdtype", "result_type", "finfo", "iinfo", "zeros", "ones",
                       "full", "eye", "arange", "linspace", "inf", "nan", "pi"))  # fmt: skip

    def __getattr__(self, name: str) -> Any:
        if name not in self._SAME:
            raise refusal(f"the values that the array function {name} gives")
        return getattr(np, name)

    def asarray(self, value: Any, dtype: Any = None, copy: bool | None = None) -> Any:
        """A real array; an abstract one as it is."""
        return value if isinstance(value, Abstract) else np.asarray(value, dtype=dtype)

    def astype(self, value: Any, dtype: Any, copy: bool = True) -> Any:
        """A real array in another data type."""
        return np.astype(value, dtype, copy=copy)

    def full_like(self, x: Any, value: Any) -> np.ndarray:
        """One number everywhere, kept as one number."""
        return np.broadcast_to(np.asarray(value, dtype=x.dtype), x.shape)

    def zeros_like(self, x: Any) -> np.ndarray:
        """Zeros, kept as one number."""
        return self.full_like(x, 0)

    def ones_like(self, x: Any) -> np.ndarray:
        """Ones, kept as one number."""
        return self.full_like(x, 1)


SPACE = Space()


def record(op: Op, arrays: Sequence[Any]) -> Abstract:
    """The abstract result of an operation on arrays of which one at least is abstract."""
    recorder = next(x.recorder for x in arrays if isinstance(x, Abstract))
    return recorder.record(op, arrays)


_CHOOSE = (
    "choose between values with tushuo.where; what decides the course of the program, pass as a "
    "Python number, or compute it outside of the compiled function"
)


def refusal(what: str, hint: str = _CHOOSE) -> CompileError:
    """The error for a use of what is not known while a function is traced."""
    return CompileError(
        f"{_users_line()} needs {what}, which are not known while the function is compiled",
        hint=hint,
    )


def is_known(array: Any) -> bool:
    """Whether an array has elements that can be looked at."""
    return type(array) is not Abstract


def _users_line() -> str:
    """The innermost line outside this package and NumPy that led here."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_NOT_THE_USERS):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


_NOT_THE_USERS = tuple(str(Path(p).parent) + os.sep for p in (Path(__file__).parent, np.__file__))


def drawn(
    make: Callable[[], np.ndarray], shape: tuple[int, ...], dtype: Any, like: Any
) -> np.ndarray | Abstract:
    """An array of random numbers: made now or, while a function is compiled, at each of its calls.

    Args:
        make: Returns the array.
        shape: Its shape.
        dtype: Its data type.
        like: An array of the computation that it is for.
    """
    if isinstance(like, Abstract):
        return like.recorder.draw(make, shape, dtype)
    return make()
