"""Nielsen's network: its gradients, its two ways through a mini-batch, and what it learns."""

from __future__ import annotations

import numpy as np
import pytest

import tushuo
from handwriting import few
from tushuo.errors import DTypeError, ShapeError, UsageError
from tushuo.models.mlp import MLP
from tushuo.models.network import Network, epoch_order, sigmoid, sigmoid_prime


def examples(sizes, n, seed=0):
    rng = np.random.default_rng(seed)
    return [(rng.random((sizes[0], 1)), rng.random((sizes[-1], 1))) for _ in range(n)]


def parameters(network):
    return [*network.biases, *network.weights]


def same(a, b, **tolerance):
    for x, y in zip(parameters(a), parameters(b), strict=True):
        np.testing.assert_allclose(x, y, **tolerance)


def test_the_shapes_are_those_of_the_article():
    network = Network([784, 30, 10], rng=0)
    assert network.num_layers == 3
    assert [b.shape for b in network.biases] == [(30, 1), (10, 1)]
    assert [w.shape for w in network.weights] == [(30, 784), (10, 30)]
    assert network.feedforward(np.zeros((784, 4))).shape == (10, 4)


def test_sigmoid():
    z = np.array([-1000.0, 0.0, 1000.0])
    np.testing.assert_array_equal(sigmoid(z), [0, 0.5, 1])
    np.testing.assert_array_equal(sigmoid_prime(z), [0, 0.25, 0])


@pytest.mark.parametrize("sizes", [[3, 2], [4, 5, 3], [3, 4, 2, 5]])
def test_backprop_equals_numeric_differences(sizes):
    network, data = Network(sizes, rng=1), examples(sizes, 3)
    x, y = (np.hstack(columns) for columns in zip(*data, strict=True))
    nablas = [nabla for group in network.backprop(x, y) for nabla in group]
    for values, nabla in zip(parameters(network), nablas, strict=True):
        for place in np.ndindex(values.shape):
            kept, costs = values[place], []
            for step in (1e-5, -1e-5):
                values[place] = kept + step
                costs.append(3 * network.cost(data))
            values[place] = kept
            assert nabla[place] == pytest.approx((costs[0] - costs[1]) / 2e-5, abs=1e-8)


def test_backprop_equals_the_engine():
    network = Network([784, 30, 10], rng=2)
    ((x, y),) = examples([784, 10], 1)

    def cost(parts):
        a = tushuo.asarray(x)
        for b, w in zip(parts["b"], parts["w"], strict=True):
            a = tushuo.sigmoid(w @ a + b)
        return tushuo.sum((a - y) ** 2) / 2

    grads = tushuo.grad(cost)({"b": network.biases, "w": network.weights})
    nabla_b, nabla_w = network.backprop(x, y)
    for ours, theirs in zip([*nabla_b, *nabla_w], [*grads["b"], *grads["w"]], strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=0, atol=1e-10)


def test_a_mini_batch_is_the_sum_of_its_examples():
    network, data = Network([6, 5, 4], rng=0), examples([6, 5, 4], 7)
    whole = network.backprop(*(np.hstack(columns) for columns in zip(*data, strict=True)))
    single = [network.backprop(x, y) for x, y in data]
    for kind in (0, 1):
        for layer in (0, 1):
            total = sum(nablas[kind][layer] for nablas in single)
            np.testing.assert_allclose(whole[kind][layer], total, rtol=0, atol=1e-14)


def test_the_two_ways_learn_the_same():
    train = few(100).train
    data = list(zip(train.inputs()[..., None], train.targets()[..., None], strict=True))
    slow, fast = (Network([784, 12, 10], rng=5) for _ in range(2))
    slow.SGD(data, 2, 8, 1.0, by_example=True, report=lambda line: None)
    fast.SGD(data, 2, 8, 1.0, report=lambda line: None)
    same(slow, fast, rtol=0, atol=1e-12)


def test_it_learns_and_reports():
    data, lines = few(2000, 500), []
    train = list(zip(data.train.inputs()[..., None], data.train.targets()[..., None], strict=True))
    test = list(zip(data.test.inputs()[..., None], data.test.labels, strict=True))
    network = Network([784, 30, 10], rng=0)
    before = network.cost(train)
    counts = network.SGD(train, 25, 10, 3.0, test_data=test, report=lines.append)
    assert lines == [f"Epoch {i}: {count} / 500" for i, count in enumerate(counts)]
    assert counts[-1] == network.evaluate(test) > 400
    assert network.cost(train) < before / 5


def test_without_test_data(capsys):
    assert Network([2, 2], rng=0).SGD(examples([2, 2], 3), 2, 2, 0.1) == []
    assert capsys.readouterr().out == "Epoch 0 complete\nEpoch 1 complete\n"


def test_a_seed_says_all():
    data = examples([5, 3], 9)
    one, two, other = (Network([5, 4, 3], rng=seed) for seed in (3, 3, 4))
    for network in (one, two, other):
        network.SGD(data, 1, 4, 1.0, report=lambda line: None)
    same(one, two, rtol=0, atol=0)
    assert not np.array_equal(one.weights[0], other.weights[0])
    assert Network([5, 3], rng=np.random.default_rng(1)).seed == (
        Network([5, 3], rng=np.random.default_rng(1)).seed
    )
    assert Network([5, 3]).seed != Network([5, 3]).seed
    assert sorted(epoch_order(9, 0, 0)) == list(range(9))
    assert list(epoch_order(9, 0, 0)) != list(epoch_order(9, 0, 1))


def test_the_mlp_computes_the_same():
    network, x = Network([6, 5, 4], rng=0), np.random.default_rng(0).random((3, 6))
    logits = MLP.from_network(network)(x)
    np.testing.assert_allclose(sigmoid(logits.numpy()), network.feedforward(x.T).T, atol=1e-15)


PAIR = (np.zeros((3, 1)), np.zeros((2, 1)))
WRONG = {
    "sizes: got [784]": lambda: Network([784]),
    "sizes: got [784, 0, 10]": lambda: Network([784, 0, 10]),
    "sizes: got '784-30-10'": lambda: Network("784-30-10"),
    "rng: got -1": lambda: Network([3, 2], rng=-1),
    "epochs: got 1.5": lambda: Network([3, 2]).SGD([PAIR], 1.5, 1, 0.1),
    "mini_batch_size: got 0": lambda: Network([3, 2]).SGD([PAIR], 1, 0, 0.1),
    "eta: got -1": lambda: Network([3, 2]).SGD([PAIR], 1, 1, -1),
    "eta: got nan": lambda: Network([3, 2]).SGD([PAIR], 1, 1, float("nan")),
    "the input: got <U3, expected numbers": lambda: Network([3, 2]).feedforward("abc"),
    "the input: got shape (3,), expected (3, m)": lambda: Network([3, 2]).feedforward(np.zeros(3)),
    "x: got shape (4, 1), expected (3, m)": lambda: Network([3, 2]).backprop(
        np.zeros((4, 1)), PAIR[1]
    ),
    "x has 1 columns and y 2": lambda: Network([3, 2]).backprop(PAIR[0], np.zeros((2, 2))),
    "the data hold no example": lambda: Network([3, 2]).update_mini_batch([], 0.1),
    "the data: got a str whose items are not pairs": lambda: Network([3, 2]).evaluate("digits"),
    "x has 3 numbers an example, the network 5": lambda: Network([5, 2]).evaluate([PAIR]),
    "y has 2 numbers an example, the network 4": lambda: Network([3, 4]).evaluate([PAIR]),
    "x of the data: got <U3, expected numbers": lambda: Network([3, 2]).evaluate([("abc", 1)]),
    "x of the data: rows of different shapes": lambda: Network([3, 2]).evaluate(
        [PAIR, (np.zeros((4, 1)), PAIR[1])]
    ),
    "classes from 7 to 7, but 2 output neurons": lambda: Network([3, 2]).evaluate([(PAIR[0], 7)]),
}


@pytest.mark.parametrize("text", WRONG)
def test_wrong_arguments_are_named(text):
    with pytest.raises((ShapeError, DTypeError, UsageError)) as caught:
        WRONG[text]()
    assert text in str(caught.value)
