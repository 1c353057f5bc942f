"""From a photograph of any shape to the square array that a network reads."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt
from PIL import Image

from tushuo.data.colour import to_rgb
from tushuo.errors import BundleError, UsageError

__all__ = ["Preprocessing", "ResizeMode"]

ResizeMode: TypeAlias = Literal["squash", "crop", "pad"]
_RESAMPLE = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
    "box": Image.Resampling.BOX,
    "hamming": Image.Resampling.HAMMING,
}
_MAX_SIZE = 4096


@dataclass(frozen=True)
class Preprocessing:
    """How a photograph becomes the input of a network: `(pixel - image_mean) / image_std`.

    The defaults are those of EfficientNet-Lite at 224 pixels. The names follow the
    `preprocessor_config.json` of Hugging Face.

    Args:
        size: Height and width of the result in pixels, 1 to 4096.
        resize_mode: "squash" stretches the whole photograph to the square; "crop" takes the middle
            of it; "pad" fits the whole of it in the square and fills the rest with `image_mean`.
        crop_fraction: With "crop", the side of the square that is taken, as a share of the shorter
            side of the photograph; above 0, at most 1. The other modes need 1.
        resample: "nearest", "bilinear", "bicubic", "lanczos", "box" or "hamming".
        image_mean: What is subtracted from red, green, blue, on the scale 0 to 255.
        image_std: What the difference is divided by, on the same scale; above 0.

    Raises:
        UsageError: A value is out of its range.
    """

    size: int = 224
    resize_mode: ResizeMode = "squash"
    crop_fraction: float = 1.0
    resample: str = "bicubic"
    image_mean: tuple[float, float, float] = (127.0, 127.0, 127.0)
    image_std: tuple[float, float, float] = (128.0, 128.0, 128.0)

    def __post_init__(self) -> None:
        _require(_is_int(self.size) and 1 <= self.size <= _MAX_SIZE, "size", self.size, _SIZES)
        modes = get_args(ResizeMode)
        _require(self.resize_mode in modes, "resize_mode", self.resize_mode, f"one of {modes}")
        fraction = self.crop_fraction
        _require(_is_real(fraction) and 0 < fraction <= 1, "crop_fraction", fraction, "in (0, 1]")
        if self.resize_mode != "crop":
            _require(fraction == 1, "crop_fraction", fraction, "1 unless resize_mode is 'crop'")
        known = tuple(_RESAMPLE)
        _require(self.resample in known, "resample", self.resample, f"one of {known}")
        _require(_is_triple(self.image_mean, -1e6), "image_mean", self.image_mean, "three numbers")
        _require(_is_triple(self.image_std, 0), "image_std", self.image_std, "three numbers > 0")

    @property
    def at_least(self) -> tuple[int, int]:
        """The size (width, height) that `load_image` may reduce a JPEG to without visible loss."""
        enough = math.ceil(2 * self.size / self.crop_fraction)
        return (enough, enough)

    def region(self, width: int, height: int) -> tuple[float, float, float, float]:
        """The part of a photograph that the square shows, to lay an attention map over it.

        Args:
            width: Width of the photograph in pixels.
            height: Its height in pixels.

        Returns:
            (left, top, right, bottom) in pixels of the photograph; with "pad" it reaches beyond it.
        """
        if self.resize_mode == "squash":
            return (0.0, 0.0, float(width), float(height))
        side = self.crop_fraction * min(width, height)
        if self.resize_mode == "pad":
            side = max(width, height)
        left, top = (width - side) / 2, (height - side) / 2
        return (left, top, left + side, top + side)

    def square(self, image: Image.Image) -> Image.Image:
        """The photograph as the network sees it: RGB, `size` x `size`."""
        rgb = image if image.mode == "RGB" else to_rgb(image)
        if self.resize_mode == "pad":
            return self._pad(rgb)
        box = self.region(rgb.width, rgb.height)
        return rgb.resize((self.size, self.size), _RESAMPLE[self.resample], box, _REDUCING_GAP)

    def _pad(self, rgb: Image.Image) -> Image.Image:
        scale = self.size / max(rgb.size)
        width, height = (max(1, round(side * scale)) for side in rgb.size)
        small = rgb.resize((width, height), _RESAMPLE[self.resample], None, _REDUCING_GAP)
        colour = tuple(min(255, max(0, round(mean))) for mean in self.image_mean)
        canvas = Image.new("RGB", (self.size, self.size), colour)
        canvas.paste(small, ((self.size - width) // 2, (self.size - height) // 2))
        return canvas

    def __call__(self, image: Image.Image) -> npt.NDArray[np.float32]:
        """One photograph as an array.

        Args:
            image: A photograph of any size and mode, as from `load_image`.

        Returns:
            float32 of shape (3, size, size): red, green, blue; rows from the top.
        """
        pixels = np.array(self.square(image), dtype=np.float32)  # (H, W, 3)
        pixels -= np.asarray(self.image_mean, dtype=np.float32)
        pixels /= np.asarray(self.image_std, dtype=np.float32)
        return np.ascontiguousarray(pixels.transpose(2, 0, 1))

    def batch(self, images: Sequence[Image.Image]) -> npt.NDArray[np.float32]:
        """Photographs of any sizes as one float32 array of shape (N, 3, size, size)."""
        arrays = np.empty((len(images), 3, self.size, self.size), dtype=np.float32)
        for row, image in zip(arrays, images, strict=True):
            row[...] = self(image)
        return arrays

    def to_config(self) -> dict[str, Any]:
        """The content of `preprocessor_config.json`, which `from_config` reads."""
        config = asdict(self)
        config["size"] = {"height": self.size, "width": self.size}
        config["resample"] = int(_RESAMPLE[self.resample])  # as Hugging Face: Pillow's number
        config["image_mean"], config["image_std"] = list(self.image_mean), list(self.image_std)
        config["do_rescale"] = False  # mean and deviation are on the scale 0 to 255
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Preprocessing:
        """Read the content of `preprocessor_config.json`.

        Args:
            config: The decoded JSON object; missing keys take the defaults.

        Raises:
            BundleError: A key is unknown or a value is of a wrong kind or out of range.
        """
        try:
            return cls(**_arguments(config))
        except UsageError as error:
            raise BundleError(f"preprocessor_config.json: {error}") from None


_REDUCING_GAP = 3.0  # a fast first reduction; from 3 on the result looks the same (Pillow's manual)
_SIZES = f"a whole number from 1 to {_MAX_SIZE}"


def _arguments(config: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(config, Mapping):
        raise UsageError(f"got {type(config).__name__}, expected a JSON object")
    names = set(Preprocessing.__dataclass_fields__)
    unknown = sorted(map(str, set(config) - names - {"do_rescale"}))
    _require(not unknown, "keys", unknown, f"among {sorted(names)}")
    rescale = config.get("do_rescale", False)
    _require(rescale is False, "do_rescale", rescale, "false (means are on the scale 0 to 255)")
    values = {name: config[name] for name in names if name in config}
    readers = {
        "size": _side,
        "resample": _resample_name,
        "image_mean": _triple,
        "image_std": _triple,
    }
    return {name: readers[name](v) if name in readers else v for name, v in values.items()}


def _side(size: Any) -> Any:
    if not isinstance(size, Mapping):
        return size
    square = set(size) == {"height", "width"} and size["height"] == size["width"]
    _require(square, "size", dict(size), "equal 'height' and 'width'")
    return size["height"]


def _resample_name(number: Any) -> Any:
    names = {int(value): name for name, value in _RESAMPLE.items()}
    return names.get(number, number) if _is_int(number) else number


def _triple(values: Any) -> Any:
    return tuple(values) if isinstance(values, list) else values


def _require(holds: bool, name: str, got: object, expected: str) -> None:
    if not holds:
        raise UsageError(f"{name}: got {str(got)[:100]!r}, expected {expected}")


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_real(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -1e9 < value < 1e9


def _is_triple(values: object, above: float) -> bool:
    return (
        isinstance(values, tuple)
        and len(values) == 3
        and all(_is_real(value) and above < value < 1e6 for value in values)
    )
