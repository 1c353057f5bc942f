"""What a camera noted: date, camera, place; and nonsense, which is no note."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base
from PIL.TiffImagePlugin import IFDRational

from tushuo.photos.exif import Facts, _camera, _degrees, _moment, read_facts


def photograph(main=(), details=(), place=(), kind="JPEG"):
    exif = Image.Exif()
    exif.update(dict(main))
    exif.get_ifd(IFD.Exif).update(dict(details))
    exif.get_ifd(IFD.GPSInfo).update(dict(place))
    out = BytesIO()
    Image.new("RGB", (20, 10)).save(out, kind, exif=exif)
    return out.getvalue()


def place(latitude, longitude, south="N", west="E"):
    return {
        GPS.GPSLatitudeRef: south,
        GPS.GPSLatitude: latitude,
        GPS.GPSLongitudeRef: west,
        GPS.GPSLongitude: longitude,
    }


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_all_notes(kind):
    content = photograph(
        {
            Base.Make: "NIKON CORPORATION",
            Base.Model: "NIKON D90",
            Base.DateTime: "2025:01:01 00:00:00",
        },
        {Base.DateTimeOriginal: "2024:05:31 18:02:11"},
        place((33.0, 51.0, 35.9), (151.0, 12.0, 40.0), "S", "E"),
        kind,
    )
    facts = read_facts(content)
    assert facts[:4] == (20, 10, "2024-05-31 18:02:11", "NIKON D90")
    assert facts.latitude == pytest.approx(-33.859972, abs=1e-6)
    assert facts.longitude == pytest.approx(151.211111, abs=1e-6)


def test_no_notes():
    assert read_facts(photograph()) == Facts(20, 10)


def test_the_moment_of_the_shot_comes_first():
    later = {Base.DateTime: "2025:01:01 00:00:00"}
    assert read_facts(photograph(later)).taken == "2025-01-01 00:00:00"
    digitized = {Base.DateTimeDigitized: "2024:01:01 00:00:00"}
    assert read_facts(photograph(later, digitized)).taken == "2024-01-01 00:00:00"
    broken = {**digitized, Base.DateTimeOriginal: "0000:00:00 00:00:00"}
    assert read_facts(photograph(later, broken)).taken == "2024-01-01 00:00:00"


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        ("2024:05:31 18:02:11", "2024-05-31 18:02:11"),
        ("2024-05-31T18:02:11+02:00", "2024-05-31 18:02:11"),
        ("2024:05:31 18:02:11\0\0", "2024-05-31 18:02:11"),
        (b"2024:05:31 18:02:11", "2024-05-31 18:02:11"),
        ("    :  :     :  :  ", None),
        ("0000:00:00 00:00:00", None),
        ("2024:02:30 10:00:00", None),
        ("2024:05:31 24:00:00", None),
        ("２０２４:05:31 18:02:11", None),
        ("2024:05:31", None),
        (20240531, None),
        (None, None),
        ("9" * 10**6, None),
    ],
)
def test_moments(value, taken):
    assert _moment(value) == taken


@pytest.mark.parametrize(
    ("maker", "model", "camera"),
    [
        ("Canon", "Canon EOS 5D", "Canon EOS 5D"),
        ("Apple", "iPhone 12", "Apple iPhone 12"),
        ("OLYMPUS CORPORATION", "E-M5", "OLYMPUS E-M5"),
        ("Apple", None, "Apple"),
        (None, "X100", "X100"),
        ("  ", "\0x", None),
        ("a\x1b[31m\nb", "c\x00d", "a [31m b c"),
        ("M" * 5000, "", "M" * 100),
        (7, ("x",), None),
        (b"Leica", b"M\xff", "Leica M�"),
    ],
)
def test_cameras(maker, model, camera):
    assert _camera({Base.Make: maker, Base.Model: model}) == camera


@pytest.mark.parametrize(
    "value",
    [
        None,
        (),
        (1.0, 2.0),
        (1.0, 2.0, 3.0, 4.0),
        "1,2,3",
        (91.0, 0.0, 0.0),
        (90.0, 0.0, 1.0),
        (-1.0, 0.0, 0.0),
        (1.0, -1.0, 0.0),
        (float("nan"), 0.0, 0.0),
        (float("inf"), 0.0, 0.0),
        (IFDRational(1, 0), 0.0, 0.0),
        (0.0, IFDRational(0, 0), 0.0),
        ("x", "y", "z"),
        5.0,
    ],
)
def test_places_that_are_none(value):
    ends = {GPS.GPSLatitude: value, GPS.GPSLatitudeRef: "N"}
    assert _degrees(ends, GPS.GPSLatitude, GPS.GPSLatitudeRef, "S", 90) is None


def test_half_a_place_is_none():
    half = place((10.0, 0.0, 0.0), (200.0, 0.0, 0.0))
    assert read_facts(photograph(place=half)).latitude is None


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 300))
def test_any_bytes_in_the_header(noise, start):
    """Never an exception, and only values that make sense."""
    content = bytearray(
        photograph(
            {Base.Model: "X100"},
            {Base.DateTimeOriginal: "2024:05:31 18:02:11"},
            place((33.0, 51.0, 35.9), (151.0, 12.0, 40.0)),
        )
    )
    content[start : start + len(noise)] = noise
    facts = read_facts(bytes(content))
    assert facts.camera is None or facts.camera.isprintable()
    assert facts.taken is None or len(facts.taken) == 19
    assert facts.latitude is None or -90 <= facts.latitude <= 90
