from __future__ import annotations

import builtins
import os
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from tushuo.data import MAX_PIXELS, load_image
from tushuo.errors import ImageError, MissingDependencyError, UsageError

SCENE = Image.fromarray(
    np.add.outer(np.arange(48) * 2, np.arange(64) * 2)[..., None].astype(np.uint8)
    + np.array([0, 10, 20], dtype=np.uint8)
)
FORMATS = ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF"]


def encode(image: Image.Image, kind: str, **options: object) -> bytes:
    if kind == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def heic(image: Image.Image) -> bytes:
    pillow_heif = pytest.importorskip("pillow_heif")
    file = BytesIO()
    pillow_heif.from_pillow(image).save(file)
    return file.getvalue()


def bomb_png(side: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100)))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


def distance(image: Image.Image, other: Image.Image) -> float:
    assert image.mode == "RGB"
    assert image.size == other.size
    return float(np.abs(np.asarray(image, float) - np.asarray(other.convert("RGB"), float)).mean())


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_gives_the_picture(kind):
    assert distance(load_image(encode(SCENE, kind)), SCENE) < 4


def test_heic_gives_the_picture():
    assert distance(load_image(heic(SCENE)), SCENE) < 4


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_first_frame_of_an_animation(kind):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    data = encode(frames[0], kind, save_all=True, append_images=frames[1:])
    assert distance(load_image(data), frames[0]) < 4


def test_sources_paths_bytes_and_files(tmp_path):
    path = tmp_path / "名前 with space é.jpg"
    path.write_bytes(encode(SCENE, "JPEG"))
    expected = load_image(path)
    assert load_image(str(path)) == expected
    assert load_image(path.read_bytes()) == expected
    with path.open("rb") as file:
        assert load_image(file) == expected
    with path.open(encoding="latin-1") as text, pytest.raises(ImageError, match="mode 'rb'"):
        load_image(text)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_once(kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    inverse = {
        6: Image.Transpose.ROTATE_90,
        8: Image.Transpose.ROTATE_270,
        3: 3,
        2: 0,
        4: 1,
        5: 5,
        7: 6,
    }
    stored = SCENE.transpose(inverse[orientation]) if orientation > 1 else SCENE
    upright = load_image(encode(stored, kind, exif=exif))
    assert distance(upright, SCENE) < 4
    assert upright.getexif().get(0x0112) is None


def test_damaged_exif_does_not_hide_the_picture():
    data = encode(SCENE, "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xffgarbage")
    assert distance(load_image(data), SCENE) < 4


@pytest.mark.parametrize(("sideways", "size"), [(False, (400, 200)), (True, (200, 400))])
def test_draft_decodes_small_but_large_enough(sideways, size):
    exif = Image.Exif()
    exif[0x0112] = 6 if sideways else 1
    large = SCENE.resize((1600, 800))
    data = encode(large, "JPEG", exif=exif)
    at_least = (150, 300) if sideways else (300, 150)
    small = load_image(data, at_least)
    assert small.size == size  # 1/4; 1/8 would be too small
    upright = load_image(data)
    assert upright.size == (size[0] * 4, size[1] * 4)
    assert distance(upright.resize(size, Image.Resampling.BOX), small) < 2
    assert load_image(data, (5000, 5000)).size == upright.size


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.97])
@pytest.mark.parametrize("kind", [*FORMATS, "HEIC"])
def test_truncated_is_one_line(tmp_path, kind, share):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8))
    data = heic(noise) if kind == "HEIC" else encode(noise, kind)
    path = tmp_path / "cut.bin"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ImageError, match=r"cannot read '.*cut\.bin': ") as caught:
        load_image(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("side", [14_000, 30_000, 400_000])
def test_bomb_is_refused_before_it_is_decoded(tmp_path, side, monkeypatch):
    assert side * side > MAX_PIXELS
    path = tmp_path / "bomb.png"
    path.write_bytes(bomb_png(side))
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("decoded"))
    with pytest.raises(
        ImageError, match=r"bomb\.png': the image is too large \([^()]*\); at most 178,956,970"
    ):
        load_image(path)


@pytest.mark.parametrize("source", [None, 3, np.zeros((4, 4, 3), np.uint8)])
def test_other_objects_are_refused(source):
    with pytest.raises(UsageError, match=rf"expected a path, .*, got {type(source).__name__};"):
        load_image(source)


def test_large_but_allowed_header_is_not_called_a_bomb():
    with pytest.raises(ImageError, match="truncated or damaged"):
        load_image(bomb_png(9_500))


def test_bad_paths(tmp_path):
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("hello")
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    os.mkfifo(tmp_path / "pipe.jpg")
    cases = {
        "missing.jpg": "no such file",
        "empty.jpg": "the file is empty",
        "text.jpg": "it is not an image of a known format; expected JPEG, PNG",
        "": "it is a folder, an image file was expected",
        "pipe.jpg": "it is not a regular file",
        "nul\0.jpg": "null",
        "line\nbreak.jpg": "no such file",
        "x" * 300 + ".jpg": "name too long",
        "loop.jpg": "symbolic links",
        "text.jpg/below.jpg": "Not a directory",
    }
    for name, reason in cases.items():
        with pytest.raises(ImageError) as caught:
            load_image(tmp_path / name)
        message = str(caught.value)
        assert message.startswith(f"cannot read {str(tmp_path / name)!r}: ")
        assert reason in message
        assert "\n" not in message


def test_no_permission(tmp_path, monkeypatch):
    path = tmp_path / "secret.png"
    path.write_bytes(encode(SCENE, "PNG"))

    def refuse(self: Path, *args: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # the suite may run as root, who may read all
    with pytest.raises(ImageError, match=r"secret\.png': no permission to read it"):
        load_image(path)


def test_too_many_bytes(tmp_path):
    path = tmp_path / "sparse.png"
    with path.open("wb") as file:
        file.truncate((1 << 30) + 1)
    with pytest.raises(ImageError, match="at most 1,073,741,824 are read"):
        load_image(path)


def test_heic_without_the_extra_names_it(monkeypatch):
    real = builtins.__import__

    def missing(name: str, *args: object, **kwargs: object) -> object:
        if name == "pillow_heif":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(MissingDependencyError, match=r"pip install 'tushuo\[heif\]'"):
        load_image(b"\0\0\0\x1cftypheic\0\0\0\0mif1heic" + bytes(40))


def test_avif_without_a_decoder_says_so(monkeypatch):
    monkeypatch.setattr(features, "check", lambda name: False)
    with pytest.raises(MissingDependencyError, match="no AVIF decoder; pip install --upgrade"):
        load_image(b"\0\0\0\x1cftypavif\0\0\0\0mif1avif" + bytes(40))


def test_no_warning_leaks_from_many_threads(capfd):
    palette = SCENE.convert("P")
    noisy = encode(palette, "PNG", transparency=bytes(range(256)))
    inputs = [noisy, encode(SCENE, "JPEG")[:300], encode(SCENE, "TIFF")] * 10 + [bomb_png(9_500)]

    def attempt(data: bytes) -> str:
        try:
            return load_image(data).mode
        except ImageError as error:
            return str(error)

    before = list(warnings.filters)
    with warnings.catch_warnings(record=True) as leaked, ThreadPoolExecutor(8) as pool:
        warnings.simplefilter("always")
        results = list(pool.map(attempt, inputs))
        warnings.warn("from elsewhere", stacklevel=1)
    assert [str(warning.message) for warning in leaked] == ["from elsewhere"]
    assert warnings.filters == before
    assert results == [attempt(data) for data in inputs]
    assert results.count("RGB") == 20
    assert capfd.readouterr() == ("", "")


def test_pillow_would_have_warned():
    with pytest.warns(Image.DecompressionBombWarning):
        Image.open(BytesIO(bomb_png(9_500)))
