"""What a camera noted in a photograph: when, with what and where it was taken."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from io import BytesIO
from math import isfinite
from typing import Any, NamedTuple

from PIL import ExifTags, Image

from tushuo.data.quiet import quiet_pillow
from tushuo.photos.text import plain

__all__ = ["Facts", "read_facts"]

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF", "HEIF")
_TAG, _GPS = ExifTags.Base, ExifTags.GPS
_DATE = re.compile(r"(\d{4})[:\-/](\d{2})[:\-/](\d{2})[ T](\d{2}):(\d{2}):(\d{2})", re.ASCII)
_MAX_CAMERA = 100  # characters
_NO_FIRM = {"CORPORATION", "CORP.", "CORP", "CO.,LTD.", "CO.", "LTD.", "INC.", "COMPANY"}


class Facts(NamedTuple):
    """Facts about a photograph, each None where it is absent or makes no sense.

    Attributes:
        width: In pixels, as stored.
        height: In pixels, as stored.
        taken: "2024-05-31 18:02:11", by the camera's clock.
        camera: Maker and model.
        latitude: In degrees, north positive.
        longitude: In degrees, east positive.
    """

    width: int
    height: int
    taken: str | None = None
    camera: str | None = None
    latitude: float | None = None
    longitude: float | None = None


def read_facts(content: bytes) -> Facts:
    """Read the header of an image file that `load_image` has opened well; never raises."""
    formats = [name for name in _FORMATS if name in Image.OPEN]
    width = height = 0
    try:
        with quiet_pillow(), Image.open(BytesIO(content), formats=formats) as image:
            width, height = image.size
            exif = image.getexif()
            details = exif.get_ifd(ExifTags.IFD.Exif)
            place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    except Exception:  # metadata of a hostile file may raise anything, and is not needed
        return Facts(width, height)
    latitude = _degrees(place, _GPS.GPSLatitude, _GPS.GPSLatitudeRef, "S", 90)
    longitude = _degrees(place, _GPS.GPSLongitude, _GPS.GPSLongitudeRef, "W", 180)
    if latitude is None or longitude is None:
        latitude = longitude = None
    return Facts(width, height, _taken(exif, details), _camera(exif), latitude, longitude)


def _taken(exif: Mapping[int, Any], details: Mapping[int, Any]) -> str | None:
    noted = (
        details.get(_TAG.DateTimeOriginal),
        details.get(_TAG.DateTimeDigitized),
        exif.get(_TAG.DateTime),
    )
    return next((moment for value in noted if (moment := _moment(value))), None)


def _moment(value: object) -> str | None:
    match = _DATE.match(_text(value))
    if match is None:
        return None
    try:
        return str(datetime.fromisoformat("{}-{}-{} {}:{}:{}".format(*match.groups())))
    except ValueError:  # as 0000:00:00
        return None


def _camera(exif: Mapping[int, Any]) -> str | None:
    """Maker and model, the maker once: "NIKON CORPORATION", "NIKON D90" give "NIKON D90"."""
    maker, model = _text(exif.get(_TAG.Make)), _text(exif.get(_TAG.Model))
    names = [word for word in maker.split() if word.upper() not in _NO_FIRM]
    if names and model.upper().startswith(names[0].upper()):
        names = []
    return " ".join([*names, model]).strip()[:_MAX_CAMERA] or None


def _degrees(
    place: Mapping[int, Any], tag: int, reference: int, negative: str, most: float
) -> float | None:
    """Degrees of degrees, minutes and seconds; EXIF 2.32, section 4.6.6."""
    try:
        degrees, minutes, seconds = (float(value) for value in place[tag])
    except Exception:  # missing, of another type or length, or a fraction over zero
        return None
    angle = degrees + minutes / 60 + seconds / 3600
    if not isfinite(angle) or min(degrees, minutes, seconds) < 0 or angle > most:
        return None
    return -angle if _text(place.get(reference)).upper().startswith(negative) else angle


def _text(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return plain(value[:1000].partition("\0")[0]) if isinstance(value, str) else ""
