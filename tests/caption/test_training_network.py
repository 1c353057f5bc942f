"""The network that is trained, the encoder's last blocks in it, and the maps that it takes."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import tushuo
from tiny import save_photograph
from tushuo.caption.training import FeatureCache
from tushuo.caption.training.live import LiveMaps, ahead
from tushuo.caption.training.network import Network
from tushuo.caption.training.rates import ByPart
from tushuo.data import Preprocessing
from tushuo.data.views import View
from tushuo.graph import Tensor, ops, tree_map, value_and_grad
from tushuo.models.efficientnet import EfficientNetLite
from tushuo.models.show_attend_tell import ShowAttendTell
from tushuo.native import is_eager
from tushuo.optim import AdamW

BLOCKS = 2


@pytest.fixture(scope="module")
def encoder():
    """Its running means are not zero, so that no sum is exactly where relu6 bends."""
    made = EfficientNetLite("efficientnet-lite0", classes=1, rng=2)
    rng = np.random.default_rng(3)
    for name, buffer in made.named_buffers().items():
        if name.endswith("mean"):
            buffer.data = rng.uniform(-0.2, 0.2, buffer.data.shape).astype(np.float32)
    return made.eval()


@pytest.fixture(scope="module")
def decoder():
    return ShowAttendTell(7, 1280, 4, 5, 6, 3, dropout=0.0, rng=0)


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    return [save_photograph(folder / f"{i}.png", seed=i) for i in range(3)]


@pytest.fixture
def cache(encoder, tmp_path):
    return FeatureCache(encoder, Preprocessing(size=64), tmp_path)


def test_live_maps_through_the_tail_are_the_kept_ones(cache, encoder, decoder, photos):
    views = [View(0), View(1), View(12345)]
    maps = LiveMaps(cache, BLOCKS).maps(photos, views)
    features = Network(decoder, encoder.tail(BLOCKS)).features(Tensor(maps)).numpy()
    made = LiveMaps(cache, None).maps(photos, views)
    assert made.shape == features.shape == (3, 4, 1280)
    np.testing.assert_allclose(features, made, atol=5e-3, rtol=5e-3)  # those are float16
    for view in set(views):
        cache.fill(photos, view=view)
    np.testing.assert_array_equal(cache.maps(photos, views), made)


@pytest.mark.parametrize("blocks", [None, BLOCKS])
def test_live_maps_are_compiled_from_the_first_on(cache, photos, blocks, monkeypatch):
    """A run that goes on would else see other maps, by a little, than one that never stopped."""
    compiled = []
    monkeypatch.setattr("tushuo.native.is_eager", lambda: False)
    monkeypatch.setattr("tushuo.native._compile", lambda f, *_: compiled.append(f) or f)
    LiveMaps(cache, blocks).maps(photos[:1], [View()])
    assert len(compiled) == 1


def test_the_gradient_of_the_tail_is_the_numeric_one(cache, encoder, decoder, photos):
    network = tree_map(lambda x: x.astype("float64"), Network(decoder, encoder.tail(BLOCKS)))
    maps = Tensor(LiveMaps(cache, BLOCKS).maps(photos[:2], [View()] * 2).astype(np.float64))
    words = Tensor(np.array([[[1, 4, 5]], [[1, 6, 2]]]))

    def loss(network):
        return ops.mean(ops.square(network(maps, words)[0]))

    _, gradient = value_and_grad(loss)(network)
    rng = np.random.default_rng(0)
    direction = tree_map(lambda x: Tensor(rng.normal(size=x.shape)), gradient.tail)
    step = 1e-8  # in so many directions it adds up

    def moved(sign):
        tail = tree_map(lambda x, d: x + sign * step * d, network.tail, direction)
        return float(loss(Network(network.decoder, tail)))

    pairs = zip(gradient.tail.parameters(), direction.parameters(), strict=True)
    slope = sum(float(ops.sum(g * d)) for g, d in pairs)
    assert slope == pytest.approx((moved(1) - moved(-1)) / (2 * step), rel=1e-4)


def test_each_part_has_its_own_rate(encoder, decoder):
    network = Network(decoder, encoder.tail(BLOCKS))
    ones = tree_map(ops.ones_like, network)
    fast, slow = AdamW(0.1, weight_decay=0.0), AdamW(0.001, weight_decay=0.0)
    for tail, moves in ((slow, 0.001), (None, 0.0)):
        rule = ByPart(fast, tail, clip=1e9)
        made, _, norm = rule.update(network, ones, rule.init(network))
        before, after = (x.decoder.output.bias.numpy() for x in (network, made))
        np.testing.assert_allclose(before - after, 0.1, rtol=1e-3)
        before, after = (x.tail.head.norm.bias.numpy() for x in (network, made))
        np.testing.assert_allclose(before - after, moves, rtol=1e-2)
        assert float(norm) == pytest.approx(sum(x.size for x in decoder.parameters()) ** 0.5)


def test_items_are_made_ahead_in_order_and_errors_come_through():
    made = []

    def items():
        for i in range(3):
            made.append(threading.current_thread() is threading.main_thread())
            yield i
        raise ValueError("no more")

    got = []
    with pytest.raises(ValueError, match="no more"):
        got.extend(ahead(items()))
    assert made == [False] * 3


@pytest.mark.parametrize("asked", [True, False])
def test_what_is_made_ahead_is_compiled_or_not_as_the_user_asked(asked, monkeypatch):
    monkeypatch.setattr("tushuo.native._installed", lambda: True)
    with tushuo.eager(asked):
        assert list(ahead(is_eager() for _ in range(2))) == [asked] * 2
