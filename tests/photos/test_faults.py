"""Hostile and broken files, full disks, damaged libraries: one clear line, and nothing lost."""

from __future__ import annotations

import random
import struct
import sys
import zlib
from collections import Counter
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from photos.conftest import age, shown
from photos.jobs import assert_sound, start
from photos.library_rows import Row, fill
from tushuo.errors import LibraryError
from tushuo.photos import Library

KINDS = ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"]


def encoded(kind):
    out = BytesIO()
    pixels = np.random.default_rng(KINDS.index(kind)).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x010F], exif[0x0132] = "Maker", "2024:05:31 10:00:00"
    Image.fromarray(pixels).save(out, kind, **({} if kind in ("GIF", "BMP") else {"exif": exif}))
    return out.getvalue()


def truncated(content, chance):
    return content[: chance.randrange(len(content))]


def flipped(content, chance):
    bad = bytearray(content)
    for _ in range(chance.randint(1, 40)):
        bad[chance.randrange(len(bad))] = chance.randrange(256)
    return bytes(bad)


def lying(content, chance):
    """Numbers in the header, sizes above all, become large."""
    bad = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(4, min(len(bad), 200))
        bad[place : place + 4] = chance.choice(
            [b"\xff\xff\xff\xff", b"\x00\x00\xff\xff", b"\x7f\xff\xff\xff"]
        )
    return bytes(bad)


def spliced(content, chance):
    """The head of one format, the tail of another."""
    other = encoded(chance.choice(KINDS))
    return content[: chance.randrange(8, 300)] + other[chance.randrange(len(other)) :]


def repeated(content, chance):
    at = chance.randrange(len(content))
    return content[:at] + content[at : at + 100] * 300 + content[at:]


def fuzzed(count):
    chance = random.Random(0)
    whole = {kind: encoded(kind) for kind in KINDS}
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        break_it = chance.choice([truncated, flipped, lying, spliced, repeated])
        yield f"{number:03}.{kind.lower()}", break_it(whole[kind], chance)


def bomb():
    """A PNG of 900 million pixels in a few bytes."""
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(10**6))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def test_fuzzed_images(tmp_path, library, captioner):
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, content in [*fuzzed(200), ("bomb.png", bomb())]:
        (folder / name).write_bytes(content)
        age(folder / name)
    told = []
    report = library.index([folder], captioner, tell=told.append)
    assert report.captioned + report.known + len(report.failed) == len(told) == 201
    assert min(report.captioned, len(report.failed)) > 20  # broken in many ways, but not all are
    for path, error in report.failed.items():
        line = str(error)
        assert repr(str(path)) in line
        assert "\n" not in line
        assert len(line) < 300 + len(str(path))
    assert "at most 178,956,970 pixels are decoded" in str(report.failed[folder / "bomb.png"])
    assert_sound(library.path)
    again = library.index([folder], captioner)
    assert (again.unchanged, again.failed_before, again.failed) == (201, len(report.failed), {})


def test_damaged_at_random(tmp_path):
    """Whatever is broken: a library opens, or says that it is damaged; reading changes nothing."""
    path, outcomes = tmp_path / "library.db", Counter()
    with Library(path) as library:
        fill(library, [Row(f"/{i}.jpg", f"A dog number {i}", vector=np.ones(8)) for i in range(50)])
        library._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole, chance = path.read_bytes(), random.Random(0)
    for _ in range(40):
        content = bytearray(whole)
        at, length = chance.randrange(len(content)), chance.choice([1, 20, 4096])
        match chance.randrange(3):
            case 0:
                content[at : at + length] = chance.randbytes(len(content[at : at + length]))
            case 1:
                del content[at:]
            case _:
                content[at : at + length] = bytes(len(content[at : at + length]))
        path.write_bytes(content)
        for use in (read, write):
            problem = problem_of(use, path)
            outcomes["works" if problem is None else "refused"] += 1
            assert problem is None or "library" in problem
            if use is read:
                assert path.read_bytes() == content
    assert min(outcomes.values()) > 10


def problem_of(use, path):
    try:
        use(path)
    except LibraryError as error:  # and no other
        return str(error)
    return None


def read(path):
    with Library(path, read_only=True) as library:
        for query in ("dog number", "path:3", "like:/3.jpg", "dog -number after:2000"):
            library.search(query)
        list(library.entries())
        library.info()


def write(path):
    with Library(path) as library:
        library.edit("/3.jpg", "Mine")
        library.purge()


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
def test_a_full_disk(tmp_path, many, captioner):
    """The system refuses to write on: what was stored is there, and the next run goes on."""
    path = tmp_path / "library.db"
    process = start(path, many, "--most-bytes", "120000")
    out, errors = process.communicate(timeout=300)
    assert process.returncode == 1
    assert errors.splitlines()[-1].startswith("tushuo.errors.LibraryError: library ")
    assert "what was stored before is safe; make room" in errors
    stored = {line.split()[1] for line in out.splitlines() if line.startswith("stored")}
    assert 0 < len(stored) < 12
    with Library(path, read_only=True) as library:
        assert stored <= set(shown(library))
    assert_sound(path)
    with Library(path) as library:
        kept = len(shown(library))
        assert library.index([many], captioner).captioned == 12 - kept
        assert len(shown(library)) == 12
