from __future__ import annotations

import numpy as np
import pytest

import tushuo.graph as g
from tushuo import nn
from tushuo.errors import CheckpointError


class Block(nn.Module):
    """A module with all that a module can hold."""

    def __init__(self) -> None:
        self.layers = [nn.Linear(3, 4, rng=0), nn.Linear(4, 3, rng=1)]
        self.parts = {"norm": nn.BatchNorm2d(3)}
        self.scale = g.asarray(np.ones(3, np.float32))
        self.note = "not part of the tree"

    def forward(self, x):
        for layer in self.layers:
            x = nn.relu(layer(x))
        return x * self.scale


NAMES = [
    "layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias",
    "parts.norm.weight", "parts.norm.bias", "scale",
]  # fmt: skip


def test_parameters_and_buffers_are_named_by_path():
    model = Block()
    assert list(model.named_parameters()) == NAMES
    assert list(model.named_buffers()) == ["parts.norm.running_mean", "parts.norm.running_var"]


def test_a_gradient_is_a_module_of_the_same_structure(rng):
    model, x = Block(), rng.normal(size=(5, 3)).astype(np.float32)
    value, slopes = g.value_and_grad(lambda m, v: nn.mse_loss(m(v), v))(model, x)
    assert isinstance(slopes, Block)
    assert list(slopes.named_parameters()) == NAMES
    assert not slopes.parts["norm"].weight.numpy().any()  # not used
    stepped = g.tree_map(lambda p, s: p - 0.1 * s, model, slopes)
    assert nn.mse_loss(stepped(x), x).item() < value.item()
    assert nn.mse_loss(model(x), x).item() == value.item()  # the first is as it was
    assert stepped.scale.dtype == np.float32


def test_a_shared_parameter_gets_the_gradient_of_both_uses():
    model = Block()
    model.layers[1].bias = model.scale
    slopes = g.grad(lambda m: (m.layers[1].bias * 2 + m.scale * 3).sum())(model)
    assert slopes.scale.numpy().tolist() == [5, 5, 5]


def test_copies_share_buffers():
    model = Block()
    other = g.tree_map(lambda p: p * 2, model)
    assert other.parts["norm"].running_mean is model.parts["norm"].running_mean


def test_state_dict_round_trip(rng):
    one, two = Block(), Block()
    one = g.tree_map(lambda p: p + 1, one)
    one.parts["norm"](rng.normal(size=(2, 3, 2, 2)))
    assert two.load_state_dict(one.state_dict()) is two
    for name, value in one.state_dict().items():
        np.testing.assert_array_equal(two.state_dict()[name], value, err_msg=name)
    assert list(one.state_dict()) == [*NAMES, *one.named_buffers()]


def test_loading_casts_to_the_data_types_of_the_model():
    model = nn.Linear(2, 1)
    model.load_state_dict({"weight": np.ones((1, 2)), "bias": np.zeros(1)})
    assert model.weight.dtype == np.float32


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (
            {"weight": np.ones((1, 2)), "scale": np.ones(1)},
            "the weights do not fit Linear: 1 missing ['bias'], 1 unknown ['scale']; load weights "
            "that were saved from the same architecture",
        ),
        (
            {"weight": np.ones((2, 1)), "bias": np.zeros(1)},
            "weight has shape (1, 2) here and (2, 1) in the weights",
        ),
        (
            {"weight": np.ones((1, 2)), "bias": "zero"},
            "bias is <U4 in the weights, expected real numbers",
        ),
    ],
)
def test_other_weights_are_refused_and_nothing_is_loaded(state, text):
    model = nn.Linear(2, 1, rng=0)
    before = model.state_dict()
    with pytest.raises(CheckpointError) as error:
        model.load_state_dict(state)
    assert str(error.value) == text
    np.testing.assert_array_equal(model.weight.numpy(), before["weight"])


def test_train_and_eval_reach_all_modules():
    model = Block()
    assert model.eval() is model
    assert not any(m.training for _, m in model.named_modules())
    assert all(m.training for _, m in model.train().named_modules())


def test_repr_shows_the_tree():
    assert repr(Block()) == (
        "Block(\n"
        "  (layers.0): Linear(in_features=3, out_features=4, bias=True)\n"
        "  (layers.1): Linear(in_features=4, out_features=3, bias=True)\n"
        "  (parts.norm): BatchNorm2d(3, eps=1e-05, momentum=0.1)\n"
        ")"
    )
    assert repr(nn.BatchNorm2d(3).running_var) == "Buffer(float32(3,))"


def test_a_module_without_forward_says_so():
    class Empty(nn.Module):
        pass

    with pytest.raises(NotImplementedError, match="Empty defines no forward"):
        Empty()(1)


def test_exported_names_exist():
    assert all(hasattr(nn, name) for name in nn.__all__)
    assert sorted(nn.__all__) == sorted(set(nn.__all__))
