"""Update rules: by hand, on trees of all kinds, on blocks, on other array libraries, and errors."""

from __future__ import annotations

import math

import array_api_strict
import numpy as np
import pytest

import tushuo.optim as optim
from tushuo.errors import DTypeError, ShapeError, UsageError
from tushuo.graph import Tensor, check_grads, leaves, named_leaves, tree_map, value_and_grad
from tushuo.nn import Linear, Module
from tushuo.optim import blocks

ALL = [
    optim.SGD(0.1, weight_decay=0.01),
    optim.SGD(0.1, momentum=0.9, dampening=0.5),
    optim.Momentum(0.05),
    optim.Nesterov(0.05),
    optim.Adagrad(0.5),
    optim.Adadelta(1.0, eps=1e-2),
    optim.RMSprop(0.05, momentum=0.5, centered=True),
    optim.Adam(0.1),
    optim.AdamW(0.1),
]
every = pytest.mark.parametrize("optimizer", ALL, ids=lambda o: type(o).__name__)


def tree(seed=0, dtype="float32"):
    rng = np.random.default_rng(seed)

    def draw(*shape):
        return Tensor(rng.normal(size=shape).astype(dtype))

    return {"layers": [{"weight": draw(3, 2), "bias": draw(2)}], "scale": draw()}


class Tied(Module):
    """Two layers with one weight."""

    def __init__(self):
        self.first = Linear(3, 3, rng=0)
        self.second = Linear(3, 3, rng=1)
        self.second.weight = self.first.weight

    def forward(self, x):
        return self.second(self.first(x))


@every
def test_minimises_a_bowl(optimizer):
    def loss(p):
        return ((p["x"] - 3.0) ** 2).sum() + (p["y"] ** 2).sum()

    params = {"x": Tensor(np.zeros((4,), "float32")), "y": Tensor(np.float32([5.0]))}
    state = optimizer.init(params)
    before = float(loss(params))
    for _ in range(150):
        _, grads = value_and_grad(loss)(params)
        params, state = optimizer.update(params, grads, state)
    assert float(loss(params)) < 0.05 * before
    assert int(state["step"]) == 150


def test_adam_by_hand():
    x, g = Tensor([1.0]), Tensor([0.5])
    optimizer = optim.Adam(0.1, betas=(0.9, 0.99), eps=0.0)
    new, state = optimizer.update([x], [g], optimizer.init([x]))
    assert new[0].item() == pytest.approx(0.9)  # the first step is lr, whatever the gradient
    assert state["exp_avg"][0].item() == pytest.approx(0.05)
    assert state["exp_avg_sq"][0].item() == pytest.approx(0.0025)


@every
def test_data_types_and_structure_stay(optimizer):
    params = tree()
    state = optimizer.init(params)
    assert str(state["step"].dtype) == "int64"
    assert state["step"].shape == ()
    new, after = optimizer.update(params, tree(1), state)
    assert [x.path for x in named_leaves(new)] == [x.path for x in named_leaves(params)]
    assert [x.path for x in named_leaves(after)] == [x.path for x in named_leaves(state)]
    assert all(x.dtype == np.float32 for x in leaves(new))


@every
def test_is_pure(optimizer):
    params, grads = tree(), tree(1)
    state = optimizer.init(params)
    first = optimizer.update(params, grads, state)
    second = optimizer.update(params, grads, state)
    assert int(state["step"]) == 0
    for x, y in zip(leaves(list(first)), leaves(list(second)), strict=True):
        np.testing.assert_array_equal(x.numpy(), y.numpy())


@every
def test_blocks_change_nothing(optimizer, monkeypatch):
    rng = np.random.default_rng(0)
    params, grads = ([Tensor(rng.normal(size=(9, 23)).astype("float32"))] for _ in range(2))

    def two_steps():
        first, state = optimizer.update(params, grads, optimizer.init(params))
        return optimizer.update(first, grads, state)[0][0]

    whole = two_steps()
    monkeypatch.setattr(blocks, "BLOCK", 10)
    np.testing.assert_array_equal(two_steps().numpy(), whole.numpy())


def test_blocks_take_any_memory_order(monkeypatch):
    x = np.arange(12.0).reshape(3, 4)
    monkeypatch.setattr(blocks, "BLOCK", 5)
    (result,) = blocks.blockwise(lambda a, b: [a + b], Tensor(x.T), Tensor(x.reshape(4, 3)))
    np.testing.assert_array_equal(result.numpy(), x.T + x.reshape(4, 3))
    assert not result.data.flags.writeable


@every
def test_other_array_library(optimizer):

    def strict(t):
        return Tensor(array_api_strict.asarray(t.numpy().copy()))

    def moved(p, g):
        state = optimizer.init(p)
        for _ in range(3):
            p, state = optimizer.update(p, g, state)
        return leaves(p)

    params, grads = tree(), tree(1)
    theirs = moved(tree_map(strict, params), tree_map(strict, grads))
    for x, y in zip(theirs, moved(params, grads), strict=True):
        assert x.data.__array_namespace__() is array_api_strict
        np.testing.assert_allclose(np.asarray(x.data), y.numpy(), rtol=1e-6)


def test_a_step_can_be_differentiated():
    """As learning to learn does, and as a compiler's tracing needs."""
    optimizer = optim.Adam(0.1)

    def after(x, g):
        params, _ = optimizer.update({"x": x}, {"x": g}, optimizer.init({"x": x}))
        return (params["x"] ** 2).sum()

    check_grads(after, (Tensor([1.0, -2.0]), Tensor([0.3, 0.4])))


@every
def test_tied_parameters_stay_tied(optimizer):
    model = Tied()
    x = Tensor(np.random.default_rng(0).normal(size=(4, 3)).astype("float32"))
    state = optimizer.init(model)
    for _ in range(2):
        _, grads = value_and_grad(lambda m: (m(x) ** 2).mean())(model)
        model, state = optimizer.update(model, grads, state)
        assert model.first.weight is model.second.weight


def test_equal_numbers_are_not_tied():
    optimizer = optim.SGD(1.0)
    new, _ = optimizer.update([1.0, 1.0], [0.5, 0.25], optimizer.init([1.0, 1.0]))
    assert [x.item() for x in new] == [0.5, 0.75]


def test_no_parameters():
    optimizer = optim.Adam()
    new, state = optimizer.update({}, {}, optimizer.init({}))
    assert new == {}
    assert int(state["step"]) == 1


def test_schedule_counts_from_zero():
    seen = []
    optimizer = optim.SGD(lambda step: seen.append(int(step)) or 1.0 / (int(step) + 1))
    params = [Tensor([0.0])]
    state = optimizer.init(params)
    for _ in range(3):
        params, state = optimizer.update(params, [Tensor([1.0])], state)
    assert seen == [0, 1, 2]
    assert params[0].item() == pytest.approx(-(1 + 1 / 2 + 1 / 3))


def test_gradients_of_another_tree():
    optimizer, params = optim.Adam(), tree()
    grads = {"layers": [{"weight": params["layers"][0]["weight"]}], "scal": params["scale"]}
    message = r"gradients do not match.*2 missing \(layers.0.bias, scale\), 1 unknown \(scal\)"
    with pytest.raises(ShapeError, match=message):
        optimizer.update(params, grads, optimizer.init(params))


def test_gradient_of_another_shape():
    optimizer, params, grads = optim.SGD(), tree(), tree(1)
    grads["layers"][0]["bias"] = Tensor(np.zeros(3, "float32"))
    with pytest.raises(ShapeError, match=r"layers.0.bias has shape \(3,\), expected \(2,\)"):
        optimizer.update(params, grads, optimizer.init(params))


def test_gradient_of_another_data_type():
    optimizer, params = optim.SGD(), tree()
    with pytest.raises(DTypeError, match=r"layers.0.weight is float64, expected float32; cast"):
        optimizer.update(params, tree(1, "float64"), optimizer.init(params))


def test_integers_cannot_be_optimised():
    with pytest.raises(DTypeError, match="cannot optimise counts: it is int64"):
        optim.SGD().init({"counts": Tensor([1, 2])})


def test_state_of_another_optimizer():
    params = tree()
    with pytest.raises(UsageError, match="the state lacks exp_avg, exp_avg_sq, which Adam keeps"):
        optim.Adam().update(params, tree(1), optim.SGD().init(params))


def test_state_of_other_parameters():
    optimizer, params = optim.Adam(), tree()
    with pytest.raises(ShapeError, match="the exp_avg of the state do not match"):
        optimizer.update(params, tree(1), optimizer.init({"a": Tensor([1.0])}))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optim.SGD(-1.0), "lr: got -1.0, expected at least 0"),
        (lambda: optim.SGD(math.nan), "lr: got nan"),
        (lambda: optim.SGD(0.1, nesterov=True), "nesterov: got momentum 0.0"),
        (lambda: optim.Adam(betas=(0.9, 1.0)), r"betas\[1\]: got 1.0"),
        (lambda: optim.RMSprop(alpha=1.5), "alpha: got 1.5, expected 0 to 1"),
        (lambda: optim.Adadelta(rho=-0.1), "rho: got -0.1"),
        (lambda: optim.Adagrad(eps=-1), "eps: got -1"),
        (lambda: optim.AdamW(weight_decay=-1), "weight_decay: got -1"),
    ],
)
def test_settings_out_of_range(make, message):
    with pytest.raises(UsageError, match=message):
        make()


def test_settings_are_shown_and_frozen():
    optimizer = optim.SGD(0.1, momentum=0.9)
    assert repr(optimizer) == (
        "SGD(lr=0.1, weight_decay=0.0, momentum=0.9, dampening=0.0, nesterov=False)"
    )
    with pytest.raises(AttributeError):
        optimizer.lr = 1.0
