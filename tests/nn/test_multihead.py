from __future__ import annotations

import numpy as np
import pytest

import tushuo.graph as g
from tushuo.errors import DTypeError, ShapeError, UsageError
from tushuo.nn import MultiheadAttention

PADDING = np.array([[False, False, True], [True, False, True]])


def make(**settings):
    return MultiheadAttention(4, 2, rng=0, dtype=np.float64, **settings)


def test_gradients(check_layer, rng):
    q, k = rng.normal(size=(2, 2, 4)), rng.normal(size=(2, 3, 4))
    check_layer(make(), q)
    check_layer(make(bias=False), q, k, k + 1, key_padding_mask=PADDING)
    check_layer(make(dropout=0.3), q, rng=0)


def test_self_attention_in_one_product_is_the_same(rng):
    layer, x = make(), rng.normal(size=(2, 3, 4))
    np.testing.assert_allclose(layer(x)[0].numpy(), layer(x, x.copy(), x.copy())[0].numpy())


def test_heads_attend_separately(rng):
    layer, x = make(), rng.normal(size=(2, 3, 4))
    _, each = layer(x, average_attn_weights=False)
    _, averaged = layer(x)
    assert each.shape == (2, 2, 3, 3)
    np.testing.assert_allclose(each.numpy().mean(1), averaged.numpy())
    np.testing.assert_allclose(each.numpy().sum(-1), 1)
    assert np.abs(each.numpy()[:, 0] - each.numpy()[:, 1]).max() > 0.01


def test_padded_keys_change_nothing_and_get_no_gradient(rng):
    layer, q, k = make(), rng.normal(size=(2, 2, 4)), rng.normal(size=(2, 3, 4))
    whole, weights = layer(q, k, key_padding_mask=PADDING)
    alone, _ = layer(q[:1], k[:1, :2])
    np.testing.assert_allclose(whole.numpy()[:1], alone.numpy(), rtol=1e-10)
    assert (np.swapaxes(weights.numpy(), 1, 2)[PADDING] == 0).all()
    slopes = g.grad(lambda x: (layer(q, x, key_padding_mask=PADDING)[0] * q).sum())(k).numpy()
    assert (slopes[PADDING] == 0).all()
    assert (slopes[~PADDING] != 0).any()


def test_a_causal_mask_hides_the_future(rng):
    layer, x = make(), rng.normal(size=(2, 3, 4))
    future = np.triu(np.ones((3, 3), bool), 1)
    whole = layer(x, attn_mask=future)[0].numpy()
    for t in (1, 2):
        part = layer(x[:, :t], attn_mask=future[:t, :t])[0].numpy()
        np.testing.assert_allclose(whole[:, :t], part, rtol=1e-10)


def test_masks_join(rng):
    layer, x = make(), rng.normal(size=(2, 3, 4))
    future = np.triu(np.ones((3, 3), bool), 1)
    _, weights = layer(x, key_padding_mask=PADDING, attn_mask=future)
    hidden = future[None] | PADDING[:, None]
    assert (weights.numpy()[hidden] == 0).all()
    assert (weights.numpy()[~hidden] > 0).all()
    full = np.broadcast_to(hidden[:, None], (2, 2, 3, 3))
    np.testing.assert_array_equal(layer(x, attn_mask=full)[1].numpy(), weights.numpy())


def test_attention_to_nothing_is_the_output_bias(rng):
    layer, x = make(), rng.normal(size=(2, 3, 4))
    result, weights = layer(x, key_padding_mask=np.ones((2, 3), bool))
    assert not weights.numpy().any()
    assert not result.numpy().any()  # the bias is zero at first


def test_dropout_acts_in_training_only(rng):
    layer, x = make(dropout=0.5), rng.normal(size=(2, 3, 4))
    with pytest.raises(UsageError, match="needs random numbers in training"):
        layer(x)
    dropped = layer(x, rng=0)[0].numpy()
    assert np.abs(dropped - layer.eval()(x)[0].numpy()).max() > 0.01


def test_parameters_have_the_names_of_pytorch():
    shapes = {name: x.shape for name, x in make().named_parameters().items()}
    assert shapes == {
        "in_proj_weight": (12, 4), "in_proj_bias": (12,),
        "out_proj.weight": (4, 4), "out_proj.bias": (4,),
    }  # fmt: skip
    assert set(make(bias=False).named_parameters()) == {"in_proj_weight", "out_proj.weight"}


def test_repr():
    shown = repr(make(dropout=0.1)).splitlines()[0]
    assert shown == "MultiheadAttention(embed_dim=4, num_heads=2, dropout=0.1"


X = np.zeros((2, 3, 4))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: make()(np.zeros((2, 3, 5))),
            "MultiheadAttention(4, 2) needs inputs (..., 4), got (2, 3, 5)",
        ),
        (lambda: make()(X[0]), "MultiheadAttention(4, 2) needs inputs (N, L, 4), got (3, 4)"),
        (
            lambda: make()(X, X[:1]),
            "MultiheadAttention(4, 2) needs queries (N, L, E) and keys and values (N, S, E), got "
            "(2, 3, 4), (1, 3, 4) and (1, 3, 4)",
        ),
        (
            lambda: make()(X, attn_mask=np.ones((3, 4), bool)),
            "MultiheadAttention(4, 2) attn_mask: needs a mask (L, S) = (3, 3), got (3, 4)",
        ),
    ],
)
def test_wrong_shapes(call, text):
    with pytest.raises(ShapeError) as error:
        call()
    assert str(error.value) == text


def test_wrong_settings():
    with pytest.raises(UsageError, match="embed_dim 5 is no multiple of 2 heads"):
        MultiheadAttention(5, 2)
    with pytest.raises(DTypeError, match="key_padding_mask: needs a boolean mask, got float64"):
        make()(X, key_padding_mask=np.ones((2, 3)))
