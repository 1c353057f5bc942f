from __future__ import annotations

import numpy as np
import pytest

from tushuo.errors import BundleError, UsageError
from tushuo.graph import Tensor, grad, ops, tree_map
from tushuo.models.efficientnet import SCALES, EfficientNetLite, round_channels
from tushuo.nn import Buffer

PUBLISHED = {  # parameters with the classifier: the reference implementation's own count
    "efficientnet-lite0": 4_652_008,
    "efficientnet-lite1": 5_416_680,
    "efficientnet-lite2": 6_092_072,
}


@pytest.fixture(scope="module")
def network() -> EfficientNetLite:
    """A small-classifier Lite0 whose running statistics are not the initial ones."""
    model = EfficientNetLite("efficientnet-lite0", classes=5, rng=0)
    random = np.random.default_rng(1)
    for name, buffer in model.named_buffers().items():
        assert isinstance(buffer, Buffer)
        low = 0.5 if name.endswith("var") else -0.2
        buffer.data = random.uniform(low, low + 1, buffer.data.shape).astype(np.float32)
    return model.eval()


def images(n: int, size: int, seed: int = 0) -> Tensor:
    return Tensor(np.random.default_rng(seed).standard_normal((n, 3, size, size)).astype("f"))


@pytest.mark.parametrize("name", SCALES)
def test_number_of_parameters(name):
    model = EfficientNetLite(name, rng=0)
    assert sum(x.size for x in model.parameters()) == PUBLISHED[name]


def test_shapes(network):
    assert network.features(images(2, 64)).shape == (2, 1280, 2, 2)
    assert network.features(images(1, 70)).shape == (1, 1280, 3, 3)
    assert network(images(2, 64)).shape == (2, 5)


def test_folding_changes_nothing_but_the_number_of_parts(network):
    folded = network.folded()
    x = images(2, 64)
    np.testing.assert_allclose(folded(x).numpy(), network(x).numpy(), rtol=1e-3, atol=1e-4)
    assert not folded.named_buffers()
    assert network.named_buffers()  # the original is as it was
    assert folded.folded()(x).numpy() == pytest.approx(folded(x).numpy())


@pytest.mark.parametrize("blocks", [-1, 17])
def test_more_blocks_than_there_are_is_refused(network, blocks):
    what = f"blocks: got {blocks}, expected 0 to 16, those of efficientnet-lite0"
    with pytest.raises(UsageError, match=what):
        network.tail(blocks)
    with pytest.raises(UsageError, match=what):
        network.before(images(1, 32), blocks)


@pytest.mark.parametrize("blocks", [0, 3, 16])
def test_it_can_be_cut_in_two_and_put_together(network, blocks):
    x = images(2, 64)
    tail = network.tail(blocks)
    assert len(tail.blocks) == blocks
    whole = network.features(x).numpy()
    np.testing.assert_array_equal(tail(network.before(x, blocks)).numpy(), whole)
    other = network.with_tail(tree_map(lambda w: 2 * w, tail))
    changed = [
        n for n, w in other.state_dict().items() if not np.array_equal(w, network.state_dict()[n])
    ]
    assert all(
        name.startswith(("head", *(f"blocks.{15 - i}." for i in range(blocks)))) for name in changed
    )
    assert "head.conv.weight" in changed


def test_a_photograph_does_not_depend_on_its_neighbours(network):
    x = images(3, 64)
    alone = network(x[1:2]).numpy()
    np.testing.assert_allclose(network(x).numpy()[1:2], alone, rtol=1e-3, atol=1e-5)


def test_training_reaches_every_weight():
    model = EfficientNetLite("efficientnet-lite0", classes=3, rng=0)
    x = images(2, 64)

    def loss(model: EfficientNetLite) -> Tensor:
        return ops.sum(ops.square(model(x, np.random.default_rng(0))))

    gradient = grad(loss)(model)
    weights = {k: g.numpy() for k, g in gradient.named_parameters().items() if "weight" in k}
    assert [name for name, g in weights.items() if not np.isfinite(g).all()] == []
    assert [name for name, g in weights.items() if not g.any()] == []


def test_rounding_of_channels_never_takes_more_than_a_tenth():
    for channels in range(8, 400):
        for width in (0.5, 1.0, 1.1, 1.4):
            rounded = round_channels(channels, width)
            assert rounded % 8 == 0
            assert rounded >= 0.9 * channels * width


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(BundleError, match="unknown model 'resnet'; use one of efficientnet-lite0"):
        EfficientNetLite("resnet")
