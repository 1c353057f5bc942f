"""What a compiled function uses beside its arguments: changes are seen at the next call."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest

import tushuo
from tushuo import nn, optim
from tushuo.compile import compile
from tushuo.compile.mentions import mentions
from tushuo.compile.watch import watched

RNG = np.random.default_rng(0)
X = RNG.standard_normal((5, 4)).astype(np.float32)


class Network(nn.Module):
    """Weights, buffers, a mode, a list of layers and a number."""

    def __init__(self, seed=0):
        self.first = nn.Linear(4, 6, rng=seed)
        self.norm = nn.BatchNorm2d(6)
        self.drop = nn.Dropout(0.5)
        self.layers = [nn.Linear(6, 6, rng=seed + 1)]
        self.scale = 2.0

    def forward(self, x):
        x = self.norm(self.first(x)[:, :, None, None])[:, :, 0, 0]
        for layer in self.layers:
            x = tushuo.relu(layer(x))
        return x * self.scale


class Holder:
    """An object that is no network."""

    def __init__(self, model):
        self.model = model
        self.calls = 0

    def answer(self, x):
        return self.helper(x)

    def helper(self, x):
        return self.model(x)


def closing(model):
    return lambda x: model(x)


def nested(model):
    apply = closing(model)
    return lambda x: tushuo.tree_map(lambda v: apply(v), [x])[0]


def with_default(model):
    def f(x, network=model):
        return network(x)

    return lambda x: f(x)


def of_global(model):
    scope = {"model": model}
    exec("f = lambda x: [model(v) for v in [x]][0]", scope)
    return scope["f"]


REACHED = {
    "module": lambda model: model,
    "method": lambda model: model.forward,
    "closure": closing,
    "function in a closure": nested,
    "default": with_default,
    "global": of_global,
    "partial": lambda model: partial(lambda m, x: m(x), model),
    "dict": lambda model: partial(lambda d, x: d["model"](x), {"model": model}),
    "compiled": lambda model: closing(compile(closing(model), cache=False)),
    "object": lambda model: Holder(model).answer,
    "object in a closure": lambda model: closing(Holder(model).helper),
}
CHANGES = {
    "load": lambda m: m.load_state_dict(Network(7).state_dict()),
    "weight": lambda m: setattr(m.first, "weight", Network(7).first.weight),
    "buffer": lambda m: setattr(m.norm.running_mean, "data", np.full(6, 3, np.float32)),
    "setting": lambda m: setattr(m, "scale", 5.0),
    "another layer": lambda m: m.layers.__setitem__(0, Network(7).layers[0]),
    "more layers": lambda m: m.layers.append(Network(7).layers[0]),
    "other list": lambda m: setattr(m, "layers", [Network(7).layers[0]]),
    "new attribute": lambda m: setattr(
        m, "forward", lambda x: tushuo.asarray(x)[:, :1] * tushuo.ones(6) + 1
    ),
    "data": lambda m: setattr(m.first.weight, "data", Network(7).first.weight.data),
}


def close(found, wanted):
    np.testing.assert_allclose(found.numpy(), wanted.numpy(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("reach", REACHED.values(), ids=REACHED)
def test_new_weights_are_seen_wherever_the_network_is(reach):
    model = Network().eval()
    f = compile(reach(model))
    close(f(X), model(X))
    before = f(X).numpy()
    model.load_state_dict(Network(7).state_dict())
    close(f(X), model(X))
    assert not np.allclose(f(X).numpy(), before)
    assert len(f.programs()) == 2


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_is_changed(change):
    model = Network().eval()
    f = compile(closing(model))
    before = f(X).numpy()
    change(model)
    close(f(X), model.forward(X))
    assert not np.allclose(f(X).numpy(), before)


def test_modes_that_are_switched_to_and_fro_are_compiled_once():
    drop, rng = nn.Dropout(0.5), np.random.default_rng(0)
    f = compile(lambda x: drop(x, rng=rng), cache=False)
    x = np.ones(50, np.float32)
    for _ in range(3):
        drop.train()
        assert (f(x).numpy() == 0).any()
        drop.eval()
        assert (f(x).numpy() == 1).all()
    assert len(f.programs()) == 2


def test_variables_are_looked_at():
    w, scale = tushuo.asarray(np.ones(3)), 2.0
    f = compile(lambda x: x * w * scale, cache=False)
    assert f(np.ones(3)).numpy().tolist() == [2, 2, 2]
    w = tushuo.asarray(np.full(3, 5.0))
    assert f(np.ones(3)).numpy().tolist() == [10, 10, 10]
    scale = float("4")
    assert f(np.ones(3)).numpy().tolist() == [20, 20, 20]
    programs = len(f.programs())
    scale = float("4")  # equal, and another object
    assert f(np.ones(3)).numpy().tolist() == [20, 20, 20]
    assert len(f.programs()) == programs


def test_an_instance_as_argument_is_looked_into():
    class Model:
        def __init__(self):
            self.layer = nn.Linear(4, 2, rng=0)
            self.seen = 0

        @compile
        def step(self, x):
            return self.layer(x)

    model = Model()
    close(model.step(X), model.layer(X))
    model.layer = nn.Linear(4, 2, rng=5)
    close(model.step(X), model.layer(X))
    programs = len(Model.step.programs())
    model.seen += 1  # which the code does not mention
    model.step(X)
    assert len(Model.step.programs()) == programs


def test_many_changes_are_no_error_and_keep_no_more_than_two():
    model = nn.Linear(4, 2, rng=0)
    f = compile(model)
    for seed in range(70):
        model.weight = nn.Linear(4, 2, rng=seed).weight
        close(f(X), model(X))
        assert len(f.programs()) <= 2


def test_training_eagerly_and_evaluating_compiled():
    model, rule = Network(), optim.SGD(0.1)
    state = rule.init(model)
    evaluate = compile(lambda m, x: m(x))
    for _ in range(70):
        gradient = tushuo.grad(lambda m: tushuo.mean(tushuo.square(m(X))))(model.train())
        model, state = rule.update(model, gradient, state)
        close(evaluate(model.eval(), X), model(X))
    assert len(evaluate.programs()) == 2


def test_networks_with_buffers_take_turns():
    f, models = compile(lambda m, x: m(x)), [Network(i).eval() for i in range(5)]
    for i, model in enumerate(models):
        model.norm.running_mean.data = np.full(6, i, np.float32)
    for _ in range(2):
        for model in models:
            close(f(model, X), model(X))
    assert len(f.programs()) == 5
    for i in range(20):
        close(f(Network(i).eval(), X), Network(i).eval()(X))
    assert len(f.programs()) == 16


def test_a_function_without_such_things_pays_nothing():
    def product(x):
        return tushuo.sum(x * x) + len([1])

    assert watched(tushuo.grad(product)).lines == []
    assert watched(product).lines == []
    assert watched(product).current()


def test_what_cannot_change_is_not_looked_at():
    rule = optim.Adam(optim.schedule.cosine(0.01, 20))
    lines = watched(lambda m, g, s: rule.update(m, g, s)).lines
    assert len(lines) == 3  # try, the variable, except


def test_a_network_that_notes_what_it_saw_is_compiled_once():
    class Noting(nn.Module):
        def forward(self, x):
            self.last = x * 2
            return self.last

    f = compile(Noting().forward, cache=False)
    for _ in range(3):
        f(X)
    assert len(f.programs()) == 1


@pytest.mark.parametrize("precision", ["bfloat16", "int8"])
def test_lower_precision_follows_new_weights(precision):
    model = nn.Sequential(nn.Linear(4, 16, rng=0), nn.ReLU(), nn.Linear(16, 2, rng=1))
    model.load_state_dict({k: v * 0.1 for k, v in model.state_dict().items()})
    calibration = [X] if precision == "int8" else None
    f = compile(lambda x: model(x), precision=precision, calibration=calibration)
    before = f.ranges()
    f(X)
    model.load_state_dict({k: v * 50 for k, v in model.state_dict().items()})
    wanted = model(X).numpy()
    assert np.abs(f(X).numpy() - wanted).max() < 0.05 * np.abs(wanted).max()
    if before:
        assert f.ranges()["model.2.weight"][1] > 20 * before["model.2.weight"][1]


def test_scan_sees_new_weights():
    layer = nn.Linear(4, 4, rng=0)
    f = compile(lambda c, row: (layer(c) + row, None), cache=False)
    start, rows = np.zeros(4, np.float32), np.ones((3, 4), np.float32)
    f.scan(start, rows)
    layer.load_state_dict(nn.Linear(4, 4, rng=3).state_dict())
    wanted = tushuo.asarray(start)
    for row in rows:
        wanted = layer(wanted) + row
    close(f.scan(start, rows)[0], wanted)


def test_a_copy_is_compiled_anew():
    class Model(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(4, 2, rng=0)
            self.fast = compile(self.forward, cache=False)

        def forward(self, x):
            return self.layer(x)

    model = Model()
    model.fast(X)
    other = copy.deepcopy(model)
    assert other.fast.programs() == []
    other.layer.load_state_dict(nn.Linear(4, 2, rng=1).state_dict())
    close(other.fast(X), other.layer(X))
    close(model.fast(X), model.layer(X))
    assert not np.allclose(other.fast(X).numpy(), model.fast(X).numpy())


def test_names_in_code_and_in_functions_inside_of_it():
    def f(x):
        def g(y):
            return y.real + RNG.bit_generator.state

        return [X.shape for _ in g(x)]

    variables, attributes = mentions(f.__code__)
    assert {"RNG", "X"} <= set(variables)
    assert {"real", "bit_generator", "state", "shape"} <= set(attributes)
    assert "x" not in variables


def test_attributes_of_frozen_objects_are_looked_into():
    @dataclass(frozen=True)
    class Kept:
        model: nn.Module

    kept = Kept(nn.Linear(4, 2, rng=0))
    f = compile(lambda x: kept.model(x), cache=False)
    f(X)
    kept.model.load_state_dict(nn.Linear(4, 2, rng=3).state_dict())
    close(f(X), kept.model(X))
