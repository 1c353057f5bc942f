"""Tasks that run image by image: which, in what order, and with what results."""

from __future__ import annotations

import numpy as np
import pytest

import tushuo
from compile.programs import f32, traced
from tushuo.compile import compile, images
from tushuo.compile.passes import optimise
from tushuo.compile.plan import planned

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def small_is_large(monkeypatch):
    monkeypatch.setattr(images, "BYTES", 1)


def network(x, w, v):
    """Two convolutions and what is between them, for each image by itself; then a sum."""
    y = tushuo.relu(tushuo.conv2d(x, w, padding=1))
    y = tushuo.max_pool2d(tushuo.conv2d(y, v, padding=1) + y, 2)
    return tushuo.sum(tushuo.reshape(y, (y.shape[0], -1)), axis=1)


SHAPES = (4, 3, 24, 24), (3, 3, 3, 3), (3, 3, 3, 3)


def plan(f, *shapes):
    return planned(optimise(traced(f, *(f32(*s) for s in shapes))))


def test_convolutions_and_loops_between_them_are_one_group():
    found = plan(network, *SHAPES)
    (group,) = found.groups
    assert group.images == 4
    assert len(group.tasks) >= 3
    assert all(part.task.results[0].shape[0] == 1 for part in group.parts)
    whole = planned(found.program, by_image=False)
    assert group.inside.size * 4 < whole.arena.size * 2


def test_results_do_not_change():
    arguments = [RNG.standard_normal(s).astype("float32") for s in SHAPES]
    compile(network, cache=False, verify=True)(*arguments)
    step = tushuo.value_and_grad(lambda *a: tushuo.sum(network(*a)), argnums=(0, 1, 2))
    compile(step, cache=False, verify=True)(*arguments)


def test_with_more_threads_than_slots():
    arguments = [RNG.standard_normal(s).astype("float32") for s in SHAPES]
    f, before = compile(network, cache=False), tushuo.get_num_threads()
    wanted = f(*arguments).numpy()
    try:
        tushuo.set_num_threads(5)
        for _ in range(20):
            np.testing.assert_array_equal(f(*arguments).numpy(), wanted)
    finally:
        tushuo.set_num_threads(before)


def test_what_mixes_images_is_no_part_of_a_group():
    def centred(x, w):
        y = tushuo.conv2d(x, w)
        return tushuo.conv2d(tushuo.tanh(y - tushuo.mean(y, axis=0)), w)

    groups = plan(centred, (4, 3, 24, 24), (3, 3, 3, 3)).groups
    for group in groups:
        assert not any(0 in getattr(task.step.op, "axes", ()) for task in group.tasks)
    arguments = [RNG.standard_normal(s).astype("float32") for s in ((4, 3, 24, 24), (3, 3, 3, 3))]
    compile(centred, cache=False, verify=True)(*arguments)


def test_images_read_across_are_no_part_of_a_group():
    """The second loop reads pixels of other images: the axes of images and channels change."""

    def f(x):
        y = tushuo.exp(x)
        return tushuo.sin(tushuo.permute_dims(y, (1, 0, 2, 3))) * 2

    assert not plan(f, (4, 4, 16, 16)).groups
    compile(f, cache=False, verify=True)(RNG.standard_normal((4, 4, 16, 16)).astype("float32"))


def test_maps_of_few_positions_stay_together():
    assert not plan(network, (4, 3, 6, 6), *SHAPES[1:]).groups
