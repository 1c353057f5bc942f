"""Feature maps of photographs, computed once and kept on disk.

A feature map is stored under the hash of the photograph's bytes, in a folder named by the hash of
all else that decides its values: the encoder's weights and the preprocessing. So a changed
photograph or encoder never meets an old map, and copies of a photograph share one.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tushuo.data import Preprocessing, load_image
from tushuo.errors import ImageError
from tushuo.graph.tensor import Tensor
from tushuo.models.efficientnet import EfficientNetLite

__all__ = ["FeatureCache", "default_cache"]

BATCH = 16
Features = npt.NDArray[np.float32]
Progress = Callable[[int], None]


def default_cache() -> Path:
    """The user's cache folder: ``$XDG_CACHE_HOME/tushuo``, or ``~/.cache/tushuo``."""
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "tushuo"


class FeatureCache:
    """The encoder, in front of a folder with what it has already seen.

    Args:
        encoder: The network; its last feature map is taken.
        preprocessing: How photographs become arrays.
        folder: Where maps are kept, float16, one file a photograph.
    """

    def __init__(
        self, encoder: EfficientNetLite, preprocessing: Preprocessing, folder: Path
    ) -> None:
        self.encoder = encoder.folded()
        self.preprocessing = preprocessing
        self.folder = folder / "features" / _fingerprint(encoder, preprocessing)
        self._keys: dict[Path, str] = {}

    def fill(self, images: Sequence[Path], progress: Progress = lambda done: None) -> None:
        """Compute the maps that are missing.

        Args:
            images: The photographs.
            progress: Called with the number of photographs done since the last call.

        Raises:
            ImageError: A photograph cannot be read.
        """
        with ThreadPoolExecutor(2) as pool:
            missing = []
            for image, key in zip(images, pool.map(self._key, images), strict=True):
                if _is_whole(self._file(key)):
                    progress(1)
                else:
                    missing.append(image)
            for batch, arrays in _ahead(pool, self._arrays, _chunks(missing, BATCH)):
                self._store(batch, arrays)
                progress(len(batch))

    def __getitem__(self, images: Sequence[Path]) -> Features:
        """The maps of photographs that ``fill`` has seen, places in rows: (N, L, D)."""
        maps = [np.load(self._file(self._key(image)), allow_pickle=False) for image in images]
        return np.stack(maps).astype(np.float32)

    def _arrays(self, images: Sequence[Path]) -> Features:
        return self.preprocessing.batch([load_image(image) for image in images])

    def _store(self, images: Sequence[Path], arrays: Features) -> None:
        maps = self.encoder.features(Tensor(arrays)).numpy()  # (N, D, h, w)
        n, d = maps.shape[:2]
        rows = maps.reshape(n, d, -1).transpose(0, 2, 1).astype(np.float16)  # (N, L, D)
        for image, row in zip(images, rows, strict=True):
            file = self._file(self._key(image))
            file.parent.mkdir(parents=True, exist_ok=True)
            part = file.with_suffix(f".{os.getpid()}.part")
            with part.open("wb") as out:
                np.save(out, row)
            part.replace(file)

    def _key(self, image: Path) -> str:
        if image not in self._keys:
            try:
                digest = hashlib.sha256(image.read_bytes())
            except OSError as error:
                reason = error.strerror or error
                raise ImageError(f"cannot read {str(image)!r}: {reason}") from None
            self._keys[image] = digest.hexdigest()[:32]
        return self._keys[image]

    def _file(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.npy"


def _is_whole(file: Path) -> bool:
    """Whether a map is there; one that a power cut left torn counts as missing."""
    try:
        np.load(file, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return False
    return True


def _fingerprint(encoder: EfficientNetLite, preprocessing: Preprocessing) -> str:
    digest = hashlib.sha256(json.dumps(preprocessing.to_config(), sort_keys=True).encode())
    for name, array in sorted(encoder.state_dict().items()):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]


def _chunks(items: Iterable[Path], size: int) -> Iterator[list[Path]]:
    source = iter(items)
    while chunk := list(islice(source, size)):
        yield chunk


def _ahead(
    pool: ThreadPoolExecutor,
    load: Callable[[list[Path]], Features],
    batches: Iterable[list[Path]],
) -> Iterator[tuple[list[Path], Features]]:
    """Batches with their arrays, the next ones being read while one is worked on."""
    waiting = []
    for batch in batches:
        waiting.append((batch, pool.submit(load, batch)))
        if len(waiting) > 2:
            first, future = waiting.pop(0)
            yield first, future.result()
    for first, future in waiting:
        yield first, future.result()
