"""``compile``: signatures, trees, training steps, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Thread

import numpy as np
import pytest

import tushuo
from tushuo import nn, optim
from tushuo.compile import compile
from tushuo.errors import CompileError, ShapeError

RNG = np.random.default_rng(0)


class Network(nn.Module):
    """Two layers, as in Nielsen's first network."""

    def __init__(self, seed=0):
        self.hidden = nn.Linear(20, 7, rng=seed)
        self.out = nn.Linear(7, 3, rng=seed + 1)

    def forward(self, x):
        return tushuo.sigmoid(self.out(tushuo.sigmoid(self.hidden(x))))


def squared_error(model, x, y):
    return nn.mse_loss(model(x), y)


def stepper(rule):
    def step(model, state, x, y):
        loss, gradient = tushuo.value_and_grad(squared_error)(model, x, y)
        model, state = rule.update(model, gradient, state)
        return model, state, loss

    return step


RULES = [
    optim.SGD(0.5),
    optim.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=1e-3),
    optim.Adam(0.01),
    optim.AdamW(optim.schedule.cosine(0.01, 20)),
    optim.RMSprop(0.01),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda r: type(r).__name__)
def test_twenty_training_steps_are_the_same(rule):
    step = stepper(rule)
    compiled = compile(step, cache=False)
    eager = fast = (Network(), rule.init(Network()))
    for _ in range(20):
        x = RNG.random((10, 20), dtype=np.float32)
        y = RNG.random((10, 3), dtype=np.float32)
        *eager, loss = step(*eager, x, y)
        *fast, found = compiled(*fast, x, y)
        assert found.item() == pytest.approx(loss.item(), rel=1e-4)
    assert len(compiled.programs()) == 1
    assert fast[1]["step"].item() == 20
    assert fast[1]["step"].dtype == np.int64
    for a, b in zip(fast[0].parameters(), eager[0].parameters(), strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=2e-4, atol=2e-5)


def test_a_module_is_returned_as_a_module():
    model = Network()
    scaled = compile(lambda m: tushuo.tree_map(lambda w: w * 2, m), cache=False)(model)
    assert isinstance(scaled, Network)
    assert scaled.hidden.in_features == 20
    np.testing.assert_array_equal(scaled.out.bias.numpy(), 2 * model.out.bias.numpy())


def test_trees_go_in_and_come_out():
    def f(tree, *, scale=1):
        return {"sum": tree["a"] + tree["b"][0], "rest": (None, "word", 3, [tree["a"] * scale])}

    found = compile(f, cache=False)({"a": np.ones(2), "b": [np.zeros(2)]}, scale=5)
    assert found["rest"][:3] == (None, "word", 3)
    np.testing.assert_array_equal(found["rest"][3][0].numpy(), [5, 5])
    np.testing.assert_array_equal(found["sum"].numpy(), [1, 1])


def test_a_new_signature_is_a_new_program():
    f = compile(lambda x, n: x * n, cache=False)
    for x, n in [(np.ones(2), 2), (np.ones(3), 2), (np.ones(2, "f4"), 2), (np.ones(2), 3)]:
        np.testing.assert_array_equal(f(x, n).numpy(), n * x)
        np.testing.assert_array_equal(f(x + 1, n).numpy(), n * (x + 1))
    assert len(f.programs()) == 4


def test_numbers_that_only_look_equal_are_told_apart():
    f = compile(lambda x, n: x * 0 + (1 if isinstance(n, bool) else 2), cache=False)
    assert f(np.ones(()), 1).item() == 2
    assert f(np.ones(()), True).item() == 1
    g = compile(lambda x, n: x / (x * n), cache=False)
    assert g(np.array(1.0), 0.0).item() == np.inf
    assert g(np.array(1.0), -0.0).item() == -np.inf


@dataclass(frozen=True)
class Setting:
    by: float


@pytest.mark.parametrize("box", [Setting, lambda n: Setting((n,)), lambda n: {n}])
def test_so_are_settings_that_hold_such_numbers(box):
    def kind(setting):
        held = getattr(setting, "by", setting)
        return type(held if isinstance(held, int | float) else next(iter(held)))

    f = compile(lambda x, setting: x + (1 if kind(setting) is int else 2), cache=False)
    for _ in range(2):
        assert f(np.zeros(()), box(1)).item() == 1
        assert f(np.zeros(()), box(1.0)).item() == 2
    assert len(f.programs()) == 2


def test_slices_and_sets_count_by_value():
    f = compile(lambda x, part, names: x[part] * len(names), cache=False)
    for stop in (2, 3, 2):
        found = f(np.ones(4), slice(0, stop), {"a", "b"})
        assert found.numpy().tolist() == [2] * stop
    assert len(f.programs()) == 2


def test_shared_weights_stay_shared():
    def f(a, b):
        return tushuo.grad(lambda pair: tushuo.sum(pair[0] * pair[1]))([a, b])

    compiled = compile(f, cache=False)
    x, y = tushuo.asarray(np.array([3.0])), tushuo.asarray(np.array([5.0]))
    for pair in [(x, x), (x, y), (x, x)]:
        for found, wanted in zip(compiled(*pair), f(*pair), strict=True):
            assert found.item() == wanted.item()


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int8])
def test_numpys_scalars_are_arrays_without_axes(kind):
    f = compile(lambda x, y: (x * y["by"], x), cache=False)
    for number in (3, 4):
        product, same = f(kind(number), {"by": kind(2)})
        assert (product.item(), product.dtype, same.item()) == (2 * number, kind, number)
    assert len(f.programs()) == 1
    assert f.explain(kind(3), {"by": kind(2)}).kernels
    carry, _ = compile(lambda c, x: (c + x, None), cache=False).scan(kind(1), np.ones(3, kind))
    assert carry.item() == 4


def test_a_buffer_that_changes_is_noticed():
    class Shift(nn.Module):
        def __init__(self):
            self.by = nn.module.Buffer(np.ones(2))

        def forward(self, x):
            return x + self.by.data

    shift = Shift()
    f = compile(lambda m, x: m(x), cache=False)
    assert f(shift, np.zeros(2)).numpy().tolist() == [1, 1]
    shift.by.data = np.full(2, 7.0)
    assert f(shift, np.zeros(2)).numpy().tolist() == [7, 7]


def test_training_mode_is_part_of_the_signature():
    drop = nn.Dropout(0.5)
    f = compile(lambda m, x, rng: m(x, rng=rng), cache=False)
    x, rng = np.ones(50, np.float32), np.random.default_rng(0)
    assert (f(drop.train(), x, rng).numpy() == 0).any()
    assert (f(drop.eval(), x, rng).numpy() == 1).all()


def test_inside_of_a_derivative_the_function_itself_runs():
    f = compile(lambda x: tushuo.sum(x * x), cache=False)
    assert tushuo.grad(f)(np.array([3.0])).numpy().tolist() == [6.0]
    assert f.programs() == []


def test_inside_of_another_compiled_function():
    inner = compile(lambda x: x + 1, cache=False)
    outer = compile(lambda x: inner(x) * 2, cache=False)
    assert outer(np.array([1.0])).numpy().tolist() == [4.0]
    assert inner.programs() == []


def test_a_function_may_call_itself_on_what_is_known():
    @compile
    def f(x, n):
        return x + f(tushuo.asarray(1.0), n - 1) if n else x

    found = []
    thread = Thread(target=lambda: found.append(f(np.array(2.0), 2).item()), daemon=True)
    thread.start()
    thread.join(20)
    assert found == [4]


def test_a_method_gets_its_instance():
    class Scale(nn.Module):
        def __init__(self):
            self.weight = tushuo.asarray(np.arange(3.0))

        @compile
        def times(self, x):
            return x * self.weight

    scale = Scale()
    assert scale.times(np.full(3, 2.0)).numpy().tolist() == [0, 2, 4]
    scale.weight = tushuo.asarray(np.ones(3))
    assert scale.times(np.full(3, 2.0)).numpy().tolist() == [2, 2, 2]
    assert len(Scale.times.programs()) == 1


def test_results_are_read_only_and_not_overwritten():
    f = compile(lambda x: x + 1, cache=False)
    first = f(np.zeros(3))
    f(np.ones(3))
    assert first.numpy().tolist() == [1, 1, 1]
    with pytest.raises(ValueError, match="read-only"):
        first.numpy()[0] = 5


def test_inputs_and_constants_can_be_returned():
    known = np.arange(3.0)
    f = compile(lambda x: (x, tushuo.asarray(known), x), cache=False)
    x = tushuo.asarray(np.ones(2))
    a, b, c = f(x)
    assert a.numpy().tolist() == c.numpy().tolist() == [1, 1]
    assert b.numpy().tolist() == [0, 1, 2]
    assert a.data is x.data


def test_an_input_that_is_returned_stays_the_callers_own():
    mine = np.ones(4)
    found, _ = compile(lambda x: (x, x + 1), cache=False)(mine[:2])
    mine[:] = 7
    assert found.numpy().tolist() == [1, 1]
    assert mine[:2].flags.writeable


def test_the_name_and_the_text_are_the_functions():
    @compile
    def double(x):
        """Twice."""
        return x * 2

    assert double.__name__ == "double"
    assert double.__doc__ == "Twice."
    assert tushuo.compile(lambda x: x + 1)(np.zeros(1)).item() == 1


def test_threads_do_not_share_memory():
    f = compile(lambda x: tushuo.sum(tushuo.softmax(x, 1) @ x.T, 1), cache=False)
    rows = [RNG.standard_normal((30, 30)) for _ in range(4)]
    wanted = [f(x).numpy() for x in rows]
    found = [None] * 4

    def work(i):
        for _ in range(50):
            found[i] = f(rows[i]).numpy()
            assert np.array_equal(found[i], wanted[i])

    threads = [Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(x, y) for x, y in zip(found, wanted, strict=True))


def test_too_many_signatures():
    f = compile(lambda x, n: x + n, cache=False, without=["fuse"])
    for n in range(64):
        f(np.zeros(1), n)
    with pytest.raises(CompileError, match="64 different signatures; pass numbers that change as"):
        f(np.zeros(1), 64)


def test_arrays_of_other_libraries_are_refused():
    strict = pytest.importorskip("array_api_strict")
    with pytest.raises(CompileError, match=r"an array of array_api_strict.*call the function"):
        compile(lambda x: x + 1, cache=False)(tushuo.asarray(strict.ones(3)))


def test_kinds_of_numpys_arrays_are_refused_by_name():
    masked = np.ma.array([1.0, 2.0], mask=[0, 1])
    with pytest.raises(CompileError, match=r"numpy\.ma.* \(MaskedArray\).*pass such a one"):
        compile(lambda x: x + 1, cache=False)(masked)


PICKING = {
    "take": lambda x, i: tushuo.take(x, i),
    "scatter": lambda x, i: tushuo.scatter_add(tushuo.reshape(x, 3)[: i.shape[0]], i, 3),
    "along": lambda x, i: tushuo.take_along_axis(x, i),
    "put": lambda x, i: tushuo.put_along_axis_add(i.astype("float64"), i, 3),
}


@pytest.mark.parametrize("f", PICKING.values(), ids=PICKING)
def test_an_index_out_of_range_is_an_error_with_its_line(f):
    compiled, x = compile(f, cache=False), np.arange(3.0)
    for good in ([2, 0], [-1, -3]):
        i = np.array(good)
        np.testing.assert_array_equal(compiled(x, i).numpy(), f(x, tushuo.asarray(i)).numpy())
    for bad in ([0, 3], [-4, 0], [2**40, 1]):
        with pytest.raises(ShapeError, match=r"an index is out of range, asked for at .*py:\d+"):
            compiled(x, np.array(bad))
    assert compiled(x, np.array([1, 1])).numpy().size in (2, 3)


def test_an_error_leaves_nothing_behind():
    f = compile(lambda x, i, j: (x[0] * tushuo.take(x, i), _half(tushuo.take(_half(x), j))))
    x, good, bad = np.arange(3.0), np.array([1]), np.array([9])
    for i, j in [(bad, bad), (good, bad), (bad, good)]:
        with pytest.raises(ShapeError, match="an index is out of range"):
            f(x, i, j)
        assert [y.numpy().tolist() for y in f(x, good, good)] == [[0], [1]]
    assert not f(x, good, good)[0].numpy().flags.writeable


def _half(x):
    return x.astype("float16")


def test_float16_is_no_exception():
    take = compile(lambda x, i: tushuo.take(x, i), cache=False)
    x = np.arange(3).astype(np.float16)
    assert take(x, np.array([2, -1])).numpy().tolist() == [2, 2]
    with pytest.raises(
        ShapeError, match=r"Take.*: an index is out of range, asked for at .*py:\d+"
    ):
        take(x, np.array([3]))


def test_nothing_may_be_taken_of_nothing():
    take = compile(lambda x, i: tushuo.take(x, i[:0]), cache=False)
    assert take(np.zeros((0, 3)), np.ones(2, int)).shape == (0, 3)


def test_a_failing_numpy_operation_names_its_line():
    class Picky(tushuo.graph.Op):
        def infer(self, *inputs):
            return inputs[0]

        def forward(self, xp, *inputs):
            if inputs[0][0] > 5:
                raise ArithmeticError("too large")
            return inputs[0] + 0

    f = compile(Picky(), cache=False)
    assert f(np.zeros(2)).numpy().tolist() == [0, 0]
    with pytest.raises(CompileError, match=r"Picky failed, asked for at .*: too large"):
        f(np.full(2, 7.0))
