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
from tushuo.data.views import View
from tushuo.errors import ImageError
from tushuo.graph.tensor import Tensor
from tushuo.models.efficientnet import EfficientNetLite
from tushuo.native import is_eager, native

__all__ = ["FeatureCache", "default_cache", "in_rows"]

BATCH = 16
ORIGINAL = View()
_EAGER_BATCHES = 8
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
        self._encode = native(self.encoder.features, after=_EAGER_BATCHES)

    def fill(
        self,
        images: Sequence[Path],
        progress: Progress = lambda done: None,
        view: View = ORIGINAL,
    ) -> None:
        """Compute the maps that are missing.

        Args:
            images: The photographs.
            progress: Called with the number of photographs done since the last call.
            view: Which view of them.

        Raises:
            ImageError: A photograph cannot be read.
        """
        with ThreadPoolExecutor(2) as pool:
            missing = []
            for image, key in zip(images, pool.map(self._key, images), strict=True):
                if _is_whole(self._file(key, view)):
                    progress(1)
                else:
                    missing.append(image)

            def read(batch: list[Path]) -> Features:
                return self.arrays(batch, [view] * len(batch))

            for batch, arrays in _ahead(pool, read, _chunks(missing, BATCH)):
                self._store(batch, arrays, view)
                progress(len(batch))

    def unreadable(
        self, images: Sequence[Path], progress: Progress = lambda done: None
    ) -> dict[Path, ImageError]:
        """The photographs of which no map can be made, and why; those with a map are not read.

        It takes a fraction of the time of ``fill``, so that a bad photograph need not stop that
        after hours.
        """
        bad = {}
        with ThreadPoolExecutor(2) as pool:
            for image, error in zip(images, pool.map(self._problem, images), strict=True):
                progress(1)
                if error is not None:
                    bad[image] = error
        return bad

    def missing(self, images: Sequence[Path], view: View = ORIGINAL) -> list[Path]:
        """The photographs that have no map of a view yet; of copies of one only the first.

        Raises:
            ImageError: A photograph cannot be read.
        """
        first: dict[str, Path] = {}
        for image in images:
            first.setdefault(self._key(image), image)
        return [image for key, image in first.items() if not _is_whole(self._file(key, view))]

    def same(self, images: Sequence[Path], others: Sequence[Path]) -> list[tuple[Path, Path]]:
        """Photographs that are, byte for byte, also among others: pairs of the two.

        Raises:
            ImageError: A photograph cannot be read.
        """
        known = {self._key(other): other for other in others}
        return [(image, known[key]) for image in images if (key := self._key(image)) in known]

    def __getitem__(self, images: Sequence[Path]) -> Features:
        """The maps of photographs that ``fill`` has seen, places in rows: (N, L, D)."""
        return self.maps(images, [ORIGINAL] * len(images))

    def maps(self, images: Sequence[Path], views: Sequence[View]) -> Features:
        """The maps of a view of each photograph, places in rows: (N, L, D)."""
        files = (self._file(self._key(x), view) for x, view in zip(images, views, strict=True))
        return np.stack([np.load(file, allow_pickle=False) for file in files]).astype(np.float32)

    def _problem(self, image: Path) -> ImageError | None:
        try:
            if not _is_whole(self._file(self._key(image))):
                load_image(image, at_least=self.preprocessing.at_least)
        except ImageError as error:
            return error
        return None

    def arrays(self, images: Sequence[Path], views: Sequence[View]) -> Features:
        """A view of each photograph as the encoder takes it, (N, 3, S, S).

        Raises:
            ImageError: A photograph cannot be read.
        """
        seeds = [int(self._key(image)[:8], 16) for image in images]
        seen = [
            view(load_image(image), seed)
            for image, view, seed in zip(images, views, seeds, strict=True)
        ]
        return self.preprocessing.batch(seen)

    def computed(self, arrays: Features) -> npt.NDArray[np.float16]:
        """The maps of at most 16 photographs as `arrays` gives them, in float16: (N, L, D)."""
        whole = len(arrays) == BATCH or is_eager()
        filled = arrays if whole else np.resize(arrays, (BATCH, *arrays.shape[1:]))
        return in_rows(self._encode(Tensor(filled)).numpy()[: len(arrays)])

    def _store(self, images: Sequence[Path], arrays: Features, view: View) -> None:
        for image, row in zip(images, self.computed(arrays), strict=True):
            file = self._file(self._key(image), view)
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

    def _file(self, key: str, view: View = ORIGINAL) -> Path:
        folder = self.folder / view.folder
        return folder / key[:2] / f"{key}.npy"


def in_rows(maps: Features) -> npt.NDArray[np.float16]:
    """Maps (N, D, h, w) with places in rows, in float16, as they are kept: (N, L, D)."""
    n, d = maps.shape[:2]
    return maps.reshape(n, d, -1).transpose(0, 2, 1).astype(np.float16)


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
        if name.startswith("classifier."):  # takes no part in a map
            continue
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
