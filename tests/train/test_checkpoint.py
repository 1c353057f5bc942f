"""Checkpoints: exact, atomic, and clear about what is wrong with a file."""

from __future__ import annotations

import json
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, from_dtype
from safetensors.numpy import save_file

from tushuo.errors import CheckpointError
from tushuo.graph import Tensor, leaves, named_leaves
from tushuo.nn import BatchNorm2d, Linear, Sequential
from tushuo.optim import Adam
from tushuo.train import atomic, load_checkpoint, load_tree, save_checkpoint, save_tree

DTYPES = [np.dtype(x) for x in ("float32", "float64", "float16", "int64", "int32", "uint8", "bool")]
ANY_ARRAY = st.sampled_from(DTYPES).flatmap(
    lambda d: arrays(d, array_shapes(min_dims=0, min_side=0, max_side=4), elements=from_dtype(d))
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "x.safetensors"


@given(ANY_ARRAY, st.dictionaries(st.text(), JSON, max_size=4))
@settings(max_examples=60)
def test_exact_round_trip(tmp_path_factory, array, scalars):
    path = tmp_path_factory.mktemp("c") / "a b 图.safetensors"
    save_checkpoint(path, {"x": Tensor(array), "y": [array.T]}, scalars)
    found = load_checkpoint(path)
    assert found.scalars == scalars
    restored = leaves(found.restore({"x": array, "y": [array.T]}))
    for x, expected in zip(restored, [array, array.T], strict=True):
        assert x.dtype == expected.dtype
        assert x.shape == expected.shape
        assert x.numpy().tobytes() == expected.tobytes()  # NaN, -0.0 and subnormals too


def test_generator_state_goes_on(path):
    rng = np.random.default_rng(3)
    rng.normal(size=5)
    save_checkpoint(path, {}, {"rng": rng.bit_generator.state})
    other = np.random.default_rng(0)
    other.bit_generator.state = load_checkpoint(path).scalars["rng"]
    np.testing.assert_array_equal(other.normal(size=5), rng.normal(size=5))


def test_modules_with_buffers_and_optimizer_state(path):
    def make(seed):
        net = Sequential(Linear(3, 2, rng=seed), BatchNorm2d(2))
        return {"params": net, "state": Adam().init(net)}

    one, other = make(0), make(1)
    one["params"].named_buffers()["1.running_mean"].data = np.float32([5, 6])
    save_tree(path, one)
    found = load_tree(path, other)
    for x, y in zip(named_leaves(found), named_leaves(one), strict=True):
        assert x.path == y.path
        np.testing.assert_array_equal(x.value.numpy(), y.value.numpy())
    buffers = found["params"].named_buffers()
    np.testing.assert_array_equal(buffers["1.running_mean"].data, [5, 6])
    names = [n for n in load_checkpoint(path).arrays if n.endswith("running_mean")]
    assert names == ["params.1.running_mean"]  # the state's modules share it


def test_tied_tensors_stay_tied(path):
    x = Tensor([1.0])
    save_tree(path, [x, x, 1.0, 1.0])
    a, b, c, d = load_tree(path, [x, x, 1.0, 1.0])
    assert a is b
    assert c is not d


def test_same_content_same_bytes(tmp_path):
    for name in "ab":
        save_checkpoint(tmp_path / name, {"x": Tensor([1.0]), "y": Tensor([2])}, {"step": 3})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("failure", [OSError("No space left on device"), KeyboardInterrupt()])
def test_failed_write_keeps_the_old_file(path, monkeypatch, failure):
    save_tree(path, {"x": Tensor(1.0)})

    def fail(temporary):
        assert temporary.stat().st_size
        raise failure

    monkeypatch.setattr(atomic, "_to_disk", fail)
    expected = CheckpointError if isinstance(failure, OSError) else KeyboardInterrupt
    with pytest.raises(expected, match=r"cannot write .*No space left|"):
        save_tree(path, {"x": Tensor(2.0)})
    assert load_tree(path, {"x": 0.0})["x"].item() == 1
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_torn_temporary_file_is_written_over(path):
    path.with_name(f".{path.name}.tmp").write_bytes(b"torn by a kill" * 1000)
    save_tree(path, [Tensor([1.0])])
    assert load_tree(path, [0 * Tensor([1.0])])[0].item() == 1
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("like", "message"),
    [
        ({"a": Tensor([1.0])}, r"1 missing \['a'\], 1 unknown \['x'\]; load what was saved"),
        ({"x": Tensor([1.0, 2.0])}, r"x is float64\(1,\), expected float64\(2,\)"),
        ({"x": Tensor([1])}, r"x is float64\(1,\), expected int64\(1,\)"),
    ],
)
def test_another_tree(path, like, message):
    save_tree(path, {"x": Tensor([1.0])})
    with pytest.raises(CheckpointError, match=rf"x.safetensors: .*{message}"):
        load_tree(path, like)


def test_mismatch_changes_no_buffer(path):
    norm = BatchNorm2d(2)
    save_tree(path, BatchNorm2d(3))
    before = norm.named_buffers()["running_mean"].data
    with pytest.raises(CheckpointError):
        load_tree(path, norm)
    assert norm.named_buffers()["running_mean"].data is before


@pytest.mark.parametrize("scalars", [{"x": np.zeros(2)}, {"x": object()}, {"x": {1, 2}}])
def test_scalars_that_are_not_json(path, scalars):
    with pytest.raises(CheckpointError, match=r"the scalars are not JSON: .*arrays belong into"):
        save_checkpoint(path, {}, scalars)
    assert not path.exists()


def test_absent_and_foreign_files(path):
    with pytest.raises(CheckpointError, match="is not a file; check the path"):
        load_checkpoint(path)
    with pytest.raises(CheckpointError, match="is not a file"):
        load_checkpoint(path.parent)
    save_file({"x": np.zeros(2)}, path)
    with pytest.raises(CheckpointError, match="is not a checkpoint: its header has no entry"):
        load_checkpoint(path)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (json.dumps({"version": 2}), "is of checkpoint version 2, expected 1"),
        (json.dumps({"version": 1, "scalars": []}), "is damaged: its header holds no scalars"),
        ("[" * 100_000, "is of checkpoint version None"),
        ("{", "is of checkpoint version None"),
    ],
)
def test_damaged_header(path, header, message):
    save_file({}, path, metadata={"tushuo.checkpoint": header})
    with pytest.raises(CheckpointError, match=message):
        load_checkpoint(path)


@given(st.data())
@settings(max_examples=60)
def test_damaged_file(tmp_path_factory, data):
    """Cut off or changed anywhere, a file is refused or read, never a crash."""
    path = tmp_path_factory.mktemp("c") / "x"
    save_checkpoint(path, {"x": Tensor([1.0, 2.0])}, {"step": 1})
    content = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
        with pytest.raises(CheckpointError):
            load_checkpoint(path)
        return
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    with suppress(CheckpointError):
        load_checkpoint(path)
