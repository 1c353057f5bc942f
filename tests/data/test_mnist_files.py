"""IDX files and pickles: read where they are right, refused in one line where they are not."""

from __future__ import annotations

import gzip
import os
import pickle
import struct
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handwriting import as_pickled, few, idx
from tushuo.data.mnist import files, read_idx, read_mnist_pickle
from tushuo.errors import DatasetError


@pytest.mark.parametrize("dtype", [">u1", ">i1", ">i2", ">i4", ">f4", ">f8"])
def test_every_type_of_idx(dtype, tmp_path):
    code = {">u1": 8, ">i1": 9, ">i2": 11, ">i4": 12, ">f4": 13, ">f8": 14}[dtype]
    array = np.arange(12).reshape(3, 4).astype(dtype)
    content = bytes([0, 0, code, 2]) + struct.pack(">2I", 3, 4) + array.tobytes()
    for name, data in (("plain", content), ("packed", gzip.compress(content))):
        (tmp_path / name).write_bytes(data)
        found = read_idx(tmp_path / name)
        assert found.dtype == np.dtype(dtype).newbyteorder("=")
        assert np.array_equal(found, array)


GOOD = idx(np.arange(20, dtype=np.uint8).reshape(4, 5))
BAD_IDX = {
    "truncated: 31 bytes": GOOD[:-1],
    "too long: 33 bytes": GOOD + b"x",
    "truncated: the header is cut off": GOOD[:9],
    "not an IDX file, it begins with '89 50 4e 47'": b"\x89PNG" + GOOD,
    "not an IDX file, it begins with ''": b"",
    "asks for 18,446,744,065,119,617,037": bytes([0, 0, 8, 2]) + b"\xff" * 8,
    "truncated or damaged": gzip.compress(GOOD)[:-6],
}


@pytest.mark.parametrize("text", BAD_IDX)
def test_bad_idx_files(text, tmp_path):
    (tmp_path / "bad").write_bytes(BAD_IDX[text])
    with pytest.raises(DatasetError) as caught:
        read_idx(tmp_path / "bad")
    assert str(caught.value).startswith(f"{tmp_path / 'bad'}: ")
    assert text in str(caught.value)


def test_missing_and_oversized_files(tmp_path, monkeypatch):
    with pytest.raises(DatasetError, match="no such file"):
        read_idx(tmp_path / "none")
    with pytest.raises(DatasetError, match="cannot be read"):
        read_idx(tmp_path)
    monkeypatch.setattr(files, "MAX_BYTES", 1000)
    (tmp_path / "bomb").write_bytes(gzip.compress(bytes(100_000)))
    with pytest.raises(DatasetError, match="holds more than 1,000 bytes"):
        read_idx(tmp_path / "bomb")


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("scale", [256, 255])
def test_pickles_of_python_3(protocol, scale, tmp_path):
    data, path = few(30, 10), tmp_path / "mnist.pkl"
    path.write_bytes(pickle.dumps(as_pickled(data, scale), protocol))
    if protocol == 5:  # its arrays are written in another way
        with pytest.raises(DatasetError, match="refused global numpy"):
            read_mnist_pickle(path)
        return
    found = read_mnist_pickle(path)
    for part in ("train", "valid", "test"):
        assert np.array_equal(getattr(found, part).images, getattr(data, part).images)
        assert np.array_equal(getattr(found, part).labels, getattr(data, part).labels)


class Attack:
    def __reduce__(self):
        return os.system, ("touch PWNED",)


GOOD_PARTS = as_pickled(few(30, 10))
BAD_PICKLES = {
    "refused global posix.system": Attack(),
    "refused pickle opcode NEWOBJ": Path,
    "holds something else than three pairs": GOOD_PARTS[:2],
    "images: got float32 (30, 783), expected floats (N, 784)": (
        (GOOD_PARTS[0][0][:, 1:], GOOD_PARTS[0][1]),
        *GOOD_PARTS[1:],
    ),
    "images: the numbers are not 256th or 255th parts": (
        (GOOD_PARTS[0][0] + 0.3, GOOD_PARTS[0][1]),
        *GOOD_PARTS[1:],
    ),
    "labels: 0 to 10, expected digits": (
        (GOOD_PARTS[0][0], np.arange(30) % 11),
        *GOOD_PARTS[1:],
    ),
    "labels: got uint8 (20,), expected uint8 (30,)": (
        (GOOD_PARTS[0][0], np.zeros(20, np.int64)),
        *GOOD_PARTS[1:],
    ),
}


@pytest.mark.parametrize("text", BAD_PICKLES)
def test_bad_pickles(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    bad = BAD_PICKLES[text]
    content = b"\x80\x02cnumpy\nndarray\n)\x81." if bad is Path else pickle.dumps(bad, 2)
    Path("mnist.pkl").write_bytes(content)
    with pytest.raises(DatasetError) as caught:
        read_mnist_pickle("mnist.pkl")
    assert f"mnist.pkl: {text}" in str(caught.value)
    assert not Path("PWNED").exists()


def test_a_truncated_pickle(tmp_path):
    content = pickle.dumps(GOOD_PARTS, 2)
    for kept in (0, 1, 100, len(content) - 1):
        (tmp_path / "mnist.pkl").write_bytes(content[:kept])
        with pytest.raises(DatasetError, match="not a pickle, or a damaged one"):
            read_mnist_pickle(tmp_path / "mnist.pkl")


SMALL = pickle.dumps(as_pickled(few(1, 1)), 2)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 400), st.binary(min_size=1, max_size=3))
def test_changed_bytes_never_end_in_another_error(tmp_path_factory, place, change):
    path = tmp_path_factory.mktemp("changed") / "mnist.pkl"
    path.write_bytes(SMALL[:place] + change + SMALL[place + len(change) :])
    with suppress(DatasetError):
        read_mnist_pickle(path)
