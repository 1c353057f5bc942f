"""A small captioner, a folder of photographs, and libraries for them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import tushuo.photos.reading
from photos.glancing import Glancing
from photos.library_rows import Row, fill
from tiny import save_photograph
from tushuo.caption import Captioner
from tushuo.photos import Library, Report

PHOTOGRAPHS = 12
WHOLE = (4, 0, 0)  # counts of a first run over `folder`


@pytest.fixture(scope="session")
def captioner() -> Captioner:
    return Glancing()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four photographs, one below, all old enough for their times to be relied on."""
    folder = tmp_path / "photos"
    for number, name in enumerate(["a.png", "b.jpg", "c.png", "sub/狗.jpg"]):
        age(save_photograph(folder / name, seed=number))
    return folder


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """So many photographs, old enough."""
    folder = tmp_path / "many"
    for number in range(PHOTOGRAPHS):
        age(save_photograph(folder / f"{number:02}.png", seed=number))
    return folder


@pytest.fixture
def library(tmp_path: Path):
    with Library(tmp_path / "library.db") as library:
        yield library


@pytest.fixture
def indexed(library, folder, captioner):
    assert counts(library.index([folder], captioner)) == WHOLE
    return library


@pytest.fixture
def opened(monkeypatch):
    """The names of the files whose content was read."""
    names = []
    read = tushuo.photos.reading.read_content
    monkeypatch.setattr(
        tushuo.photos.reading,
        "read_content",
        lambda path: (names.append(path.name), read(path))[1],
    )
    return names


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory):
    """A library of made-up photographs."""
    beach = "A dog runs on the beach."
    canon, nikon = "Canon EOS 5D", "NIKON D90"
    with Library(tmp_path_factory.mktemp("searched") / "library.db") as library:
        fill(
            library,
            [
                Row("/holiday/a.jpg", beach, "en", "2024-04-30 23:59:59", canon),
                Row("/holiday/a.jpg", "一只小狗在沙滩上。", "zh"),
                Row("/Holiday/b.jpg", "Two dogs run.", "en", "2024-05-01 00:00:00", nikon),
                Row("/ä/c.jpg", "A cat sleeps.", "en", "2025-01-01 12:00:00", canon),
                Row("/d.jpg", "A man in a café."),
            ],
        )
        yield library


def age(path: Path, seconds: int = 100) -> Path:
    """Make a file look as if it was written so long ago."""
    changed = path.stat().st_mtime_ns - seconds * 10**9
    os.utime(path, ns=(changed, changed))
    return path


def shown(library: Library, language: str = "en") -> dict[str, str | None]:
    """Names of the files that are in order, and what is said of them."""
    return {
        entry.path.name: entry.caption
        for entry in library.entries()
        if entry.status == "ok" and entry.language == language
    }


def counts(report: Report) -> tuple[int, int, int]:
    """How many photographs a run captioned, knew already, and left as they were."""
    return report.captioned, report.known, report.unchanged
