"""Descriptions go into files of all kinds, and nothing else changes."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from io import BytesIO

import pytest
from PIL import Image

from photos.metadata.odd_files import TEXT, TEXTS, described, odd_files, pixels
from tushuo.photos.metadata import ALT_TEXT, DESCRIPTION, read_notes
from tushuo.photos.metadata.exif import with_description
from tushuo.photos.metadata.jpeg import split
from tushuo.photos.metadata.tiff import Directory
from tushuo.photos.metadata.xmp import texts

FILES = odd_files()
LONG = "长" * 9_000  # 27,000 bytes

needs_exiftool = pytest.mark.skipif(not shutil.which("exiftool"), reason="exiftool is absent")
needs_exiv2 = pytest.mark.skipif(not shutil.which("exiv2"), reason="exiv2 is absent")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A folder of the files with descriptions."""
    folder = tmp_path_factory.mktemp("written")
    for name, data in FILES.items():
        (folder / name).write_bytes(described(name, data))
    return folder


@pytest.mark.parametrize("name", FILES)
def test_pixels_stay(name, written):
    before = pixels(FILES[name])
    assert all(" " in frame for frame in before)  # it can be decoded
    if name.startswith(("moving", "pages", "two")):
        assert len(before) == 3
    assert pixels((written / name).read_bytes()) == before


@pytest.mark.parametrize("name", FILES)
def test_what_was_written_is_read(name, written):
    notes = read_notes((written / name).read_bytes(), name[-4:])
    assert notes.exif == TEXT
    assert notes.iptc == (TEXT if name.endswith("jpg") else None)
    found = texts(notes.xmp)
    assert found[DESCRIPTION] == found[ALT_TEXT] == TEXTS


@pytest.mark.parametrize("name", FILES)
def test_alt_text_alone_leaves_the_description(name):
    notes = read_notes(described(name, FILES[name], text=None), name[-4:])
    assert (notes.exif, notes.iptc) == (None, None)


@pytest.mark.parametrize("name", FILES)
def test_other_notes_stay(name):
    """What a camera noted, makers' pointers included, is as it was."""

    def noted(data):
        with Image.open(BytesIO(data)) as image:
            exif = image.getexif()
            return {**exif, 270: None, 700: None}, exif.get_ifd(0x8769)

    assert noted(described(name, FILES[name])) == noted(FILES[name])


def test_segments_of_others_stay():
    for name in ("progressive.jpg", "trailer.jpg"):
        old, rest = split(FILES[name])
        new, same = split(described(name, FILES[name]))
        assert same == rest
        assert [segment for segment in new if segment in old] == old


def test_an_index_of_pictures_is_kept_true():
    """The second picture of an MPO file lies where the index says, and the first is so long."""
    data = described("two-pictures.jpg", FILES["two-pictures.jpg"], LONG[:600])
    with Image.open(BytesIO(data)) as image:
        start = data.index(b"MPF\0") + 4
        entries = image.mpinfo[0xB002]
    assert len(entries) == 3
    assert [data[start + e["DataOffset"] :][:2] for e in entries[1:]] == [b"\xff\xd8"] * 2
    assert data[entries[0]["Size"] - 2 :][:4] == b"\xff\xd9\xff\xd8"


def test_a_tiff_only_grows():
    for name in ("plain.tif", "big-endian.tif", "pages.tif", "big.tif"):
        old, new = FILES[name], described(name, FILES[name])
        head = 16 if name == "big.tif" else 8
        assert new[head : len(old)] == old[head:]
        assert Directory(new).next == Directory(old).next


def test_what_does_not_fit():
    from tushuo.errors import ImageError

    with pytest.raises(ImageError, match=r"room for 65,527 bytes of Exif.*write a sidecar"):
        described("plain.jpg", FILES["plain.jpg"], "x" * 70_000)


def test_a_long_caption_in_iptc_is_cut_between_letters():
    notes = read_notes(described("plain.jpg", FILES["plain.jpg"], LONG), ".jpg")
    assert notes.exif == LONG
    assert notes.iptc == LONG[:666]


def test_changing_the_description_again():
    for name, data in FILES.items():
        again = described(name, described(name, data, "first"), "second")
        notes = read_notes(again, name[-4:])
        assert (notes.exif, notes.iptc or "second") == ("second", "second")
        assert pixels(again) == pixels(data)


def test_exif_of_any_order_and_size():
    for order in (b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"):
        sign = "<" if order[:1] == b"I" else ">"
        block = order + struct.pack(sign + "HHHI4sI", 1, 274, 3, 1, b"\0\1\0\0", 0)
        for text in ("abc", "abcd", "long enough for a pointer"):
            directory = Directory(with_description(block, text))
            assert directory.text(270) == text
            assert directory.value(274) == b"\0\1"


@needs_exiftool
def test_exiftool_agrees(written):
    command = ["exiftool", "-json", "-G1", "-a", "-validate", "-warning", "-all", str(written)]
    reports = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert len(reports) == len(FILES)
    for report in reports:
        name = report["SourceFile"]
        assert report["XMP-dc:Description"] == TEXT, name
        assert report["XMP-dc:Description-zh"] == "一只狗", name
        assert report["XMP-iptcCore:AltTextAccessibility"] == TEXT, name
        assert report["IFD0:ImageDescription"] == TEXT, name
        if name.endswith("jpg"):
            assert report["IPTC:Caption-Abstract"] == TEXT, name
            assert report["File:CurrentIPTCDigest"] == report["Photoshop:IPTCDigest"], name
        warning = report.get("ExifTool:Warning", "Missing")  # of a resolution, which is no fault
        assert warning.startswith("Missing") or "(should be BTF" in warning, name


@needs_exiv2
@pytest.mark.parametrize("name", [name for name in FILES if name != "big.tif"])  # no BigTIFF
def test_exiv2_agrees(written, name):
    command = ["exiv2", "-PEIXkt", "pr", str(written / name)]
    found = subprocess.run(command, capture_output=True, check=False).stdout.decode()
    rows = {key: rest for key, _, rest in (line.partition(" ") for line in found.splitlines())}
    assert rows["Exif.Image.ImageDescription"].strip() == TEXT
    assert TEXT in rows["Xmp.dc.description"]
    assert TEXT in rows["Xmp.iptc.AltTextAccessibility"]
    if name.endswith("jpg"):
        assert rows["Iptc.Application2.Caption"].strip() == TEXT
