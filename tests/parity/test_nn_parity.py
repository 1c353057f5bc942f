"""Layers and losses against PyTorch: values, and gradients by inputs and parameters, to 1e-5."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import tushuo.graph as g
from tushuo import nn

torch = pytest.importorskip("torch", reason="needs the packages of `make test-parity`")

pytestmark = pytest.mark.parity

MASK = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 0, 0, 0, 0]], bool)
TARGET = np.array([[1, 0, 3, 2, 2], [2, 2, 0, 1, 3], [0, 3, 1, 2, 0]])


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


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


LAYERS = {
    "linear": (lambda: nn.Linear(4, 3), lambda: torch.nn.Linear(4, 3), (2, 5, 4)),
    "linear without bias": (
        lambda: nn.Linear(4, 3, bias=False), lambda: torch.nn.Linear(4, 3, bias=False), (5, 4),
    ),
    "conv": (
        lambda: nn.Conv2d(3, 4, 3, 2, 1), lambda: torch.nn.Conv2d(3, 4, 3, 2, 1), (2, 3, 7, 8),
    ),
    "dilated conv in groups": (
        lambda: nn.Conv2d(4, 6, (3, 2), 1, (2, 1), 2, 2, False),
        lambda: torch.nn.Conv2d(4, 6, (3, 2), 1, (2, 1), 2, 2, False),
        (2, 4, 7, 8),
    ),
    "depthwise conv": (
        lambda: nn.Conv2d(4, 4, 5, 2, 2, groups=4),
        lambda: torch.nn.Conv2d(4, 4, 5, 2, 2, groups=4),
        (2, 4, 7, 8),
    ),
    "batch norm": (lambda: nn.BatchNorm2d(3), lambda: torch.nn.BatchNorm2d(3), (4, 3, 5, 5)),
    "layer norm": (
        lambda: nn.LayerNorm((3, 4)), lambda: torch.nn.LayerNorm((3, 4)), (5, 3, 4),
    ),
    "max pool": (lambda: nn.MaxPool2d(3, 2, 1), lambda: torch.nn.MaxPool2d(3, 2, 1), (2, 3, 7, 8)),
    "avg pool": (lambda: nn.AvgPool2d(3, 2, 1), lambda: torch.nn.AvgPool2d(3, 2, 1), (2, 3, 7, 8)),
    "global pool": (
        lambda: nn.AdaptiveAvgPool2d(1), lambda: torch.nn.AdaptiveAvgPool2d(1), (2, 3, 7, 8),
    ),
    "adaptive pool": (
        lambda: nn.AdaptiveAvgPool2d((3, 5)), lambda: torch.nn.AdaptiveAvgPool2d((3, 5)),
        (2, 3, 7, 8),
    ),
    "flatten": (lambda: nn.Flatten(), lambda: torch.nn.Flatten(), (2, 3, 4)),
    "sigmoid": (nn.Sigmoid, lambda: torch.nn.Sigmoid(), (4, 5)),
    "tanh": (nn.Tanh, lambda: torch.nn.Tanh(), (4, 5)),
    "relu": (nn.ReLU, lambda: torch.nn.ReLU(), (4, 5)),
    "relu6": (nn.ReLU6, lambda: torch.nn.ReLU6(), (4, 5)),
    "silu": (nn.SiLU, lambda: torch.nn.SiLU(), (4, 5)),
    "gelu": (nn.GELU, lambda: torch.nn.GELU(), (4, 5)),
    "gelu by tanh": (lambda: nn.GELU("tanh"), lambda: torch.nn.GELU("tanh"), (4, 5)),
    "softmax": (nn.Softmax, lambda: torch.nn.Softmax(-1), (4, 5)),
    "sequential": (
        lambda: nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2)),
        lambda: torch.nn.Sequential(
            torch.nn.Linear(4, 6), torch.nn.Tanh(), torch.nn.Linear(6, 2)
        ),
        (5, 4),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name, rng):
    ours, theirs, shape = LAYERS[name]
    agree(ours(), theirs(), 3 * randn(rng, *shape))


def shaken(layer: nn.Module, rng: np.random.Generator) -> nn.Module:
    """The layer with random parameters, where they would be ones and zeros."""
    return g.tree_map(lambda p: g.asarray(randn(rng, *p.shape)), layer)


def test_norms_with_parameters_that_count(rng):
    agree(shaken(nn.LayerNorm(4), rng), torch.nn.LayerNorm(4), randn(rng, 3, 4))
    agree(shaken(nn.BatchNorm2d(3), rng), torch.nn.BatchNorm2d(3), randn(rng, 4, 3, 5, 5))


def test_batch_norm_over_several_batches_and_in_inference(rng):
    ours, theirs = (
        shaken(nn.BatchNorm2d(3, momentum=0.3), rng),
        torch.nn.BatchNorm2d(3, momentum=0.3),
    )
    load(theirs, ours)
    for _ in range(3):
        x = 2 * randn(rng, 4, 3, 5, 5) + 1
        close(ours(x), theirs(torch.tensor(x)), "training")
    for name, buffer in ours.named_buffers().items():
        close(buffer.data, dict(theirs.named_buffers())[name], name)
    agree(ours.eval(), theirs.eval(), x)


def test_embedding(rng):
    for padding in (None, 2):
        agree(
            nn.Embedding(4, 3, padding),
            torch.nn.Embedding(4, 3, padding),
            run=lambda layer: layer(TARGET),
            their_run=lambda layer: layer(torch.tensor(TARGET)),
        )


CELLS = {
    "RNN": {}, "RNN with relu": {"nonlinearity": "relu"}, "LSTM": {}, "GRU": {},
    "LSTM without bias": {"bias": False}, "GRU without bias": {"bias": False},
}  # fmt: skip


def with_states(kind: str, make: Callable[[], np.ndarray]) -> list[np.ndarray]:
    return [make() for _ in range(2 if kind == "LSTM" else 1)]


def joined(states: tuple[Any, ...]) -> Any:
    return states if len(states) == 2 else states[0]


@pytest.mark.parametrize("name", CELLS)
def test_cells(name, rng):
    kind = name.split()[0]
    ours, theirs = (getattr(lib, f"{kind}Cell")(3, 4, **CELLS[name]) for lib in (nn, torch.nn))
    states = with_states(kind, lambda: randn(rng, 2, 4))
    agree(ours, theirs, randn(rng, 2, 3), *states, run=lambda m, x, *s: m(x, joined(s)))


@pytest.mark.parametrize("name", CELLS)
def test_sequences(name, rng):
    kind = name.split()[0]
    ours = getattr(nn, kind)(3, 4, num_layers=2, **CELLS[name])
    theirs = getattr(torch.nn, kind)(3, 4, num_layers=2, batch_first=True, **CELLS[name])
    states = with_states(kind, lambda: randn(rng, 2, 3, 4))
    agree(ours, theirs, randn(rng, 3, 5, 3), *states, run=lambda m, x, *s: m(x, joined(s)))


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_masks_are_packed_sequences(kind, rng):
    ours = getattr(nn, kind)(3, 4, num_layers=2)
    theirs = getattr(torch.nn, kind)(3, 4, num_layers=2, batch_first=True)

    def run(layer: Any, x: Any) -> Any:
        outputs, state = layer(x, mask=MASK)
        return outputs * MASK[..., None].astype(np.float32), state  # PyTorch pads with zeros

    def their_run(layer: Any, x: Any) -> Any:
        pack = torch.nn.utils.rnn.pack_padded_sequence
        packed, state = layer(pack(x, torch.tensor(MASK.sum(1)), batch_first=True))
        return torch.nn.utils.rnn.pad_packed_sequence(packed, batch_first=True)[0], state

    agree(ours, theirs, randn(rng, 3, 5, 3), run=run, their_run=their_run)


def test_self_attention(rng):
    future = np.triu(np.ones((5, 5), bool), 1)
    agree(
        nn.MultiheadAttention(8, 2),
        torch.nn.MultiheadAttention(8, 2, batch_first=True),
        randn(rng, 3, 5, 8),
        run=lambda m, x: m(x, key_padding_mask=~MASK, attn_mask=future),
        their_run=lambda m, x: m(
            x, x, x, key_padding_mask=torch.tensor(~MASK), attn_mask=torch.tensor(future)
        ),
    )


@pytest.mark.parametrize("average", [True, False])
def test_cross_attention(average, rng):
    agree(
        nn.MultiheadAttention(8, 4, bias=False),
        torch.nn.MultiheadAttention(8, 4, bias=False, batch_first=True),
        randn(rng, 3, 2, 8), randn(rng, 3, 5, 8), randn(rng, 3, 5, 8),
        run=lambda m, *x: m(*x, average_attn_weights=average),
    )  # fmt: skip


def test_scaled_dot_product_attention(rng):
    inputs = randn(rng, 2, 3, 2, 4), randn(rng, 2, 3, 5, 4), randn(rng, 2, 3, 5, 6)
    mask = rng.uniform(size=(2, 5)) < 0.6
    mask[:, 0] = True
    agree_loss(
        lambda *x: nn.scaled_dot_product_attention(*x, mask)[0],
        lambda *x: torch.nn.functional.scaled_dot_product_attention(*x, torch.tensor(mask)),
        *inputs,
    )


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


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("ignored", [-100, 2])
@pytest.mark.parametrize("weight", [None, np.array([1, 2, 0.5, 3], np.float32)])
def test_cross_entropy(reduction, smoothing, ignored, weight, rng):
    settings = {
        "label_smoothing": smoothing, "ignore_index": ignored, "reduction": reduction,
    }  # fmt: skip
    agree_loss(
        lambda x: nn.cross_entropy(x, TARGET, weight, **settings),
        lambda x: torch.nn.functional.cross_entropy(
            x.movedim(-1, 1), torch.tensor(TARGET),
            None if weight is None else torch.tensor(weight), **settings,
        ),
        3 * randn(rng, 3, 5, 4),
    )  # fmt: skip


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_other_losses(reduction, rng):
    f = torch.nn.functional
    x, y = 3 * randn(rng, 3, 4), rng.uniform(size=(3, 4)).astype(np.float32)
    agree_loss(
        lambda a, b: nn.mse_loss(a, b, reduction),
        lambda a, b: f.mse_loss(a, b, reduction=reduction),
        x, y,
    )  # fmt: skip
    agree_loss(
        lambda a: nn.binary_cross_entropy_with_logits(a, y, reduction),
        lambda a: f.binary_cross_entropy_with_logits(a, torch.tensor(y), reduction=reduction),
        x,
    )


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (lambda: nn.Linear(30, 200), lambda: torch.nn.Linear(30, 200)),
        (lambda: nn.Conv2d(8, 64, 3), lambda: torch.nn.Conv2d(8, 64, 3)),
        (lambda: nn.Embedding(200, 30), lambda: torch.nn.Embedding(200, 30)),
        (lambda: nn.LSTM(30, 40), lambda: torch.nn.LSTM(30, 40)),
        (lambda: nn.MultiheadAttention(64, 4), lambda: torch.nn.MultiheadAttention(64, 4)),
        (lambda: nn.BatchNorm2d(8), lambda: torch.nn.BatchNorm2d(8)),
    ],
)
def test_initial_values_are_spread_alike(ours, theirs):
    theirs = dict(theirs().named_parameters())
    for name, x in ours().named_parameters().items():
        expected = theirs[name].detach().numpy()
        assert np.std(x.numpy()) == pytest.approx(np.std(expected), rel=0.2, abs=1e-6), name
        assert x.numpy().mean() == pytest.approx(
            expected.mean(), abs=0.05 + 3 * expected.std() / np.sqrt(expected.size)
        ), name
