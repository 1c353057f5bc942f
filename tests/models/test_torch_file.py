from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import torch_files as tf
from tushuo.errors import CheckpointError
from tushuo.models.torch_file import read_torch_file

DTYPES = {
    "DoubleStorage": np.float64,
    "FloatStorage": np.float32,
    "HalfStorage": np.float16,
    "LongStorage": np.int64,
    "IntStorage": np.int32,
    "ShortStorage": np.int16,
    "CharStorage": np.int8,
    "ByteStorage": np.uint8,
    "BoolStorage": np.bool_,
}


@pytest.mark.parametrize("kind", DTYPES)
def test_every_dtype_keeps_values_and_dtype(save: tf.Save, kind: str) -> None:
    values = np.array([0, 1, 0, 1, 1, 100]).astype(DTYPES[kind])
    path = save(tf.mapping({"w": tf.tensor(kind, "0", 6, (2, 3), (3, 1))}), {"0": values})
    read = read_torch_file(path)["w"]
    assert read.dtype == DTYPES[kind]
    np.testing.assert_array_equal(read, values.reshape(2, 3))


def test_bfloat16_widens_to_the_same_numbers(save: tf.Save) -> None:
    bits = np.array([0x3F80, 0xC049, 0x0001, 0x7F80], np.uint16)  # 1, -3.140625, 2^-133, inf
    path = save(tf.mapping({"w": tf.tensor("BFloat16Storage", "0", 4, (4,), (1,))}), {"0": bits})
    read = read_torch_file(path)["w"]
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, np.array([1, -3.140625, 2.0**-133, np.inf], np.float32))


def test_names_keep_their_order_and_tensors_may_share_a_storage(save: tf.Save) -> None:
    body = tf.mapping(
        {"z": tf.window((6,), (1,)), "a": tf.window((3, 2), (1, 3)), "m": tf.window((), (), 5)}
    )
    read = read_torch_file(save(body, {"0": tf.SIX}))
    assert list(read) == ["z", "a", "m"]
    np.testing.assert_array_equal(read["a"], tf.SIX.reshape(2, 3).T)
    assert read["m"] == 5
    assert np.shares_memory(read["z"], read["a"])


def test_arrays_are_read_only(save: tf.Save) -> None:
    read = read_torch_file(tf.save_six(save, tf.window((6,), (1,))))["w"]
    with pytest.raises(ValueError, match="read-only"):
        read[0] = 1


def test_tensor_without_elements(save: tf.Save) -> None:
    read = read_torch_file(tf.save_six(save, tf.window((0, 3), (3, 1))))["w"]
    assert read.shape == (0, 3)
    assert read.dtype == np.float32


def test_attributes_of_the_ordered_dict_are_dropped(save: tf.Save) -> None:
    state = tf.mapping({"w": tf.window((6,), (1,))}, start=tf.ORDERED_DICT)
    metadata = tf.mapping({"_metadata": tf.mapping({"": tf.mapping({"version": tf.number(1)})})})
    assert list(read_torch_file(save(state + metadata + b"b", {"0": tf.SIX}))) == ["w"]


def test_pickle_protocol_4(save: tf.Save) -> None:
    short = tf.window((6,), (1,)).replace(
        b"ctorch\nFloatStorage\n", b"\x8c\x05torch\x94\x8c\x0cFloatStorage\x94\x93\x94"
    )
    np.testing.assert_array_equal(read_torch_file(tf.save_six(save, short))["w"], tf.SIX)


def test_zip_of_a_big_endian_machine(tmp_path: Path) -> None:
    body = tf.mapping({"w": tf.window((6,), (1,))})
    content = tf.zip_file(body, {"0": tf.SIX.astype(">f4").tobytes()}, order=b"big")
    read = read_torch_file(tf.write_file(tmp_path, content))["w"]
    assert read.dtype == np.dtype("=f4")
    np.testing.assert_array_equal(read, tf.SIX)


sizes = st.integers(0, 4)


@settings(max_examples=150, deadline=None)
@given(dims=st.lists(st.tuples(sizes, sizes), max_size=3), offset=st.integers(0, 13), size=sizes)
def test_windows_are_read_exactly_when_they_fit(
    tmp_path_factory: pytest.TempPathFactory,
    dims: list[tuple[int, int]],
    offset: int,
    size: int,
) -> None:
    shape, strides = tuple(n for n, _ in dims), tuple(stride for _, stride in dims)
    values = np.arange(size * 3, dtype=np.float32)
    places = {at: offset + int(np.dot(at, strides)) for at in np.ndindex(shape)}
    body = tf.mapping({"w": tf.tensor("FloatStorage", "0", values.size, shape, strides, offset)})
    content = tf.zip_file(body, {"0": values.tobytes()})
    path = tf.write_file(tmp_path_factory.getbasetemp(), content)
    if len(places) > values.size or any(place >= values.size for place in places.values()):
        with pytest.raises(CheckpointError, match="reaches outside its storage"):
            read_torch_file(path)
        return
    read = read_torch_file(path)["w"]
    assert read.shape == shape
    assert all(read[at] == values[place] for at, place in places.items())
