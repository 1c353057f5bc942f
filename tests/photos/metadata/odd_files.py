"""Image files of many kinds, the odd ones too, and what their pixels are."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from io import BytesIO

import numpy as np
from PIL import Image, ImageCms, ImageSequence

from tushuo.photos.metadata import ALT_TEXT, DESCRIPTION, WRITTEN, container_of, merged
from tushuo.photos.metadata.xmp import with_default

TEXT = 'A dog & a <cat>: "小狗" é.'
TEXTS = with_default({"en": TEXT, "zh": "一只狗"})
PROPERTIES = dict.fromkeys((DESCRIPTION, ALT_TEXT, *WRITTEN.values()), TEXTS)

_PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
_NOISE = np.random.default_rng(0)


def _image(mode: str = "RGB", size: tuple[int, int] = (21, 14)) -> Image.Image:
    shape = (size[1], size[0], len(Image.new(mode, (1, 1)).getbands()))
    return Image.fromarray(_NOISE.integers(0, 256, shape, dtype=np.uint8).squeeze(), mode)


def _deep(kind: str) -> Image.Image:
    return Image.fromarray(_NOISE.integers(0, 65536, (14, 21)).astype(kind))


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def _exif(text: str = "") -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    if text:
        exif[0x010E] = text
    exif.get_ifd(0x8769)[0x9003] = "2024:05:31 18:02:11"
    return exif


def _exif_first() -> bytes:
    """As cameras write it: EXIF directly behind the beginning, without JFIF's segment."""
    data = _saved(_image(), "JPEG", exif=_exif())
    assert data[2:4] == b"\xff\xe0"
    return data[:2] + data[4 + int.from_bytes(data[4:6]) :]


def _series(kind: str) -> bytes:
    return _saved(_image(), kind, save_all=True, append_images=[_image(), _image()])


@cache
def odd_files() -> dict[str, bytes]:
    """Files by name."""
    return {
        "plain.jpg": _saved(_image(), "JPEG"),
        "progressive.jpg": _saved(_image(), "JPEG", progressive=True, icc_profile=_PROFILE),
        "cmyk.jpg": _saved(_image("CMYK"), "JPEG"),
        "exif-first.jpg": _exif_first(),
        "two-pictures.jpg": _series("MPO"),
        "trailer.jpg": _saved(_image(), "JPEG") + b"what a phone adds",
        "plain.png": _saved(_image(), "PNG"),
        "deep.png": _saved(_deep("<u2"), "PNG"),
        "palette.png": _saved(_image().quantize(7), "PNG", transparency=3),
        "moving.png": _series("PNG"),
        "exif.png": _saved(_image("RGBA"), "PNG", exif=_exif()),
        "lossy.webp": _saved(_image(), "WEBP"),
        "lossless.webp": _saved(_image("RGBA"), "WEBP", lossless=True),
        "moving.webp": _series("WEBP"),
        "exif.webp": _saved(_image(), "WEBP", exif=_exif(), icc_profile=_PROFILE),
        "plain.tif": _saved(_image(), "TIFF"),
        "big-endian.tif": _saved(_deep(">u2"), "TIFF"),
        "pages.tif": _series("TIFF"),
        "big.tif": _saved(_image(), "TIFF", big_tiff=True),
    }


def pixels(data: bytes) -> list[str]:
    """A hash of each frame; the kind of error where it cannot be decoded."""
    found = []
    try:
        with Image.open(BytesIO(data)) as image:
            for frame in ImageSequence.Iterator(image):
                content = frame.tobytes() + bytes(frame.info.get("icc_profile", b""))
                key = f"{frame.mode} {frame.size} {frame.info.get('duration')}"
                found.append(f"{key} {sha256(content).hexdigest()}")
    except Exception as error:
        found.append(type(error).__name__)
    return found


def described(name: str, data: bytes, text: str | None = TEXT) -> bytes:
    """A file with captions put in."""
    container = container_of(data, name[name.rindex(".") :])
    assert container is not None
    return container.write(data, merged(container.read(data).xmp, PROPERTIES), text)
