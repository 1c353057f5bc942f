"""Pack MNIST into the file that the package holds.

Usage:
    python scripts/import_mnist.py mnist.pkl.gz --out src/tushuo/data/mnist/mnist.xz

The file is that of M. Nielsen's book "Neural networks and deep learning".
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path

import numpy as np

from tushuo.data.mnist import Digits, read_mnist_pickle
from tushuo.data.mnist.embedded import pack, unpack
from tushuo.errors import DatasetError, TushuoError

DIGEST = "f11bb9e41d6c1b6c124aa38fd605497bdcfe2ee08cf7c2bb5a41ab5d759e1416"


def import_mnist(source: Path, out: Path, digest: str = DIGEST) -> int:
    """Writes the packed file and reads it back.

    Args:
        source: `mnist.pkl.gz`.
        out: The file to write; one that exists is never overwritten.
        digest: The sha256 that `source` must have.

    Returns:
        The size of the file in bytes.

    Raises:
        DatasetError: `source` is another file, or `out` exists.
    """
    if out.exists():
        raise DatasetError(f"{out} exists", hint="choose another file for --out")
    mnist = read_mnist_pickle(source)
    found = hashlib.sha256(source.read_bytes()).hexdigest()
    if found != digest:
        raise DatasetError(f"{source}: sha256 {found}, expected {digest}")
    parts = (mnist.train, mnist.valid, mnist.test)
    digits = Digits(*(np.concatenate([getattr(p, k) for p in parts]) for k in ("images", "labels")))
    out.write_bytes(pack(digits))
    again = unpack(len(digits), out)
    assert np.array_equal(again.images, digits.images)
    assert np.array_equal(again.labels, digits.labels)
    return out.stat().st_size


def main() -> int:
    """Reads the command line; the exit status is 1 when the file cannot be used."""
    parser = argparse.ArgumentParser(description="Pack MNIST into the file of the package.")
    parser.add_argument("source", type=Path, help="mnist.pkl.gz")
    parser.add_argument("--out", type=Path, required=True, help="the file to write")
    options = parser.parse_args()
    try:
        size = import_mnist(options.source, options.out)
    except TushuoError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{options.out}: {size:,} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
