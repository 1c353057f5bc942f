"""Photographs with what is said of them: by the library where it knows them, else by a model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tushuo.caption import Captioner, Outcome, process
from tushuo.data import Found, load_image
from tushuo.errors import LibraryError, TushuoError
from tushuo.photos.browsing import Shown
from tushuo.photos.exif import Facts, read_facts
from tushuo.photos.listing import Entry
from tushuo.photos.model import model_of
from tushuo.photos.reading import read_content
from tushuo.photos.sharing.shelf import Shelf

__all__ = ["Captioned", "Captions", "Failed"]


@dataclass(frozen=True)
class Captioned:
    """A photograph with its captions.

    Attributes:
        path: The file.
        sha256: Of its content, in hexadecimal.
        captions: One for each language; at least one.
        facts: What the camera noted.
    """

    path: Path
    sha256: str
    captions: tuple[Shown, ...]
    facts: Facts

    def texts(self, first: str = "en") -> dict[str, str]:
        """The captions by language, that in the language `first` ahead."""
        order = sorted(self.captions, key=lambda caption: caption.language != first)
        return {caption.language: caption.text for caption in order}

    def sure(self, least: float) -> Captioned | None:
        """Itself without captions that are good with a probability below `least`; None if no other.

        A person's captions stay, and those of models that do not tell.
        """
        good = tuple(c for c in self.captions if c.confidence is None or c.confidence >= least)
        return replace(self, captions=good) if good else None

    def entries(self) -> Iterator[Entry]:
        """Rows for `write_csv` and `write_jsonl`."""
        facts = self.facts
        for caption in self.captions:
            yield Entry(
                path=self.path,
                status="ok",
                language=caption.language,
                caption=caption.text,
                by=caption.by or "person",
                version=None,
                score=None,
                confidence=caption.confidence,
                taken=facts.taken,
                camera=facts.camera,
                latitude=facts.latitude,
                longitude=facts.longitude,
                width=facts.width,
                height=facts.height,
                size=None,
                sha256=self.sha256,
                error=None,
            )


class Failed(NamedTuple):
    """A photograph that has no caption, and why."""

    path: Path
    error: TushuoError


class _Item(NamedTuple):
    sha256: str
    facts: Facts
    pixels: npt.NDArray[np.float32] | None  # (3, S, S), where a model is to look at it


class Captions:
    """Finds a caption for each photograph.

    Args:
        captioner: What captions the photographs that the shelf has nothing of; None fails them.
        shelf: What a library says of photographs; None if there is no library.
    """

    def __init__(self, captioner: Captioner | None, shelf: Shelf | None = None) -> None:
        self._captioner = captioner
        self._shelf = shelf
        self._model = None if captioner is None else model_of(captioner)
        language = None if self._model is None else self._model.language
        self._known = frozenset() if shelf is None else shelf.known(language)

    def of(
        self, found: Iterable[Found], *, batch_size: int = 8, workers: int = 1
    ) -> Iterator[Captioned | Failed]:
        """Caption photographs, in order.

        A photograph is known by its content, whatever its name. One that is not, though its path is
        (another program has noted something in it, say), keeps what a person said of it.

        Args:
            found: The files, as of `find_images`.
            batch_size: Photographs that go through the networks at once.
            workers: Batches worked on at once, each in a thread.
        """
        for outcome in process(found, self._load, self._look, batch_size, workers):
            if outcome.error is not None:
                yield Failed(outcome.path, outcome.error)
            else:
                yield self._captioned(outcome)

    def _load(self, path: Path) -> _Item:
        content, _ = read_content(path)
        digest = sha256(content)
        if digest.digest() in self._known or self._captioner is None:
            return _Item(digest.hexdigest(), read_facts(content), None)
        prepare = self._captioner.preprocessing
        file = BytesIO(content)
        file.name = str(path)  # what errors call it
        pixels = prepare(load_image(file, at_least=prepare.at_least))
        return _Item(digest.hexdigest(), read_facts(content), pixels)

    def _look(self, batch: Sequence[_Item]) -> list[tuple[Shown, ...]]:
        seen = [item.pixels for item in batch if item.pixels is not None]
        if self._captioner is None or self._model is None or not seen:
            return [()] * len(batch)
        model = self._model
        captions = self._captioner.caption_pixels(np.stack(seen), self._captioner.settings())
        said = iter([Shown(c.text, model.language, model.name, c.confidence) for c in captions])
        return [() if item.pixels is None else (next(said),) for item in batch]

    def _captioned(self, outcome: Outcome[_Item, tuple[Shown, ...]]) -> Captioned | Failed:
        item, said = outcome.item, outcome.result or ()
        assert item is not None
        by_language = {caption.language: caption for caption in said}
        if self._shelf is not None:
            stored = self._shelf.captions(outcome.path, item.sha256)
            by_language |= {caption.language: caption for caption in stored}
        if not by_language:
            return Failed(outcome.path, _UNKNOWN)
        return Captioned(outcome.path, item.sha256, tuple(by_language.values()), item.facts)


_UNKNOWN = LibraryError(
    "the library has no caption for it as it is now", hint="index it: tushuo index DIR"
)
