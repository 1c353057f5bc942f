"""Tensors: arrays that may remember how they were computed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tushuo.errors import DTypeError, GradientError, InPlaceError, ShapeError
from tushuo.graph.abstract import Abstract
from tushuo.graph.backend import Array, as_numpy, data_type, frozen, is_array, namespace, to_numpy
from tushuo.graph.node import Node
from tushuo.graph.op import Shape

Scalar = bool | int | float


class Tensor:
    """An array, read-only, with the node of the graph that computed it, if any.

    Methods and operators have the names and meaning of the Python array API standard (2024.12).
    Operations on Tensors compute at once. They remember their operands where one of these belongs
    to a graph: a :func:`variable`, the arguments inside ``grad`` and its like, and all that is
    computed from them. Other Tensors are constants and remember nothing.

    Args:
        data: An array, a number, or nested sequences of numbers. An array that could be written
            to is copied, so that no later write changes a value that a graph needs.
        dtype: Data type, default that of ``data`` (Python floats are float64).
        name: Name for drawings and errors.

    Attributes:
        data: The array.
        node: The node of the graph, None for a constant.
        name: The name, if one was given.
    """

    __slots__ = ("__weakref__", "data", "name", "node")
    __array_ufunc__ = None  # NumPy leaves array + Tensor to the Tensor

    def __init__(self, data: Any, dtype: Any = None, name: str | None = None) -> None:
        array = data.data if isinstance(data, Tensor) else data
        if not is_array(array) or isinstance(array, np.ndarray | np.generic):
            array = as_numpy(array)
        if dtype is not None:
            xp = namespace(array)
            array = xp.astype(array, data_type(xp, dtype), copy=False)
        self.data: Array = frozen(array)
        self.node: Node | None = None
        self.name = name

    @staticmethod
    def of(data: Array, node: Node | None = None) -> Tensor:
        """Wrap an array that nobody else writes to, without a copy."""
        self = Tensor.__new__(Tensor)
        self.data = data
        self.node = node
        self.name = None
        return self

    @property
    def shape(self) -> Shape:
        """The length of each axis."""
        return tuple(self.data.shape)

    @property
    def dtype(self) -> Any:
        """The data type, as of the array library."""
        return self.data.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return int(self.data.ndim)

    @property
    def size(self) -> int:
        """The number of elements."""
        return int(self.data.size)

    @property
    def T(self) -> Tensor:  # noqa: N802
        """The transpose of a matrix."""
        if self.ndim != 2:
            raise ShapeError(f".T needs 2 axes, got shape {self.shape}", hint="use .mT")
        return self.mT

    @property
    def mT(self) -> Tensor:  # noqa: N802
        """The transpose of the last two axes."""
        return ops.matrix_transpose(self)

    def numpy(self) -> np.ndarray:
        """The values as a read-only NumPy array; not differentiable."""
        return to_numpy(self.data)

    def item(self) -> Any:
        """The one element as a Python number."""
        if self.size != 1:
            raise ShapeError(f"item() needs one element, got shape {self.shape}")
        return self.numpy().reshape(()).item()

    def detach(self) -> Tensor:
        """The same value as a constant."""
        return Tensor.of(self.data)

    def astype(self, dtype: Any) -> Tensor:
        """The values in another data type."""
        return ops.astype(self, dtype)

    def reshape(self, *shape: int | Sequence[int]) -> Tensor:
        """The elements in another shape; one length may be -1."""
        return ops.reshape(self, _unpacked(shape))

    def permute(self, *axes: int | Sequence[int]) -> Tensor:
        """The axes in another order."""
        return ops.permute_dims(self, _unpacked(axes))

    def sum(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        """The sum over axes, all by default."""
        return ops.sum(self, axis, keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        """The mean over axes, all by default."""
        return ops.mean(self, axis, keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        """The maximum over axes, all by default."""
        return ops.max(self, axis, keepdims)

    def min(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        """The minimum over axes, all by default."""
        return ops.min(self, axis, keepdims)

    def __getitem__(self, key: Any) -> Tensor:
        return ops.getitem(self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        raise InPlaceError(
            "Tensors cannot be written to, since a graph may still need their values",
            hint="build a new one with where, concat or stack",
        )

    def __iter__(self) -> Iterator[Tensor]:
        if self.ndim == 0:
            raise ShapeError("a Tensor without axes cannot be iterated over")
        return iter([self[i] for i in range(self.shape[0])])

    def __len__(self) -> int:
        if self.ndim == 0:
            raise ShapeError("a Tensor without axes has no length")
        return self.shape[0]

    def __add__(self, other: Any) -> Tensor:
        return ops.add(self, other)

    def __radd__(self, other: Any) -> Tensor:
        return ops.add(other, self)

    def __sub__(self, other: Any) -> Tensor:
        return ops.subtract(self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return ops.subtract(other, self)

    def __mul__(self, other: Any) -> Tensor:
        return ops.multiply(self, other)

    def __rmul__(self, other: Any) -> Tensor:
        return ops.multiply(other, self)

    def __truediv__(self, other: Any) -> Tensor:
        return ops.divide(self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return ops.divide(other, self)

    def __pow__(self, other: Any) -> Tensor:
        return ops.pow(self, other)

    def __rpow__(self, other: Any) -> Tensor:
        return ops.pow(other, self)

    def __matmul__(self, other: Any) -> Tensor:
        return ops.matmul(self, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        return ops.matmul(other, self)

    def __neg__(self) -> Tensor:
        return ops.negative(self)

    def __pos__(self) -> Tensor:
        return self

    def __abs__(self) -> Tensor:
        return ops.abs(self)

    def __eq__(self, other: object) -> Tensor:  # type: ignore[override]
        return NotImplemented if _alien(other) else ops.equal(self, other)

    def __ne__(self, other: object) -> Tensor:  # type: ignore[override]
        return NotImplemented if _alien(other) else ops.not_equal(self, other)

    def __lt__(self, other: Any) -> Tensor:
        return ops.less(self, other)

    def __le__(self, other: Any) -> Tensor:
        return ops.less_equal(self, other)

    def __gt__(self, other: Any) -> Tensor:
        return ops.greater(self, other)

    def __ge__(self, other: Any) -> Tensor:
        return ops.greater_equal(self, other)

    def __and__(self, other: Any) -> Tensor:
        return ops.logical_and(self, other)

    def __or__(self, other: Any) -> Tensor:
        return ops.logical_or(self, other)

    def __xor__(self, other: Any) -> Tensor:
        return ops.logical_xor(self, other)

    def __invert__(self) -> Tensor:
        return ops.logical_not(self)

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ShapeError(
                f"a Tensor of shape {self.shape} is neither true nor false as a whole",
                hint="use any(), all() or where()",
            )
        return bool(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self.ndim or not namespace(self.data).isdtype(self.dtype, "integral"):
            raise DTypeError(f"an index must be one integer, got {self.dtype}{self.shape}")
        return int(self.item())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if self.node is not None:
            raise GradientError(
                "NumPy would lose the gradient of this Tensor",
                hint="use tushuo's functions, or .detach() if no gradient is wanted",
            )
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __copy__(self) -> Tensor:
        return self  # it never changes

    def __deepcopy__(self, memo: Any) -> Tensor:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        if self.node is not None:
            raise GradientError(
                "a Tensor that belongs to a graph cannot be pickled", hint="use .detach() first"
            )
        return Tensor, (self.data, None, self.name)

    def __repr__(self) -> str:
        if type(self.data) is Abstract:
            return f"Tensor({self.data!r}, being compiled)"
        text = np.array2string(self.numpy(), separator=", ", prefix="Tensor(", threshold=60)
        extra = "" if self.name is None else f", name={self.name!r}"
        made = "" if self.node is None else f", op={self.node.op.name}"
        return f"Tensor({text}, dtype={self.dtype}{extra}{made})"


def asarray(data: Any, dtype: Any = None) -> Tensor:
    """The argument as a Tensor; a Tensor of that data type is returned as it is."""
    if isinstance(data, Tensor):
        return data if dtype is None or data.dtype == dtype else ops.astype(data, dtype)
    return Tensor(data, dtype)


def _alien(value: object) -> bool:
    """Whether a value is never equal to numbers; Python then compares identities."""
    return value is None or isinstance(value, str | bytes | dict)


def _unpacked(args: Sequence[Any]) -> Any:
    """``(2, 3)`` for both ``f(2, 3)`` and ``f((2, 3))``."""
    return args[0] if len(args) == 1 else args


from tushuo.graph import ops  # noqa: E402  (operations make Tensors, and Tensors call operations)
