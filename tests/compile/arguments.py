"""Arguments of all shapes, data types and ways to lie in memory, for hypothesis to draw from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

LENGTHS = (7, 1, 0, 2, 8, 15, 16, 17, 33)
"""Nothing, one, and what lies around the lengths of vectors."""

RANKS = (2, 1, 3, 0)
"""How many axes; what is tried first comes first."""

MOST = 5000
"""Elements of an array, so that a test takes no time but that of compiling."""

FLOATS = ("float32", "float64")
BOOL = ("bool",)
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")

Shape = tuple[int, ...]

EDGES = (0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.5, -1.5, 88.0, -88.0, 1e-40, 1e30, -1e30,
         float("nan"), float("inf"), -float("inf"))  # fmt: skip
"""Numbers at which functions are peculiar."""


@st.composite
def shapes(draw, ranks=RANKS, lengths=LENGTHS) -> Shape:
    """A shape."""
    rank = draw(st.sampled_from(ranks))
    shape = [draw(st.sampled_from(lengths)) for _ in range(rank)]
    while np.prod(shape) > MOST:
        shape[shape.index(max(shape))] = 2
    return tuple(shape)


@st.composite
def broadcast_pairs(draw) -> tuple[Shape, Shape]:
    """Two shapes that can be broadcast: axes left out in front, and some of length 1."""
    full = draw(shapes())
    mine, yours = (
        tuple(1 if draw(st.booleans()) and draw(st.booleans()) else n for n in full)
        for _ in range(2)
    )
    return mine[draw(st.integers(0, len(full))) :], yours


def numbers(seed: int, shape: Shape, dtype: str, edges: bool = False) -> np.ndarray:
    """Numbers of a data type: moderate ones, or with some that are peculiar."""
    rng, kind = np.random.default_rng(seed), np.dtype(dtype).kind
    if kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    if kind in "iu":
        limits = np.iinfo(dtype)
        wide = rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)
        few = rng.integers(0 if kind == "u" else -5, 6, shape).astype(dtype)
        return np.asarray(np.where(rng.random(shape) < 0.2, wide, few))
    x = np.clip(rng.normal(0, 1, shape), -3, 3)
    if edges:
        x = np.where(rng.random(shape) < 0.3, rng.choice(EDGES, shape), x)
    return np.asarray(x).astype(dtype)


LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "in order": lambda x: x,
    "transposed": lambda x: np.asfortranarray(x),
    "reversed": lambda x: np.flip(np.flip(x).copy()),
    "every other": lambda x: np.repeat(x, 2, axis=-1)[..., ::2] if x.ndim else x,
    "inside": lambda x: np.pad(x, 1)[(slice(1, -1),) * x.ndim] if x.ndim else x,
    "repeated": lambda x: np.broadcast_to(x[:1], x.shape) if x.ndim and len(x) else x,
    "unaligned": lambda x: unaligned(x),
}
"""Ways to lie in memory; only "repeated" changes the elements."""


def unaligned(x: np.ndarray) -> np.ndarray:
    """The elements one byte behind where the processor would have them."""
    raw = np.zeros(x.nbytes + 1, np.uint8)[1:]
    found = raw.view(x.dtype).reshape(x.shape)
    found[...] = x
    return found


INSIDE: dict[str, Callable] = {
    "as it is": lambda x: x,
    "transposed": lambda x: x.T if x.ndim == 2 else x,
    "reversed": lambda x: x[::-1] if x.ndim else x,
    "every other": lambda x: x[..., ::2] if x.ndim else x,
    "backwards": lambda x: x[..., ::-3] if x.ndim else x,
    "repeated": lambda x: broadcast(x),
}
"""Ways in which a compiled function itself looks at an argument before it computes."""


def broadcast(x):
    """The first row again and again."""
    import tushuo

    return tushuo.broadcast_to(x[:1], x.shape) if x.ndim and len(x) else x


@st.composite
def arrays(draw, shape, dtype, edges=False) -> np.ndarray:
    """An array of a shape and a data type that lies anyhow."""
    seed, layout = draw(st.integers(0, 999)), draw(st.sampled_from(sorted(LAYOUTS)))
    return LAYOUTS[layout](numbers(seed, shape, dtype, edges))


def dtypes(*kinds: Sequence[str]) -> st.SearchStrategy[str]:
    """A data type of some kinds."""
    return st.sampled_from([name for kind in kinds for name in kind])


LOOKS = st.sampled_from(list(INSIDE.values()))
"""One of these ways."""


@st.composite
def one(draw, *kinds, edges=False):
    """An array."""
    return draw(arrays(draw(shapes()), draw(dtypes(*kinds)), edges))


@st.composite
def two(draw, *kinds, edges=False):
    """Two arrays of a data type that can be broadcast."""
    dtype = draw(dtypes(*kinds))
    return [draw(arrays(shape, dtype, edges)) for shape in draw(broadcast_pairs())]


@st.composite
def with_axes(draw, *kinds, edges=False):
    """An array and some of its axes."""
    x = draw(one(*kinds, edges=edges))
    axes = draw(st.sets(st.integers(0, x.ndim - 1))) if x.ndim else set()
    return x, tuple(sorted(axes)), draw(st.booleans())


def tried(examples: int, check: Callable, *drawn: st.SearchStrategy) -> None:
    """Run a check on examples of what is drawn."""
    settings(max_examples=examples)(given(*drawn)(check))()
