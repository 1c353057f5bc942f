"""One way to open a photograph: any common format in, upright 8-bit RGB out, or one clear error."""

from __future__ import annotations

import os
import stat
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import IO, TypeAlias

from PIL import Image, UnidentifiedImageError, features

from tushuo.data.colour import orientation, to_rgb
from tushuo.data.quiet import quiet_pillow
from tushuo.errors import ImageError, MissingDependencyError, UsageError

__all__ = ["IMAGE_SUFFIXES", "MAX_BYTES", "MAX_PIXELS", "ImageSource", "load_image"]

ImageSource: TypeAlias = str | os.PathLike[str] | bytes | IO[bytes]
"""A path, the content of an image file, or an open binary file."""

MAX_PIXELS = 178_956_970
"""The largest image that is decoded, in pixels: half a GiB as RGB."""

MAX_BYTES = 1 << 30
"""The largest image file that is opened, in bytes."""

_SUFFIXES = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png", ".apng"),
    "WEBP": (".webp",),
    "GIF": (".gif",),
    "TIFF": (".tif", ".tiff"),
    "BMP": (".bmp", ".dib"),
    "AVIF": (".avif",),
    "HEIF": (".heic", ".heif", ".hif"),
}
_FORMATS = tuple(name for name in _SUFFIXES if name != "HEIF")  # those of Pillow itself
IMAGE_SUFFIXES = frozenset(chain.from_iterable(_SUFFIXES.values()))
"""The endings, in small letters, by which photographs in a folder are known."""

_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_SIDEWAYS = range(5, 9)  # EXIF orientations that swap width and height


def load_image(source: ImageSource, at_least: tuple[int, int] | None = None) -> Image.Image:
    """Read one image as upright 8-bit RGB.

    EXIF orientation is applied, transparency is laid on white, 16-bit values are scaled, and of an
    animation the first frame is taken. May be called from many threads at once.

    Args:
        source: A path, the bytes of an image file, or an open binary file (read to its end).
        at_least: A size (width, height) in pixels that suffices. A JPEG is then decoded at the
            smallest of 1/1, 1/2, 1/4, 1/8 of its size that is no smaller, which is much faster.

    Returns:
        An image of mode "RGB" without metadata.

    Raises:
        ImageError: The source is missing, unreadable, empty, truncated, not an image, or larger
            than `MAX_PIXELS` or `MAX_BYTES`; the message is one line that names the source.
        MissingDependencyError: The format needs an optional decoder that is not installed.
        UsageError: The source is none of these kinds.
    """
    name = _name(source)
    with _open(source, name) as file, quiet_pillow():
        head = _peek(file, name)
        formats = (_heif(name),) if _is_heif(head, name) else _FORMATS
        return _decode(file, name, formats, at_least)


def _decode(
    file: IO[bytes], name: str, formats: tuple[str, ...], at_least: tuple[int, int] | None
) -> Image.Image:
    try:
        with Image.open(file, formats=formats) as image:
            _check_size(image, name)
            if at_least is not None:
                _draft(image, at_least)
            return to_rgb(image)
    except ImageError:
        raise
    except UnidentifiedImageError:
        raise ImageError(
            f"cannot read {name}: it is not an image of a known format", hint=_KNOWN
        ) from None
    except Image.DecompressionBombError:
        raise _too_large(name, "perhaps a decompression bomb") from None
    except MemoryError:
        raise _too_large(name, "it does not fit in memory") from None
    except Exception as error:  # a decoder may raise anything on a hostile file
        raise ImageError(f"cannot read {name}: {_reason(error)}") from error


_KNOWN = "expected JPEG, PNG, WebP, GIF, TIFF, BMP, HEIC or AVIF"


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())[:200]
    return f"the image is truncated or damaged ({text or type(error).__name__})"


def _too_large(name: str, what: str) -> ImageError:
    return ImageError(
        f"cannot read {name}: the image is too large ({what})",
        hint=f"at most {MAX_PIXELS:,} pixels are decoded; make it smaller first",
    )


def _check_size(image: Image.Image, name: str) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise _too_large(name, f"{width} x {height} pixels")


def _draft(image: Image.Image, at_least: tuple[int, int]) -> None:
    width, height = at_least
    sideways = orientation(image) in _SIDEWAYS
    image.draft(None, (height, width) if sideways else (width, height))


def _is_heif(head: bytes, name: str) -> bool:
    """Whether the file is HEIC; AVIF, its near relation, is checked to have a decoder."""
    if head[4:8] != b"ftyp":
        return False
    brands = {head[i : i + 4] for i in range(8, len(head), 4)}
    if not brands & {b"avif", b"avis"}:
        return bool(brands & _HEIF_BRANDS)
    if not features.check("avif"):
        raise MissingDependencyError(
            f"cannot read {name}: this Pillow has no AVIF decoder",
            hint="pip install --upgrade pillow, whose wheels bring one",
        )
    return False


def _heif(name: str) -> str:
    """The name of the HEIF format, registered with Pillow."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        raise MissingDependencyError(
            f"cannot read {name}: HEIC needs an optional decoder",
            hint="pip install 'tushuo[heif]'",
        ) from None
    if "HEIF" not in Image.OPEN:
        register_heif_opener(thumbnails=False)
    return "HEIF"


def _name(source: ImageSource) -> str:
    if isinstance(source, bytes):
        return "the given bytes"
    if isinstance(source, str | os.PathLike):
        return repr(os.fspath(source))  # repr keeps the message on one line, whatever the name
    return repr(getattr(source, "name", "the given file"))


def _open(source: ImageSource, name: str) -> IO[bytes]:
    try:
        if isinstance(source, bytes):
            return BytesIO(source)
        if isinstance(source, str | os.PathLike):
            return _open_path(Path(source), name)
        if not hasattr(source, "read"):
            raise UsageError(
                f"expected a path, bytes or an open file, got {type(source).__name__}",
                hint="a captioner also takes PIL images, as of PIL.Image.fromarray(array)",
            )
        data = source.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a null character in a name, a closed file
        raise _unopened(name, error) from None
    if not isinstance(data, bytes):
        raise ImageError(f"cannot read {name}: it is open as text", hint="open it in mode 'rb'")
    _check_bytes(len(data), name)
    return BytesIO(data)


def _open_path(path: Path, name: str) -> IO[bytes]:
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise ImageError(f"cannot read {name}: it is a folder, an image file was expected")
    if not stat.S_ISREG(status.st_mode):
        raise ImageError(f"cannot read {name}: it is not a regular file")
    _check_bytes(status.st_size, name)
    return path.open("rb")


def _unopened(name: str, error: OSError | ValueError) -> ImageError:
    if isinstance(error, FileNotFoundError):
        return ImageError(f"cannot read {name}: no such file")
    if isinstance(error, PermissionError):
        return ImageError(f"cannot read {name}: no permission to read it")
    return ImageError(f"cannot read {name}: {getattr(error, 'strerror', None) or error}")


def _peek(file: IO[bytes], name: str) -> bytes:
    """The first bytes of a file, which then stands at its beginning again."""
    try:
        head = file.read(64)
    except OSError as error:
        raise _unopened(name, error) from None
    if not head:
        raise ImageError(f"cannot read {name}: the file is empty")
    file.seek(0)
    return head


def _check_bytes(size: int, name: str) -> None:
    if size > MAX_BYTES:
        raise ImageError(f"cannot read {name}: {size:,} bytes, at most {MAX_BYTES:,} are read")
