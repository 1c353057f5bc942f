"""Calibration: how large the activations of a captioner become, seen in photographs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from tushuo.caption.bundle import Bundle
from tushuo.caption.captioner import Captioner, ImageLike
from tushuo.caption.next_words import next_words
from tushuo.caption.quantization import Quantization
from tushuo.errors import UsageError
from tushuo.native import eager

__all__ = ["AT_ONCE", "calibrated"]

AT_ONCE = 8
"""Photographs at once: a last batch of fewer would need programs of its own."""


def calibrated(bundle: Bundle, images: Sequence[ImageLike]) -> Quantization:
    """What a bundle needs to be run in "int16" and "int8".

    Args:
        bundle: The bundle.
        images: Some dozen photographs of all kinds, as those that will be captioned; those beyond a
            multiple of :data:`AT_ONCE` are left out.

    Returns:
        The ranges of the operands of all products, in the encoder, and in the decoder while it
        writes a sentence about each.

    Raises:
        ImageError: A photograph cannot be read.
        UsageError: There are fewer than :data:`AT_ONCE` of them.
        MissingDependencyError: The compiler is not installed.
    """
    from tushuo.compile import compile

    if len(images) < AT_ONCE:
        raise UsageError(
            f"{len(images)} photographs to calibrate with, at least {AT_ONCE} are needed",
            hint="some dozen, of all kinds",
        )
    listener = _Listener(bundle)
    with eager():
        whole = len(images) // AT_ONCE * AT_ONCE
        features = listener.encode(images[:whole], batch_size=AT_ONCE)
        listener.caption_features(features, do_sample=False)
    encoder = compile(
        bundle.encoder.folded().features, precision="int8", calibration=listener.encoded
    )
    decoder = compile(
        partial(next_words, bundle.decoder.eval()), precision="int8", calibration=listener.decoded
    )
    return Quantization(encoder.ranges(), decoder.ranges(), len(features))


class _Listener(Captioner):
    """Notes what its networks are given.

    Attributes:
        encoded: The arguments of each call of the encoder.
        decoded: Those of the decoder.
    """

    def __init__(self, bundle: Bundle) -> None:
        super().__init__(bundle)
        self.encoded: list[tuple[Any, ...]] = []
        self.decoded: list[tuple[Any, ...]] = []
        self._encode = _heard(self._encode, self.encoded)
        self._next_words = _heard(self._next_words, self.decoded)


def _heard(f: Callable[..., Any], calls: list[tuple[Any, ...]]) -> Callable[..., Any]:
    def heard(*args: Any) -> Any:
        calls.append(args)
        return f(*args)

    return heard
