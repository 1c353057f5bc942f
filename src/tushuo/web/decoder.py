"""The process that decodes images: what a hostile one does to it does not reach the server.

It reads images and writes pictures over pipes, with bounded memory and time, and can open no
file for writing. Run by `tushuo.web.decoding`.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from io import BytesIO
from typing import IO, TYPE_CHECKING, Any

from tushuo.errors import ImageError, TushuoError
from tushuo.web.frames import read_frame, write_frame

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["main"]

_QUALITY = 86  # of the JPEG that is shown


def main() -> None:
    """Answer until the server closes the pipe: memory and time are its arguments."""
    memory, seconds, most = map(int, sys.argv[1:4])
    source, target = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # what a library may print shall not get between the messages
    import tushuo.data  # before the limits: it maps much and uses little

    del tushuo
    _bound_memory(memory)
    write_frame(target, {"ready": True})
    with suppress(EOFError, KeyboardInterrupt):
        while True:
            header, content = read_frame(source, most)
            _bound_time(seconds)
            _answer(target, header, content)


def _answer(target: IO[bytes], header: dict[str, Any], content: bytes) -> None:
    try:
        answer, body = _decode(content, header)
    except TushuoError as error:
        problem = error.problem.replace("the given bytes", "the photograph")
        answer, body = {"problem": problem, "hint": error.hint}, b""
    except MemoryError:
        answer, body = {"problem": "cannot read the photograph: it does not fit in memory"}, b""
    write_frame(target, answer, body)


def _decode(content: bytes, header: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    from tushuo.data import Preprocessing, load_image

    side = header["side"]
    picture = load_image(content, at_least=(side, side))
    width, height = _jpeg_size(content) or picture.size
    shown = _jpeg(picture, side)
    pixels = b""
    if header.get("preprocessing"):
        prepare = Preprocessing.from_config(header["preprocessing"])
        # decoded again, as every command does it, so that the caption is the same, too
        pixels = prepare(load_image(content, at_least=prepare.at_least)).tobytes()
    return {"width": width, "height": height, "shown": len(shown)}, shown + pixels


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    """Width and height, upright, of a JPEG, which may have been decoded smaller; else None."""
    from PIL import Image, UnidentifiedImageError

    from tushuo.data.colour import orientation
    from tushuo.data.quiet import quiet_pillow

    try:
        with quiet_pillow(), Image.open(BytesIO(content), formats=("JPEG",)) as image:
            return image.size[::-1] if orientation(image) >= 5 else image.size
    except UnidentifiedImageError:
        return None


def _jpeg(picture: Image.Image, side: int) -> bytes:
    picture.thumbnail((side, side))
    file = BytesIO()
    picture.save(file, "JPEG", quality=_QUALITY, optimize=True)
    if not file.tell():
        raise ImageError("cannot read the photograph: it has no pixels")
    return file.getvalue()


def _bound_memory(most: int) -> None:
    if sys.platform != "win32":
        import resource

        _limit(resource.RLIMIT_AS, most)
        _limit(resource.RLIMIT_FSIZE, 0)
        _limit(resource.RLIMIT_CORE, 0)


def _bound_time(seconds: int) -> None:
    """Processor time from now on; the server looks at the clock."""
    if sys.platform != "win32":
        import resource

        usage = resource.getrusage(resource.RUSAGE_SELF)
        _limit(resource.RLIMIT_CPU, round(usage.ru_utime + usage.ru_stime) + seconds + 1)


def _limit(which: int, most: int) -> None:
    if sys.platform != "win32":
        import resource

        _, hard = resource.getrlimit(which)
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        with suppress(ValueError, OSError):  # a system without this limit
            resource.setrlimit(which, (most, hard))


if __name__ == "__main__":
    main()
