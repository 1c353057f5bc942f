"""Captions written where other programs read them: beside a photograph, or into it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Literal, TypeAlias

from tushuo.errors import ImageError, TushuoError
from tushuo.photos.metadata import (
    ALT_TEXT,
    DESCRIPTION,
    WRITTEN,
    Notes,
    container_of,
    merged,
    persons,
    read_notes,
    read_sidecars,
    sidecar_of,
    with_default,
)
from tushuo.photos.metadata.iptc import shortened
from tushuo.photos.metadata.sidecar import status_of
from tushuo.photos.metadata.xmp import Texts, stripped
from tushuo.photos.reading import read_content
from tushuo.photos.sharing.captioned import Captioned
from tushuo.photos.sharing.swap import keep, swap

__all__ = ["Shared", "Sharing", "write_captions"]

What: TypeAlias = Literal["written", "unchanged", "kept", "failed"]


@dataclass(frozen=True)
class Sharing:
    """How captions are written.

    Attributes:
        embed: Into the photograph, not into a sidecar. A sidecar that is there is kept in step.
        replace: Also in place of what a person wrote.
        keep_original: Keep the photograph as it was as ``NAME_original``.
        dry_run: Do all but write.
        language: The caption of this language is the one for programs that know no languages.
    """

    embed: bool = False
    replace: bool = False
    keep_original: bool = False
    dry_run: bool = False
    language: str = "en"


@dataclass(frozen=True)
class Shared:
    """What became of a photograph.

    Attributes:
        path: The photograph.
        what: "written"; "unchanged" if all was there already; "kept" if a person's words stand
            where ours would; "failed".
        caption: The caption.
        targets: The files that were written.
        persons: What a person wrote, by "description" and "alt text"; it was kept, or with
            `Sharing.replace` replaced.
        sha256: Of the photograph now, in hexadecimal.
        error: Why it failed.
    """

    path: Path
    what: What
    caption: str | None = None
    targets: tuple[Path, ...] = ()
    persons: Mapping[str, str] | None = None
    sha256: str | None = None
    error: TushuoError | None = None


def write_captions(photograph: Captioned, how: Sharing) -> Shared:
    """Write the captions of one photograph; what goes wrong is told in the result."""
    texts = with_default(photograph.texts(how.language))
    blank = Shared(photograph.path, "failed", texts["x-default"])
    try:
        return _Writer(photograph, texts, how).write(blank)
    except TushuoError as error:
        return replace(blank, error=error)
    except OSError as error:
        return replace(blank, error=ImageError(error.strerror or str(error)))


class _Writer:
    def __init__(self, photograph: Captioned, texts: Texts, how: Sharing) -> None:
        self.path, self.texts, self.how = photograph.path, texts, how
        self.content, self.status = read_content(self.path)
        if sha256(self.content).hexdigest() != photograph.sha256:
            raise ImageError("it has changed since it was captioned", hint="run the command again")
        self.notes = read_notes(self.content, self.path.suffix)
        self.beside = status_of(sidecar_of(self.path))  # before it is read: no change is missed
        self.sidecars = read_sidecars(self.path)
        self.persons = persons([self.notes, *self.sidecars], texts.values())

    def write(self, blank: Shared) -> Shared:
        names = {DESCRIPTION: "description", ALT_TEXT: "alt text"}
        said = {names[name]: text for name, text in self.persons.items()}
        chosen = [n for n in names if self.how.replace or n not in self.persons]
        if not chosen:
            return replace(blank, what="kept", persons=said)
        properties = {n: self.texts for name in chosen for n in (name, WRITTEN[name])}
        new = self._embedded(properties) if self.how.embed else None
        beside = not self.how.embed or self.sidecars[0].xmp is not None
        targets = self._beside(properties) if beside else []
        if new is not None:
            self._swap(self.path, new, self.status)
            targets.append(self.path)
        digest = sha256(self.content if new is None else new).hexdigest()
        what: What = "written" if targets else "kept" if said else "unchanged"
        return replace(blank, what=what, targets=tuple(targets), persons=said, sha256=digest)

    def _embedded(self, properties: Mapping[str, Texts]) -> bytes | None:
        """The photograph with its captions; None if it has them already."""
        container = container_of(self.content, self.path.suffix)
        if container is None:
            raise ImageError(
                "captions can be put into JPEG, PNG, WebP and TIFF only",
                hint="leave out --embed: a sidecar goes with any format",
            )
        packet = merged(self.notes.xmp, properties)
        text = self.texts["x-default"] if DESCRIPTION in properties else None
        if packet == stripped(self.notes.xmp) and (text is None or _says(self.notes, text)):
            return None
        return container.write(self.content, packet, text)

    def _beside(self, properties: Mapping[str, Texts]) -> list[Path]:
        path, old = sidecar_of(self.path), self.sidecars[0].xmp
        packet = merged(old, properties)
        if packet == stripped(old):
            return []
        self._swap(path, packet, self.beside)
        return [path]

    def _swap(self, path: Path, content: bytes, before: os.stat_result | None) -> None:
        if self.how.dry_run:
            return
        if self.how.keep_original and before is not None:
            keep(path)
        swap(path, content, before, like=self.path, keep_time=path == self.path)


def _says(notes: Notes, text: str) -> bool:
    return notes.exif == text and notes.iptc in (None, shortened(text))
