"""MNIST, the 70,000 handwritten digits: part of the package, and read from the published files."""

from __future__ import annotations

from tushuo.data.mnist.digits import Digits, Mnist
from tushuo.data.mnist.idx import read_idx
from tushuo.data.mnist.loading import load_data_wrapper, load_mnist
from tushuo.data.mnist.normalize import normalize_digit
from tushuo.data.mnist.pickled import read_mnist_pickle

__all__ = [
    "Digits",
    "Mnist",
    "load_data_wrapper",
    "load_mnist",
    "normalize_digit",
    "read_idx",
    "read_mnist_pickle",
]
