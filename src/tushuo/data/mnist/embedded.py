"""The copy of MNIST in the package: `mnist.xz`, without loss.

Four pixels of five are paper. So the file holds, one behind the other and packed with LZMA: a bit
for each pixel, whether there is ink; the values of the pixels with ink; the labels.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tushuo.data.mnist.digits import SIDE, Digits
from tushuo.errors import DatasetError, MissingDependencyError

__all__ = ["PATH", "pack", "unpack"]

PATH = Path(__file__).with_name("mnist.xz")
"""The file of all 70,000 digits: train, valid and test one after another."""


def pack(digits: Digits) -> bytes:
    """The content of such a file."""
    import lzma

    ink = digits.images > 0
    content = np.packbits(ink).tobytes() + digits.images[ink].tobytes() + digits.labels.tobytes()
    # four bits of the byte before tell most; there is no alignment to be found
    settings = {"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 4, "pb": 0}
    return lzma.compress(content, filters=[{**settings, "dict_size": 1 << 24}])


def unpack(count: int, path: Path = PATH) -> Digits:
    """The digits of such a file, of which there are `count`.

    Raises:
        DatasetError: The file is missing or damaged.
        MissingDependencyError: Python was built without LZMA.
    """
    content = np.frombuffer(_unpacked(path), np.uint8)
    pixels = count * SIDE**2
    bits, values = content[: pixels // 8], content[pixels // 8 : -count]
    ink = np.unpackbits(bits).view(np.bool_)
    if ink.size != pixels or np.count_nonzero(ink) != values.size:
        raise DatasetError(f"{path}: holds other than {count:,} images", hint=_INSTALL)
    images = np.zeros(pixels, np.uint8)
    images[ink] = values
    return Digits(images.reshape(count, SIDE, SIDE), content[-count:].copy())


def _unpacked(path: Path) -> bytes:
    try:
        import lzma
    except ImportError:
        raise MissingDependencyError(
            "this Python was built without lzma, which the package's copy of MNIST needs",
            hint="use another Python, or give the published files",
        ) from None
    try:
        return lzma.decompress(path.read_bytes())
    except OSError as error:
        raise DatasetError(f"{path}: {error.strerror or error}", hint=_INSTALL) from None
    except lzma.LZMAError as error:
        raise DatasetError(f"{path}: damaged ({error})", hint=_INSTALL) from None


_INSTALL = "install the package again"
