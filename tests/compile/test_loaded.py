"""Kernels are made once, whatever programs call them, and only for as long as one does."""

from __future__ import annotations

import gc

import numpy as np
import pytest

import tushuo
from tushuo import nn
from tushuo.compile import compile, loaded
from tushuo.compile.codegen import library
from tushuo.compile.codegen.panel import Rows, Strip, Turned
from tushuo.compile.codegen.parts import parts_in
from tushuo.compile.codegen.tile import Tile
from tushuo.compile.collector import paused
from tushuo.errors import CompileError
from tushuo.graph.op import Elementwise

RNG = np.random.default_rng(0)


def array(*shape):
    return RNG.standard_normal(shape, dtype=np.float32)


@pytest.fixture
def made(tmp_path, monkeypatch):
    """The modules that are compiled, with an empty cache."""
    monkeypatch.setenv("TUSHUO_CACHE", str(tmp_path))
    texts = []
    original = library.compiled

    def compiled(text, *more):
        texts.append(text)
        return original(text, *more)

    monkeypatch.setattr(library, "compiled", compiled)
    return texts


def recurrent(w, h, steps):
    """A recurrence that is written out: ``steps`` (T, B, H)."""
    for t in range(steps.shape[0]):
        h = tushuo.tanh(nn.linear(h, w) + steps[t])
    return h


def test_steps_of_a_recurrence_share_their_kernels(made):
    f = compile(recurrent)
    w, h = array(8, 8) * 0.1, array(3, 8)
    f(w, h, array(5, 3, 8))
    ((program,),) = f._made.values()
    assert len(set(program.executable.kernels)) < len(program.executable.kernels) / 2


def test_programs_share_their_kernels(made):
    f = compile(recurrent)
    w, h = array(8, 8) * 0.1, array(3, 8)
    f(w, h, array(5, 3, 8))
    first = len(made)
    for length in (6, 7):
        steps = array(length, 3, 8)
        np.testing.assert_allclose(
            f(w, h, steps).numpy(),
            recurrent(*map(tushuo.asarray, (w, h, steps))).numpy(),
            atol=1e-5,
        )
    assert first > 2
    assert len(made) == first + 2  # only the functions that call the kernels are new


def test_a_kernel_goes_with_the_last_program_that_needs_it(made):
    gc.collect()
    before = set(loaded._KERNELS)
    f = compile(lambda x: tushuo.exp(x) * 0.123456)
    f(array(7))
    new = set(loaded._KERNELS) - before
    assert len(new) == 1
    del f
    gc.collect()
    assert not new & set(loaded._KERNELS)


def test_another_process_writes_no_kernel(made, monkeypatch):
    def f(x, y):
        return tushuo.relu(x @ y) + 0.25

    x, y = array(70, 130), array(130, 150)  # large enough for parts
    monkeypatch.setattr(loaded, "_PARTS", {})  # none from a program without a cache
    first = compile(f)(x, y).numpy()
    monkeypatch.setattr(loaded, "_KERNELS", {})
    monkeypatch.setattr(loaded, "_PARTS", {})
    for name in ("write_kernel", "write_part"):
        monkeypatch.setattr(loaded, name, None)
    again = compile(f)
    np.testing.assert_array_equal(again(x, y).numpy(), first)
    assert again.explain().cached


def test_programs_without_a_cache_share_nothing(monkeypatch):
    written = []
    original = loaded.write_kernel
    monkeypatch.setattr(loaded, "write_kernel", lambda *a: written.append(a) or original(*a))
    for _ in range(2):
        compile(lambda x: x * 3, cache=False)(array(5))
    assert len(written) == 2


class Scale(Elementwise):
    """An operation whose parameter is no field."""

    def __init__(self, factor):
        self.factor = factor

    def forward(self, xp, *inputs):
        return inputs[0] * self.factor


def test_operations_of_one_class_are_told_apart(made):
    x = array(6)
    found = compile(lambda x: (Scale(2.0)(x), tushuo.sum(Scale(3.0)(x), keepdims=True)))(x)
    np.testing.assert_array_equal(found[0].numpy(), x * 2)
    np.testing.assert_allclose(found[1].numpy(), (x * 3).sum(keepdims=True), rtol=1e-6)
    np.testing.assert_array_equal(compile(lambda x: Scale(4.0)(x))(x).numpy(), x * 4)


def test_zeros_of_both_signs_are_told_apart(made):
    x = np.zeros(4, np.float32)
    for zero in (0.0, -0.0):
        found = compile(lambda x, zero=zero: tushuo.where(x == 0, zero, 1.0))(x).numpy()
        assert (np.signbit(found) == np.signbit(zero)).all()


@pytest.mark.parametrize(
    "part", [Tile(32, 6, 4, 1, 0), Tile(64, 24, 1, 0, 1, 640), Rows(32, 4, 1), Turned(64, 2, 0)]
)
def test_a_part_is_known_by_its_name(part):
    code = b"\x7fELF\0" + part.name.encode() + b"\0tushuo_share\0" + Strip(32, 6, 1).name.encode()
    assert parts_in(code) == {part, Strip(32, 6, 1)}


def test_large_products_share_their_parts(made):
    f = compile(lambda x, y: tushuo.inner(x, y))
    for m in (96, 192):
        x, y = array(m, 200), array(128, 200)
        np.testing.assert_allclose(f(x, y).numpy(), x @ y.T, rtol=1e-4, atol=1e-4)
    names = [text.split('"')[1] for text in made if 'ModuleID = "tushuo_part' in text]
    assert len(names) == len(set(names))


def test_the_collector_rests_while_something_is_compiled():
    assert gc.isenabled()
    with paused(), paused():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(CompileError):
        compile(lambda x: float(x))(array())
    assert gc.isenabled()
    gc.disable()
    with paused():
        pass
    assert not gc.isenabled()
    gc.enable()
