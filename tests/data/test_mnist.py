"""The copy of MNIST in the package, and the article's lists."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from handwriting import few, mnist, save_idx
from tushuo.data.mnist import Digits, embedded, load_data_wrapper, load_mnist, read_mnist_pickle
from tushuo.errors import DatasetError

# sha256 of the float32 rows and int64 labels of the published pickle, in its order
PUBLISHED = {
    "train": ("776032e7e6a9793a", "3fc61c21900fc0b5"),
    "valid": ("04197cf3c7f94ed5", "bfddcd2fec192366"),
    "test": ("0194b01ac10d2940", "2fd8de6bdb8d1178"),
}


def digest(array):
    return hashlib.sha256(array.tobytes()).hexdigest()[:16]


@pytest.mark.parametrize("part", PUBLISHED)
def test_nothing_is_lost(part):
    digits = getattr(mnist(), part)
    assert (digest(digits.inputs()), digest(digits.labels.astype("<i8"))) == PUBLISHED[part]


def test_it_equals_the_published_pickle(shared):
    published = read_mnist_pickle(shared / "data" / "mnist.pkl.gz")
    for part in PUBLISHED:
        ours, theirs = getattr(mnist(), part), getattr(published, part)
        assert np.array_equal(ours.images, theirs.images)
        assert np.array_equal(ours.labels, theirs.labels)


def test_sizes_and_types():
    sizes = {part: len(getattr(mnist(), part)) for part in PUBLISHED}
    assert sizes == {"train": 50_000, "valid": 10_000, "test": 10_000}
    train = mnist().train
    assert (train.images.dtype, train.images.shape[1:]) == (np.uint8, (28, 28))
    assert list(np.unique(train.labels)) == list(range(10))
    assert train.inputs().max() == 255 / 256
    assert embedded.PATH.stat().st_size < 9_000_000


def test_the_lists_of_the_article(tmp_path):
    data = few(60, 20)
    folder = save_idx(tmp_path / "idx", data.train, data.test)
    training, validation, test = load_data_wrapper(folder)
    assert [len(part) for part in (training, validation, test)] == [50, 10, 20]
    x, y = training[3]
    assert (x.shape, x.dtype, y.shape, y.dtype) == ((784, 1), np.float32, (10, 1), np.float64)
    assert np.array_equal(x.ravel(), data.train.images[3].ravel() / 256)
    assert y.argmax() == data.train.labels[3]
    assert y.sum() == 1
    assert [int(label) for _, label in test] == list(data.test.labels)


def test_idx_files_of_a_folder(tmp_path):
    data = few(60, 20)
    folder = save_idx(tmp_path / "idx", data.train, data.test)
    (folder / "train-labels-idx1-ubyte").rename(folder / "train-labels.idx1-ubyte")
    found = load_mnist(folder)
    assert [len(found.train), len(found.valid), len(found.test)] == [50, 10, 20]
    assert np.array_equal(found.valid.images, data.train.images[50:])
    assert np.array_equal(found.test.labels, data.test.labels)


def test_a_folder_that_lacks_a_file(tmp_path):
    with pytest.raises(DatasetError, match="no train-images-idx3-ubyte"):
        load_mnist(tmp_path)
    data = few(60, 20)
    folder = save_idx(tmp_path / "idx", data.train, data.test)
    labels = (folder / "t10k-labels-idx1-ubyte").read_bytes()
    (folder / "train-labels-idx1-ubyte").write_bytes(labels)
    with pytest.raises(DatasetError, match=r"train: labels: got uint8 \(20,\), expected .*\(60,\)"):
        load_mnist(folder)


def test_a_damaged_copy(tmp_path):
    packed = bytearray(embedded.pack(few(30).train))
    path = tmp_path / "mnist.xz"
    path.write_bytes(packed)
    assert np.array_equal(embedded.unpack(30, path).images, few(30).train.images)
    with pytest.raises(DatasetError, match="holds other than 40 images; install the package again"):
        embedded.unpack(40, path)
    packed[len(packed) // 2] ^= 1
    path.write_bytes(packed)
    with pytest.raises(DatasetError, match="damaged"):
        embedded.unpack(30, path)
    with pytest.raises(DatasetError, match="No such file"):
        embedded.unpack(30, tmp_path / "none")


@pytest.mark.parametrize(
    ("images", "labels", "text"),
    [
        (np.zeros((2, 28, 27), np.uint8), np.zeros(2, np.uint8), r"got uint8 \(2, 28, 27\)"),
        (np.zeros((2, 28, 28)), np.zeros(2, np.uint8), "got float64"),
        (np.zeros((2, 28, 28), np.uint8), np.zeros(3, np.uint8), r"expected uint8 \(2,\)"),
        (np.zeros((1, 28, 28), np.uint8), np.full(1, 10, np.uint8), "got 10, expected digits"),
    ],
)
def test_arrays_that_are_no_digits(images, labels, text):
    with pytest.raises(DatasetError, match=text):
        Digits(images, labels)
