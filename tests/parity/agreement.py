"""Values and gradients here and in PyTorch, to 1e-5."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import tushuo.graph as g
from tushuo import nn

torch = pytest.importorskip("torch", reason="needs the packages of `make test-parity`")


def close(ours: Any, theirs: Any, what: str) -> None:
    np.testing.assert_allclose(
        np.asarray(ours), theirs.detach().numpy(), rtol=1e-5, atol=1e-5, err_msg=what
    )


def flat(tree: Any) -> Iterator[Any]:
    """The tensors of nested tuples, in order."""
    for item in tree if isinstance(tree, tuple) else (tree,):
        yield from flat(item) if isinstance(item, tuple) else (item,)


def randn(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.normal(size=shape).astype(np.float32)


def load(theirs: Any, ours: nn.Module) -> None:
    """Our weights by our names: they must be PyTorch's, but for its counter of batches."""
    state = {name: torch.tensor(value) for name, value in ours.state_dict().items()}
    counter = {k: v for k, v in theirs.state_dict().items() if "num_batches" in k}
    theirs.load_state_dict(state | counter)


def agree(
    ours: nn.Module,
    theirs: Any,
    *inputs: np.ndarray,
    run: Callable[..., Any] | None = None,
    their_run: Callable[..., Any] | None = None,
) -> None:
    """Values and gradients of two layers with one set of weights agree.

    ``run(layer, *inputs)`` tells how to call them where that is more than ``layer(*inputs)``.
    """
    run = run or (lambda layer, *xs: layer(*xs))
    load(theirs, ours)
    value, pullback = g.vjp(run, ours, *inputs)
    xs = [torch.tensor(x, requires_grad=True) for x in inputs]
    expected = list(flat((their_run or run)(theirs, *xs)))
    values = g.leaves(value)
    rng = np.random.default_rng(1)
    cotangents = [randn(rng, *y.shape) for y in values]
    for i, (a, b) in enumerate(zip(values, expected, strict=True)):
        close(a, b, f"value {i}")
    names = [*dict(theirs.named_parameters()), *(f"input {i}" for i in range(len(xs)))]
    wanted = torch.autograd.grad(
        expected, [*theirs.parameters(), *xs], [torch.tensor(c) for c in cotangents]
    )
    slopes, *others = pullback(g.rebuild(value, cotangents))
    found = [*slopes.named_parameters().values(), *others]
    assert list(slopes.named_parameters()) == names[: len(names) - len(xs)]
    for name, a, b in zip(names, found, wanted, strict=True):
        close(a, b, f"gradient of {name}")


def agree_loss(ours: Any, theirs: Any, *inputs: np.ndarray) -> None:
    """Values and gradients of two functions agree."""
    value, pullback = g.vjp(ours, *inputs)
    xs = [torch.tensor(x, requires_grad=True) for x in inputs]
    expected = theirs(*xs)
    close(value, expected, "value")
    cotangent = randn(np.random.default_rng(1), *value.shape)
    wanted = torch.autograd.grad(expected, xs, torch.tensor(cotangent))
    for i, (a, b) in enumerate(zip(pullback(g.asarray(cotangent)), wanted, strict=True)):
        close(a, b, f"gradient of input {i}")
