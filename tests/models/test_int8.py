"""Weights as 8-bit numbers: how near they stay, and files that lie about them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from safetensors.numpy import load_file, save_file

from tushuo.errors import BundleError, UsageError
from tushuo.models.int8 import dequantized, quantized
from tushuo.models.weights_file import digest, read_shapes, read_weights, write_weights

FINITE = st.floats(-1e4, 1e4, width=32)
MATRICES = array_shapes(min_dims=2, max_dims=4, max_side=5).flatmap(
    lambda shape: arrays(np.float32, shape, elements=FINITE)
)


@settings(deadline=None, max_examples=50)
@given(MATRICES)
def test_each_weight_is_off_by_half_a_scale_at_most(weights):
    whole, scale = quantized(weights)
    assert whole.dtype == np.int8
    assert whole.min(initial=0) >= -127
    assert scale.shape == (len(weights),)
    error = np.abs(dequantized(whole, scale) - weights).reshape(len(weights), -1)
    largest = np.abs(weights).reshape(len(weights), -1).max(axis=1)
    allowed = np.maximum(largest / 127 / 2 * 1.001, 1e-37)  # rounding, and the smallest scale
    assert (error.max(axis=1) <= allowed).all()


def test_rows_have_scales_of_their_own():
    """A row of small weights is kept as well as one of large ones."""
    rows = np.array([[1000.0, -500.0, 3.0], [0.001, -0.0005, 0.0], [0.0, 0.0, 0.0]], np.float32)
    back = dequantized(*quantized(rows))
    np.testing.assert_allclose(back[1], rows[1], rtol=0, atol=0.001 / 254)
    np.testing.assert_allclose(back[0], rows[0], rtol=0, atol=1000 / 254 * 1.001)
    assert (back[2] == 0).all()
    np.testing.assert_array_equal(dequantized(*quantized(back)), back)  # nothing is lost again


@pytest.fixture
def path(tmp_path):
    rng = np.random.default_rng(0)
    weights = {
        "conv": rng.normal(size=(6, 2, 3, 3)).astype(np.float32),
        "bias": rng.normal(size=6).astype(np.float32),
    }
    write_weights(tmp_path / "w.safetensors", weights, "int8")
    return tmp_path / "w.safetensors"


def test_files(path):
    stored = load_file(path)
    assert {name: x.dtype for name, x in stored.items()} == {
        "conv": np.int8,
        "conv_scale": np.float32,
        "bias": np.float32,
    }
    weights = read_weights(path)
    assert read_shapes(path) == {"conv": (6, 2, 3, 3), "bias": (6,)}
    assert {x.dtype for x in weights.values()} == {np.dtype(np.float32)}
    np.testing.assert_array_equal(
        weights["conv"], dequantized(stored["conv"], stored["conv_scale"])
    )
    np.testing.assert_array_equal(weights["bias"], stored["bias"])


@pytest.mark.parametrize(
    ("scale", "message"),
    [
        (None, "conv is of type I8; its conv_scale: got nothing, expected F32 (6,)"),
        (np.ones(5, np.float32), "its conv_scale: got F32 (5,), expected F32 (6,)"),
        (np.ones(6, np.float64), "its conv_scale: got F64 (6,), expected F32 (6,)"),
        (np.full(6, np.nan, np.float32), "conv holds values that are not finite"),
        (np.full(6, 3e38, np.float32), "conv holds values that are not finite"),
    ],
)
def test_scales_that_do_not_fit(path, scale, message):
    stored = load_file(path)
    del stored["conv_scale"]
    save_file(stored if scale is None else {**stored, "conv_scale": scale}, path)
    with pytest.raises(BundleError) as caught:
        read_weights(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_what_cannot_be_stored(tmp_path):
    with pytest.raises(UsageError, match="store: got 'int4'; expected float16 or int8"):
        write_weights(tmp_path / "w", {"x": np.ones((2, 2))}, "int4")
    with pytest.raises(BundleError, match="x holds values that are not finite"):
        write_weights(tmp_path / "w", {"x": np.array([[np.inf]])}, "int8")
    assert not (tmp_path / "w").exists()


def test_the_digest_sees_names_shapes_and_values_and_nothing_else():
    a, b = np.arange(6, dtype=np.float32).reshape(2, 3), np.ones(2, np.float32)
    first = digest({"a": a, "b": b})
    assert first == digest({"b": b.astype(np.float64), "a": np.asfortranarray(a)})
    others = [
        {"a": a, "c": b},
        {"a": a.reshape(3, 2), "b": b},
        {"a": a, "b": b * np.float32(1 + 1e-7)},
        {"a": a},
    ]
    assert len({first, *map(digest, others)}) == 5
