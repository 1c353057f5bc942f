"""Kernels of convolutions: against the eager library, over sizes, strides, margins and groups."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.compile.programs import f32, traced

import tushuo
from tushuo.compile import compile
from tushuo.compile.codegen.columns import Plane, runs
from tushuo.compile.codegen.tiling import tiling
from tushuo.compile.passes import optimise
from tushuo.graph.ops.conv_arrays import Geometry
from tushuo.graph.ops.windows import Window

SMALL = st.integers(1, 3)
PAIR = st.tuples(SMALL, SMALL)
MARGIN = st.tuples(st.integers(0, 2), st.integers(0, 2))


@st.composite
def convolutions(draw, depthwise):
    """Images, weights and settings, the images large enough for a kernel to fit."""
    kernel, stride, dilation = draw(PAIR), draw(PAIR), draw(st.tuples(*[st.integers(1, 2)] * 2))
    padding = draw(st.tuples(MARGIN, MARGIN))
    size = [d * (k - 1) + draw(st.integers(1, 12)) for k, d in zip(kernel, dilation, strict=True)]
    channels = draw(st.sampled_from([2, 3, 16, 17, 33] if depthwise else [1, 3, 9, 16]))
    maps = channels if depthwise else draw(st.sampled_from([1, 7, 16, 20, 50]))
    x = (draw(SMALL), channels, *size)
    w = (maps, 1 if depthwise else channels, *kernel)
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    return x, w, options | ({"groups": channels} if depthwise else {})


def checked(x, w, options, dtype, last):
    """Both results and both gradients are the interpreter's; images may be channels-last."""
    rng = np.random.default_rng(0)
    x, w = (rng.standard_normal(shape).astype(dtype) for shape in (x, w))

    def loss(x, w):
        y = tushuo.conv2d(tushuo.permute_dims(x, (0, 3, 1, 2)) if last else x, w, **options)
        return tushuo.sum(tushuo.sin(y) * y), y

    f = compile(tushuo.value_and_grad(loss, argnums=(0, 1), has_aux=True), cache=False, verify=True)
    f(np.ascontiguousarray(x.transpose(0, 2, 3, 1)) if last else x, w)


@pytest.mark.parametrize("depthwise", [False, True])
@settings(max_examples=6, deadline=None)
@given(data=st.data(), dtype=st.sampled_from(["float32", "float64"]), last=st.booleans())
def test_results_and_gradients_are_the_interpreters(data, depthwise, dtype, last):
    checked(*data.draw(convolutions(depthwise)), dtype, last)


@pytest.mark.parametrize("shape", [(9, 40, 1, 1), (40, 1, 5, 5)])
def test_large_ones_are_shared_by_threads(shape):
    groups = 40 // shape[1] if shape[1] == 1 else 1
    checked((2, 40, 45, 30), shape, {"groups": groups, "padding": shape[2] // 2}, "float32", True)


def names(f, *specs):
    return [step.op.name for step in optimise(traced(f, *specs)).body]


def test_what_follows_becomes_a_part_of_the_kernel():
    w, b = tushuo.asarray(np.ones((16, 1, 3, 3), "float32")), tushuo.asarray(np.ones(16, "float32"))

    def block(x):
        x = tushuo.permute_dims(x, (0, 3, 1, 2))
        y = tushuo.clip(tushuo.conv2d(x, w, b, padding="same", groups=16), 0, 6)
        return tushuo.permute_dims(x + y, (0, 2, 3, 1))

    steps = optimise(traced(block, f32(2, 8, 8, 16))).body
    (kernel,) = [step for step in steps if step.op.name == "Tailed"]
    assert [step.op.name for step in kernel.op.program.body] == ["Depthwise", "Add", "Clip", "Add"]


def test_nothing_is_copied_but_weights():
    weights = tushuo.asarray(np.ones((8, 4, 3, 3), "float32"))

    def f(x):
        return tushuo.sum(tushuo.relu(tushuo.conv2d(x, weights, padding=1)), axis=(2, 3))

    assert names(f, f32(2, 4, 8, 8)) == ["Dense", "Loop"]


def test_a_row_is_cut_into_tiles_that_know_what_they_see():
    geometry = Geometry(Window((1, 3)), ((0, 0), (1, 1)), 1, (1, 10))
    found = runs(10, 4, geometry)
    assert [(run.first, run.tiles, run.width) for run in found] == [(0, 1, 4), (1, 1, 4), (2, 1, 2)]
    assert [run.whole for run in found] == [False, True, False]
    assert found[0].inside == ((1, 2, 3), (0, 1, 2, 3), (0, 1, 2, 3))
    assert found[2].inside == ((0, 1), (0, 1), (0,))


def test_planes_become_one_row_where_memory_allows_it():
    even = Plane(2, 3, 4, ((60, 20, 5), (12, 4, 1), (0, 0, 0)))
    assert even.flat() == Plane(1, 1, 24, ((0, 0, 5), (0, 0, 1), (0, 0, 0)))
    assert Plane(2, 3, 4, ((99, 20, 5),)).flat() == Plane(2, 1, 12, ((99, 0, 5),))
    assert Plane(2, 3, 4, ((60, 40, 5),)).flat() == Plane(2, 3, 4, ((60, 40, 5),))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 300), st.integers(1, 400), st.integers(1, 999), st.sampled_from([16, 32]))
def test_the_sums_of_a_tile_fit_into_registers(columns, maps, depth, registers):
    tile = tiling(columns, maps, depth, 16, registers)
    assert 1 <= tile.positions <= columns
    assert tile.positions * tile.vectors + tile.vectors + 1 < registers or tile.positions == 1
