"""A person's text is told from ours, from a camera's, and from nothing."""

from __future__ import annotations

import struct
import zlib

import pytest

from photos.metadata.odd_files import odd_files
from tushuo.photos.metadata import (
    ALT_TEXT,
    DESCRIPTION,
    WRITTEN,
    Notes,
    merged,
    persons,
    read_notes,
    read_sidecars,
)
from tushuo.photos.metadata.iptc import HEADER, iim_caption, iim_with_caption, with_caption
from tushuo.photos.metadata.jpeg import write
from tushuo.photos.metadata.png import SIGNATURE
from tushuo.photos.metadata.segments import APP13, START, segment

JPEG = odd_files()["plain.jpg"]


def packet(**properties):
    names = {"description": [DESCRIPTION], "alt": [ALT_TEXT], "written": list(WRITTEN.values())}
    new = {name: {"x-default": text} for key, text in properties.items() for name in names[key]}
    return merged(None, new)


@pytest.mark.parametrize(
    ("notes", "found"),
    [
        (Notes(), {}),
        (Notes(packet(description="Bello")), {DESCRIPTION: "Bello"}),
        (Notes(packet(description="Bello", written="A dog.")), {DESCRIPTION: "Bello"}),
        (Notes(packet(description="A dog.", alt="A dog.", written="A dog.")), {}),
        (Notes(packet(alt="Bello", written="A dog."), exif="A dog."), {ALT_TEXT: "Bello"}),
        (Notes(exif="Bello"), {DESCRIPTION: "Bello"}),
        (Notes(iptc="Bello", exif="new"), {DESCRIPTION: "Bello"}),
        (Notes(text="Bello"), {DESCRIPTION: "Bello"}),
        (Notes(exif="new"), {}),
        (Notes(packet(written="长" * 700), iptc="长" * 666), {}),  # as long as IPTC takes it
    ],
)
def test_whose_it_is(notes, found):
    assert persons([notes], ours=["new"]) == found


@pytest.mark.parametrize("text", ["OLYMPUS DIGITAL CAMERA         ", "  ", "SONY DSC"])
def test_what_cameras_write(text):
    assert read_notes(write(JPEG, packet(alt="x"), text), ".jpg").exif is None


def test_png_text():
    body = b"Description\0Bello am See"
    chunk = (
        struct.pack(">I", len(body))
        + b"tEXt"
        + body
        + struct.pack(">I", zlib.crc32(b"tEXt" + body))
    )
    png = odd_files()["plain.png"]
    data = SIGNATURE + png[8:33] + chunk + png[33:]
    assert read_notes(data, ".png").text == "Bello am See"


def test_extended_xmp_is_read_and_not_changed():
    from tushuo.errors import ImageError

    more = packet(description="Bello")
    head = b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 32
    parts = [
        segment(0xE1, head + struct.pack(">2I", len(more), at) + more[at : at + 200]).raw
        for at in range(0, len(more), 200)
    ]
    data = START + b"".join(reversed(parts)) + JPEG[2:]
    assert persons([read_notes(data, ".jpg")]) == {DESCRIPTION: "Bello"}
    with pytest.raises(ImageError, match="extended XMP"):
        write(data, packet(description="A dog."), "A dog.")


def test_both_sidecars_are_read(tmp_path):
    (tmp_path / "a.xmp").write_bytes(packet(description="Bello"))
    assert persons(read_sidecars(tmp_path / "a.jpg")) == {DESCRIPTION: "Bello"}
    (tmp_path / "a.jpg.xmp").write_bytes(packet(description="Waldi"))
    assert persons(read_sidecars(tmp_path / "a.jpg")) == {DESCRIPTION: "Waldi"}


def dataset(record, number, value):
    return struct.pack(">BBBH", 0x1C, record, number, len(value)) + value


def test_other_iptc_data_stay():
    keyword, city = dataset(2, 25, b"dog"), dataset(2, 90, "München".encode())
    new = iim_with_caption(keyword + city + dataset(2, 120, b"old"), "狗")
    assert new.startswith(dataset(1, 90, b"\x1b%G"))
    assert keyword + city in new
    assert b"old" not in new
    assert iim_caption(new) == "狗"


def test_iptc_data_in_another_encoding_stay_readable():
    city = dataset(2, 90, "München".encode("latin-1"))
    new = iim_with_caption(city, "Der Bär")
    assert b"\x1b%G" not in new
    assert iim_caption(new) == "Der Bär"
    assert iim_caption(iim_with_caption(new, "狗")) is None  # it cannot be said in Latin-1


def test_other_photoshop_resources_stay():
    path = b"8BIM" + struct.pack(">H", 2000) + b"\x03odd\0\0" + struct.pack(">I", 3) + b"abc\0"
    odd = path.replace(b"\x03odd\0\0", b"\x03odd")
    new = with_caption(odd, "A dog.")
    assert new.startswith(odd)
    data = START + segment(APP13, HEADER + odd).raw + JPEG[2:]
    twice = write(write(data, packet(), "A dog."), packet(), "A cat.")
    assert read_notes(twice, ".jpg").iptc == "A cat."
    assert odd in twice
