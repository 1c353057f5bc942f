from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from tushuo.errors import ShapeError, UsageError
from tushuo.nn import Linear, init

SHAPE = (60, 20, 3, 3)  # fan-in 180, fan-out 540


@pytest.mark.parametrize(
    ("draw", "std"),
    [
        (lambda: init.xavier_uniform(SHAPE, rng=0), sqrt(2 / 720)),
        (lambda: init.xavier_normal(SHAPE, gain=2.0, rng=0), 2 * sqrt(2 / 720)),
        (lambda: init.kaiming_uniform(SHAPE, rng=0), sqrt(2 / 180)),
        (lambda: init.kaiming_normal(SHAPE, mode="fan_out", rng=0), sqrt(2 / 540)),
        (lambda: init.kaiming_normal(SHAPE, nonlinearity="tanh", rng=0), 5 / 3 / sqrt(180)),
        (lambda: init.kaiming_uniform(SHAPE, a=sqrt(5), rng=0), 1 / sqrt(3 * 180)),
        (lambda: init.scaled_uniform(SHAPE, 180, rng=0), 1 / sqrt(3 * 180)),
        (lambda: init.normal(SHAPE, std=0.3, rng=0), 0.3),
        (lambda: init.uniform(SHAPE, -1.0, 1.0, rng=0), sqrt(1 / 3)),
    ],
)
def test_the_spread_is_that_of_the_formula(draw, std):
    values = draw()
    assert values.dtype == np.float32
    assert np.std(values.numpy()) == pytest.approx(std, rel=0.03)
    assert abs(np.mean(values.numpy())) < 0.03 * std


def test_uniform_values_stay_within_their_bound():
    values = init.xavier_uniform((40, 50), rng=1).numpy()
    bound = sqrt(6 / 90)
    assert 0.99 * bound < np.abs(values).max() <= bound


@pytest.mark.parametrize("shape", [(4, 9), (9, 4), (5, 5), (6, 2, 2)])
def test_orthogonal_rows_or_columns_are_orthonormal(shape):
    flat = init.orthogonal(shape, gain=2.0, rng=3, dtype=np.float64).numpy().reshape(shape[0], -1)
    small = flat @ flat.T if flat.shape[0] <= flat.shape[1] else flat.T @ flat
    np.testing.assert_allclose(small, 4 * np.eye(len(small)), atol=1e-12)


def test_orthogonal_signs_are_not_biased():
    corners = [init.orthogonal((3, 3), rng=seed).numpy()[0, 0] for seed in range(400)]
    assert abs(np.mean(corners)) < 0.1  # 0.58 for the plain QR, whose diagonal has one sign


def test_other_names_are_the_same_functions():
    assert init.glorot_uniform is init.xavier_uniform
    assert init.he_normal is init.kaiming_normal


def test_a_seed_repeats_and_a_generator_goes_on():
    one = init.normal((3,), rng=5).numpy()
    np.testing.assert_array_equal(one, init.normal((3,), rng=5).numpy())
    source = init.generator(5)
    np.testing.assert_array_equal(one, init.normal((3,), rng=source).numpy())
    assert not np.array_equal(one, init.normal((3,), rng=source).numpy())


def test_zeros_and_ones():
    assert not init.zeros((2, 3)).numpy().any()
    assert init.ones((2,), dtype="float64").numpy().tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: init.generator("now"), "rng must be a numpy.random.Generator, a seed >= 0 or"),
        (lambda: init.generator(-1), "got -1"),
        (lambda: init.calculate_gain("cosine"), "unknown nonlinearity 'cosine'; use one of conv2d"),
        (lambda: init.kaiming_normal((2, 2), mode="fan"), "mode is 'fan'; use 'fan_in' or"),
    ],
)
def test_wrong_arguments(call, text):
    with pytest.raises(UsageError) as error:
        call()
    assert text in str(error.value)


def test_a_vector_has_no_fans():
    with pytest.raises(ShapeError, match=r"needs the shape \(out, in, ...\) of a weight, got \(3,"):
        init.xavier_uniform((3,))


def test_where_weights_come_from_elsewhere_none_are_drawn():
    with init.skipped():
        assert not Linear(3, 2, rng=0).weight.numpy().any()
        assert not init.normal((4,), rng=0).numpy().any()
        with pytest.raises(ZeroDivisionError), init.skipped():
            raise ZeroDivisionError
        assert not init.uniform((4,), rng=0).numpy().any()
    assert Linear(3, 2, rng=0).weight.numpy().all()
