"""Damaged files: a clear error, or the same picture as before; never anything else."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photos.metadata.odd_files import described, odd_files, pixels
from tushuo.errors import ImageError
from tushuo.photos.metadata import container_of

FILES = {name: described(name, data) for name, data in odd_files().items()}


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(FILES)), st.data())
def test_any_damage(name, data):
    content = bytearray(FILES[name])
    if data.draw(st.booleans(), "cut"):
        del content[data.draw(st.integers(0, len(content)), "at") :]
    near = st.integers(0, max(0, min(len(content), 2500) - 1))  # where the structure is
    for at, byte in data.draw(st.lists(st.tuples(near, st.integers(0, 255)), max_size=6), "bytes"):
        content[at : at + 1] = bytes([byte])
    if container_of(bytes(content), name[name.rindex(".") :]) is None:
        return  # its beginning says that it is something else
    try:
        written = described(name, bytes(content), "Another text.")
    except ImageError as error:
        problem = str(error)
    else:
        problem = ""
        assert pixels(written) == pixels(bytes(content))
    assert len(problem) < 500
    assert "\n" not in problem


@pytest.mark.parametrize("name", ["plain.jpg", "plain.png", "lossy.webp", "plain.tif"])
def test_truncated_files(name):
    """Cut within the structure, each of them is refused."""
    whole = odd_files()[name]
    for length in (3, 7, 11, 20, 25):
        with pytest.raises((ImageError, AssertionError)):
            described(name, whole[:length])


@pytest.mark.parametrize(
    ("name", "old", "new", "problem"),
    [
        ("plain.jpg", b"\xff\xdb\x00\x43", b"\xff\xdb\xff\xff", "does not lie within it"),
        ("plain.jpg", b"\xff\xdb\x00\x43", b"\xff\xdb\x00\x01", "does not lie within it"),
        ("plain.jpg", b"\xff\xdb\x00\x43", b"\xff\xd9\x00\x43", "holds no picture"),
        ("plain.png", b"IDAT", b"IDAX", "holds no picture"),
        ("plain.png", b"IEND", b"IENX", "the PNG is damaged: it is truncated"),
        ("lossy.webp", b"VP8 ", b"VP8Y", "holds no picture"),
    ],
)
def test_what_is_wrong_is_said(name, old, new, problem):
    whole = odd_files()[name]
    assert old in whole
    with pytest.raises(ImageError, match=problem):
        described(name, whole.replace(old, new, 1))


@pytest.mark.parametrize(
    ("name", "at", "part"),
    [
        ("plain.jpg", 2, b"\xff\xfe\0\2"),
        ("plain.png", 33, b"\0\0\0\0abCd\0\0\0\0"),
        ("exif.webp", 30, b"ABCD\0\0\0\0"),
    ],
)
def test_parts_without_end(name, at, part, monkeypatch):
    """Parts of a few bytes would take much memory each."""
    data = odd_files()[name]
    many = data[:at] + part * 100 + data[at:]
    if name.endswith("webp"):
        many = many[:4] + (len(many) - 8).to_bytes(4, "little") + many[8:]
    described(name, many)
    monkeypatch.setattr("tushuo.photos.metadata.notes.MAX_PARTS", 100)
    described(name, data)
    with pytest.raises(ImageError, match="more than 100 parts"):
        described(name, many)


def test_a_pointer_beyond_any_file():
    import struct

    from tushuo.photos.metadata.tiff import Directory

    for at in (99, (1 << 63) - 1, (1 << 64) - 1):
        with pytest.raises(ImageError, match="does not lie within the file"):
            Directory(b"II+\0" + struct.pack("<HHQ", 8, 0, at))


def test_captions_of_two_blocks():
    """None is lost: the later one is read, and neither is changed."""
    from tushuo.photos.metadata import iptc

    one, other = iptc.with_caption(None, "Bello"), iptc.with_caption(None, "")
    assert iptc.caption(other + one) == "Bello"
    with pytest.raises(ImageError, match="IPTC data twice"):
        iptc.with_caption(one + other, "A dog.")


def test_a_text_that_unpacks_without_end():
    import struct
    import zlib

    from tushuo.photos.metadata.png import SIGNATURE, read

    packed = zlib.compress(bytes(20 << 20), 9)
    body = b"XML:com.adobe.xmp\0\1\0\0\0" + packed
    chunk = (
        struct.pack(">I", len(body))
        + b"iTXt"
        + body
        + struct.pack(">I", zlib.crc32(b"iTXt" + body))
    )
    png = odd_files()["plain.png"]
    with pytest.raises(ImageError, match="larger than 16,777,216 bytes"):
        read(BytesIO(SIGNATURE + png[8:33] + chunk + png[33:]).getvalue())
