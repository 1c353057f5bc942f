"""The captioner: photographs in, sentences out, with where the network looked for each word."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from math import isqrt
from typing import Any, TypeAlias, Unpack

import numpy as np
import numpy.typing as npt
from PIL import Image

from tushuo.caption.bundle import Bundle
from tushuo.caption.caption import Caption
from tushuo.caption.choosing import Found, confidences, judged, ranked_by_match
from tushuo.caption.decoding import Decoding, Hypothesis, beam_search, sample
from tushuo.caption.embeds import Embeds
from tushuo.caption.next_words import NextWords, next_words, stepper_of
from tushuo.caption.options import DecodingOptions, changed
from tushuo.caption.phrases import judges_of
from tushuo.caption.quantization import lowering
from tushuo.caption.watching import Watch, watched
from tushuo.data import BOS, EOS, PAD, UNK, ImageSource, load_image
from tushuo.errors import ShapeError, UsageError
from tushuo.graph import Tensor, asarray
from tushuo.native import native

__all__ = ["Caption", "Captioner", "ImageLike"]

ImageLike: TypeAlias = ImageSource | Image.Image
"""A path, the content of an image file, an open binary file, or a Pillow image."""

Floats: TypeAlias = npt.NDArray[np.float32]

_EAGER_BATCHES = 4
_EAGER_WORDS = 200
"""So much is done before the networks are compiled, which takes seconds."""


class Captioner(Embeds):
    """Captions photographs with a bundle, and compares them with sentences if it has an embedder.

    Args:
        bundle: The networks, words and settings, as from `load_bundle`.
        precision: Of the networks' products, see `load_captioner`.

    Raises:
        UsageError: The precision is unknown, or is lower and nothing will be compiled.
        BundleError: It needs ranges of activations, which the bundle lacks.
    """

    def __init__(self, bundle: Bundle, precision: str = "float32") -> None:
        self.bundle = bundle
        self.preprocessing = bundle.preprocessing
        features = bundle.encoder.folded().features
        encoder, decoder = lowering(bundle.name, bundle.quantization, precision)
        self._encode: Callable[[Tensor], Tensor] = native(features, _EAGER_BATCHES, *encoder)
        self._decoder = bundle.decoder.eval()
        # its weights are constants of the program, and lie in it as products take them
        following = partial(next_words, self._decoder)
        self._next_words: NextWords = native(following, _EAGER_WORDS, *decoder)

    def __repr__(self) -> str:
        return f"Captioner({self.bundle.name!r}, {len(self.bundle.vocabulary)} tokens)"

    @property
    def language(self) -> str:
        """The language of its captions, "en" or "zh"."""
        return self.bundle.vocabulary.language

    def __call__(
        self,
        images: Iterable[ImageLike],
        *,
        batch_size: int = 8,
        **options: Unpack[DecodingOptions],
    ) -> list[Caption]:
        """Caption photographs.

        Args:
            images: Paths, contents of image files, open files or Pillow images.
            batch_size: How many photographs go through the networks at once.
            **options: Settings of the search that shall differ from the bundle's: `beams` (1 is
                greedy), `max_words`, `do_sample`, `include` and more, see `Decoding`.

        Returns:
            One caption for each photograph, in order.

        Raises:
            ImageError: A photograph cannot be read.
            UsageError: `images` is a single image, a setting is out of its range or contradicts
                another, or a word to include or exclude is unknown.
        """
        settings = self.settings(**options)
        captions: list[Caption] = []
        for batch in _batches(images, batch_size):
            captions += self.caption_pixels(self._pixels(batch), settings)
        return captions

    def encode(self, images: Iterable[ImageLike], *, batch_size: int = 8) -> Floats:
        """The feature maps of photographs, (N, L, D): L places, row by row, of D channels.

        Raises:
            ImageError: A photograph cannot be read.
        """
        batches = [self.features(self._pixels(batch)) for batch in _batches(images, batch_size)]
        return np.concatenate(batches) if batches else self.features(self._pixels([]))

    def features(self, pixels: Floats) -> Floats:
        """The feature maps (N, L, D) of photographs as `preprocessing` makes them, (N, 3, S, S)."""
        maps = self._encode(asarray(pixels)).numpy()  # (N, D, h, w)
        flat = maps.reshape(*maps.shape[:2], maps.shape[2] * maps.shape[3])
        return np.ascontiguousarray(flat.swapaxes(1, 2))

    def caption_features(
        self,
        features: npt.ArrayLike,
        *,
        watch: Watch | None = None,
        **options: Unpack[DecodingOptions],
    ) -> list[Caption]:
        """Caption photographs whose features are known.

        Args:
            features: float, (N, L, D) as from `encode`; L is a square number.
            watch: Told of each word while the sentences are written.
            **options: As of `__call__`.

        Raises:
            ShapeError: The shape is another.
            UsageError: As of `__call__`.
        """
        maps = np.asarray(features, dtype=np.float32)
        return self._captions(maps, maps, self.settings(**options), watch)

    def caption_by_match(
        self,
        features: npt.ArrayLike,
        weights: Sequence[float],
        **options: Unpack[DecodingOptions],
    ) -> list[list[Caption]]:
        """The captions that each of several match weights gives; sentences are searched for once.

        Args:
            features: float, (N, L, D) as from `encode`; L is a square number.
            weights: Instead of the bundle's `match_weight`.
            **options: As of `__call__`.

        Returns:
            For each weight what `caption_features` returns with it.

        Raises:
            ShapeError: The shape is another.
            UsageError: As of `__call__`.
        """
        maps = np.asarray(features, dtype=np.float32)
        settings = self._changed(options)
        each = [self._allowed(replace(settings, match_weight=weight)) for weight in weights]
        found = self._found(maps, maps, each[0]) if each else []
        return [self._chosen(found, maps, one) for one in each]

    def caption_pixels(
        self, pixels: Floats, settings: Decoding, *, features: Floats | None = None
    ) -> list[Caption]:
        """Caption photographs as `preprocessing` makes them.

        Args:
            pixels: float32, (N, 3, S, S).
            settings: How to search.
            features: Their features, where another captioner with this encoder has made them.
        """
        maps = self.features(pixels) if features is None else features
        return self._captions(maps, pixels, settings)

    def settings(self, **options: Unpack[DecodingOptions]) -> Decoding:
        """The bundle's settings of the search with some changed; None changes nothing.

        Raises:
            UsageError: As of `__call__`.
        """
        return self._allowed(self._changed(options))

    def _changed(self, options: DecodingOptions) -> Decoding:
        bundle = self.bundle
        return changed(bundle.decoding, options, bundle.vocabulary, f"model {bundle.name!r}")

    def _allowed(self, settings: Decoding) -> Decoding:
        """The same settings, if the bundle has what they need."""
        if settings.match_weight and self.bundle.embedder is None:
            raise UsageError(
                f"match_weight: model {self.bundle.name!r} has no embedder", hint="leave it out"
            )
        if settings.phrase_weight and self.bundle.phrases is None:
            raise UsageError(
                f"phrase_weight: model {self.bundle.name!r} knows no phrases", hint="leave it out"
            )
        return settings

    def _pixels(self, images: Sequence[ImageLike]) -> Floats:
        return self.preprocessing.batch([self._opened(image) for image in images])

    def _opened(self, image: ImageLike) -> Image.Image:
        if isinstance(image, Image.Image):
            return image
        return load_image(image, at_least=self.preprocessing.at_least)

    def _captions(
        self, features: Floats, seen: Floats, settings: Decoding, watch: Watch | None = None
    ) -> list[Caption]:
        """Captions of features (N, L, D); chance depends on what was seen, (N, ...), alone."""
        return self._chosen(self._found(features, seen, settings, watch), features, settings)

    def _found(
        self, features: Floats, seen: Floats, settings: Decoding, watch: Watch | None = None
    ) -> Found:
        """The sentences that a search finds, ranked by what people would say, too."""
        _side(features, self.bundle.decoder_sizes.channels)
        if not len(features):
            return []
        annotations = self._decoder.annotations(asarray(features))
        judges = judges_of(self.bundle.phrases, features, settings, len(self.bundle.vocabulary))
        search = (
            partial(sample, keys=_keys(seen))
            if settings.do_sample
            else partial(beam_search, favours=judges)
        )
        step = stepper_of(self._next_words, annotations)
        state: Any = self._decoder.initial(annotations, settings.rows)
        if watch is not None:
            step, state = watched(step, state, (len(features), settings.rows), watch)
        hypotheses = search(
            step,
            state,
            len(features),
            settings,
            bos=BOS,
            eos=EOS,
            forbidden=(PAD, UNK),
        )
        return judged(hypotheses, judges)

    def _chosen(self, found: Found, features: Floats, settings: Decoding) -> list[Caption]:
        """The best sentences by how well they fit the photographs, (N, L, D), too."""
        side = _side(features, self.bundle.decoder_sizes.channels)
        ranked = ranked_by_match(found, features, self.bundle, settings, self._text)
        chosen = [several[: settings.beams] for several in ranked]
        sure = confidences(chosen, features, self.bundle, settings, self._text)
        return [self._caption(*pair, side) for pair in zip(chosen, sure, strict=True)]

    def _caption(
        self, ranked: Sequence[Hypothesis], sure: Sequence[float | None], side: int
    ) -> Caption:
        pairs = zip(ranked, sure, strict=True)
        best, *others = (self._worded(hypothesis, one, side) for hypothesis, one in pairs)
        return replace(best, alternatives=tuple(others))

    def _text(self, ids: Sequence[int]) -> str:
        vocabulary = self.bundle.vocabulary
        return vocabulary.detokenize(vocabulary.decode(ids), sentence=True)

    def _worded(self, hypothesis: Hypothesis, sure: float | None, side: int) -> Caption:
        words, text = self.bundle.vocabulary.decode(hypothesis.ids), self._text(hypothesis.ids)
        maps = hypothesis.attention.reshape(-1, side, side)
        return Caption(
            text, tuple(words), hypothesis.logprob, hypothesis.score, maps, confidence=sure
        )


def _batches(images: Iterable[ImageLike], size: int) -> Iterator[list[ImageLike]]:
    if isinstance(images, str | bytes | os.PathLike | Image.Image) or hasattr(images, "read"):
        raise UsageError("got a single image", hint="pass a list of images: captioner([image])")
    if size < 1:
        raise UsageError(f"batch_size: got {size}, expected at least 1")
    waiting = list(images)
    return (waiting[i : i + size] for i in range(0, len(waiting), size))


def _keys(seen: Floats) -> list[int]:
    """A number for each photograph that depends on itself alone."""
    return [int.from_bytes(sha256(one.tobytes()).digest()[:8]) for one in seen]


def _side(features: Floats, channels: int) -> int:
    """Height and width of the feature map."""
    shape = features.shape
    side = isqrt(shape[1]) if features.ndim == 3 else 0
    if not side or shape[1:] != (side * side, channels):
        raise ShapeError(
            f"features of shape {shape}",
            hint=f"expected (N, L, {channels}) as encode returns, L a square number",
        )
    return side
