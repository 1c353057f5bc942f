"""Training a captioner: what is trained, on what, and how it is validated."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tushuo.caption.bundle import Bundle
from tushuo.caption.captioner import Captioner
from tushuo.caption.decoding import Decoding
from tushuo.caption.metrics import evaluate_captions
from tushuo.caption.training.features import ORIGINAL, FeatureCache
from tushuo.caption.training.live import LiveMaps
from tushuo.caption.training.network import Network, Weights
from tushuo.caption.training.recipe import Part, Recipe
from tushuo.data import SPECIAL_TOKENS, Example, Vocabulary, tokenize
from tushuo.data.views import WHOLE, View, mirrored_ids
from tushuo.errors import DatasetError
from tushuo.graph import Tensor
from tushuo.models.efficientnet import HEAD, EfficientNetLite
from tushuo.models.show_attend_tell import ShowAttendTell
from tushuo.native import native

__all__ = ["CaptionTask"]

EVALUATED_AT_ONCE = 50
_VIEWS = 1  # tells the draw of views from others with the same seed
_MOST = 1 << 31  # of the number of a view
_CUT = 0.9  # of the photographs, where views are new each time


@dataclass(frozen=True, kw_only=True)
class CaptionTask:
    """A part of a training on a data set; its steps are those of `WordsTask` or another.

    Attributes:
        recipe: The settings.
        encoder: Makes the feature maps, with its published weights.
        features: Its maps, kept on disk.
        vocabulary: The words of the training captions.
        train: Photographs to learn from.
        dev: Photographs to validate with.
        part: Which part of the recipe this is.
        network: What the part before came to; None at the beginning.
    """

    recipe: Recipe
    encoder: EfficientNetLite
    features: FeatureCache
    vocabulary: Vocabulary
    train: Sequence[Example]
    dev: Sequence[Example]
    part: Part
    network: Network | None = None

    def __post_init__(self) -> None:
        for name, examples in (("train", self.train), ("dev", self.dev)):
            if not examples:
                raise DatasetError(f"the {name} split has no photographs")

    @classmethod
    def build(
        cls,
        recipe: Recipe,
        encoder: EfficientNetLite,
        features: FeatureCache,
        train: Sequence[Example],
        dev: Sequence[Example],
        language: str = "en",
    ) -> CaptionTask:
        """A task with the vocabulary of its training captions.

        Raises:
            DatasetError: A split has no photographs, or its captions have no word often enough.
        """
        texts = (text for example in train for text in example.captions)
        words = (tokenize(text, language) for text in texts)
        vocabulary = Vocabulary.build(words, recipe.min_count, language)
        if len(vocabulary) == len(SPECIAL_TOKENS):
            raise DatasetError(
                "no word of the training captions comes often enough "
                f"(min_count {recipe.min_count})",
                hint="lower min_count, or check the language",
            )
        return cls(
            recipe=recipe,
            encoder=encoder,
            features=features,
            vocabulary=vocabulary,
            train=train,
            dev=dev,
            part=recipe.words,
        )

    def then(self, part: Part, before: Network) -> CaptionTask:
        """A later part, which goes on with what an earlier one came to."""
        tail = before.tail
        if tail is None and part.blocks is not None:
            tail = self.encoder.tail(part.blocks).eval()
        return replace(self, part=part, network=Network(before.decoder, tail))

    def decoder(self) -> ShowAttendTell:
        """A decoder with its first weights."""
        r = self.recipe
        return ShowAttendTell(
            len(self.vocabulary),
            HEAD,
            r.annotation,
            r.embedding,
            r.hidden,
            r.attention,
            r.dropout,
            rng=np.random.default_rng(r.seed),
        )

    def weights(self) -> Weights:
        """Those before the first step."""
        network = self.network or Network(self.decoder())
        return Weights(network, network)

    def fingerprint(self) -> str:
        """A hash of what the run learns from: photographs' names, captions, and the encoder.

        A run whose data or encoder changed under it must not go on as if it were the same.
        """
        lines = [self.features.folder.name]
        for example in (*self.train, *self.dev):
            lines += [example.split, example.image.name, *example.captions]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]

    @cached_property
    def maps(self) -> FeatureCache | LiveMaps:
        """Where the network's maps come from."""
        if self.part.views is not None:
            return self.features
        return LiveMaps(self.features, self.part.blocks)

    def views(self, epoch: int) -> list[View]:
        """Which view of each training photograph an epoch takes."""
        random = np.random.default_rng([self.recipe.seed, epoch, _VIEWS])
        count = len(self.train)
        numbers = random.integers(self.part.views or WHOLE, size=count)
        if self.part.views is None:  # most photographs are cut, in a new way each time
            cut = random.integers(WHOLE, _MOST, size=count)
            numbers = np.where(random.random(count) < _CUT, cut, numbers)
        return [View(int(number)) for number in numbers]

    @cached_property
    def mirrored_ids(self) -> npt.NDArray[np.int64]:
        """For each word the one that says the same of a mirror image."""
        return mirrored_ids(self.vocabulary)

    @cached_property
    def ids(self) -> list[list[list[int]]]:
        """The numbers of the words of each training photograph's captions."""
        longest = self.recipe.max_words + 1
        return [
            [self.vocabulary.encode_text(text)[:longest] for text in example.captions]
            for example in self.train
        ]

    def captions(self, network: Network) -> list[str]:
        """Greedy captions of the dev split."""
        captioner, texts = Captioner(self.bundle(network)), list[str]()
        for i in range(0, len(self.dev), EVALUATED_AT_ONCE):
            images = [example.image for example in self.dev[i : i + EVALUATED_AT_ONCE]]
            maps = Tensor.of(self.maps.maps(images, [ORIGINAL] * len(images)))
            found = captioner.caption_features(self._seen(network, maps).numpy(), beams=1)
            texts += [caption.text for caption in found]
        return texts

    @cached_property
    def _seen(self) -> Callable[[Network, Tensor], Tensor]:
        return native(Network.features)

    def scores(self, texts: Sequence[str]) -> dict[str, float]:
        """Those of captions of the dev split."""
        names = [str(example.image) for example in self.dev]
        scores = evaluate_captions(
            dict(zip(names, texts, strict=True)),
            {str(e.image): e.captions for e in self.dev},
            tokenizer="char" if self.vocabulary.language == "zh" else "ptb",
        )
        named = scores.as_dict()
        return {"bleu_4": named["BLEU-4"], "cider_d": named["CIDEr-D"]}

    def bundle(self, network: Network, name: str = "") -> Bundle:
        """The captioner that a network makes with this encoder and vocabulary."""
        tail, encoder = network.tail, self.encoder
        characters = self.vocabulary.language == "zh"
        decoding = Decoding(
            beams=5,
            max_words=self.recipe.max_words,
            length_penalty=1.0 if characters else 0.7,
            patience=2.0,
            no_repeat_ngram_size=0 if characters else 2,
        )
        return Bundle(
            encoder if tail is None else encoder.with_tail(tail).eval(),
            network.decoder,
            self.vocabulary,
            self.features.preprocessing,
            decoding,
            name,
        )
