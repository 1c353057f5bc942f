"""How a captioner is trained: the settings, and what of them tells one run from another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from tushuo.errors import UsageError

__all__ = ["Part", "Recipe"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The settings of a training run.

    Args:
        encoder: Name or path of the EfficientNet-Lite that makes the feature maps, or of a
            captioner that has one.
        size: Side of the square that photographs are squashed to, in pixels.
        min_count: Words seen less often in the training captions become ``<unk>``.
        max_words: Longer captions are cut off here, and then have no end token.
        annotation: Size of an annotation vector.
        embedding: Size of a word vector.
        hidden: Size of the LSTM's memory.
        attention: Size of the space in which the attention compares.
        dropout: Share of annotations, word vectors and outputs that is dropped.
        label_smoothing: Share of each target that is spread over all words.
        regulariser: Weight of the doubly stochastic term.
        images_per_batch: Photographs a step, each with its captions.
        captions_per_image: At most so many captions of a photograph come in one step.
        epochs: Passes over the captions.
        lr: Highest learning rate; it rises over the first epoch and falls as half a cosine.
        weight_decay: AdamW's.
        clip: Largest norm of the gradient.
        average: How slowly the average of the weights forgets, from 0 (no averaging) to below 1;
            the average is what is validated and kept.
        seed: Seed of initial weights, order and dropout.
        views: Views of each training photograph, of which each epoch takes one: 1 for the
            photograph itself, 2 with its mirror image, more for random cuttings.
        tuned_epochs: Passes over the captions after that, in which the encoder's last blocks learn,
            too, and each photograph is seen in another way each time.
        tuned_blocks: How many blocks learn then, beside the encoder's head.
        tuned_lr: Highest learning rate of the decoder in these.
        encoder_lr: Highest learning rate of the encoder in these.
        self_critical_epochs: Passes over the photographs after that, in which the captioner learns
            from the scores of what it writes.
        self_critical_lr: Highest learning rate of the decoder in these.
        self_critical_encoder_lr: Highest learning rate of the encoder's last blocks in these, where
            they were tuned before; 0 leaves them as they are.
        temperature: How freely it writes then: at 1 by its own probabilities, below 1 likely words
            become likelier.
        samples: Sentences that it writes about each photograph then.
        embedder_epochs: Passes over the captions in the end, in which the joint space of
            photographs and sentences is learnt; 0 leaves it out.
    """

    encoder: str = "efficientnet-lite2"
    size: int = 260
    min_count: int = 5
    max_words: int = 22
    annotation: int = 512
    embedding: int = 256
    hidden: int = 512
    attention: int = 256
    dropout: float = 0.5
    label_smoothing: float = 0.1
    regulariser: float = 1.0
    images_per_batch: int = 16
    captions_per_image: int = 5
    epochs: int = 12
    lr: float = 1e-3
    weight_decay: float = 0.01
    clip: float = 5.0
    average: float = 0.999
    seed: int = 0
    views: int = 2
    tuned_epochs: int = 0
    tuned_blocks: int = 12
    tuned_lr: float = 3e-4
    encoder_lr: float = 1e-4
    self_critical_epochs: int = 0
    self_critical_lr: float = 4e-5
    self_critical_encoder_lr: float = 3e-5
    temperature: float = 0.6
    samples: int = 5
    embedder_epochs: int = 0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            least = _LEAST.get(name, 1)
            if not isinstance(value, str) and value < least:
                raise UsageError(f"{name}: got {value}, expected at least {least}")

    @classmethod
    def preset(cls, name: str, **changes: Any) -> Recipe:
        """A recipe by name: "quick", "standard" or "best", with some settings changed.

        Raises:
            UsageError: There is no such preset, or a setting is out of range.
        """
        if name not in _PRESETS:
            raise UsageError(f"preset {name!r:.40}", hint=f"expected one of {', '.join(_PRESETS)}")
        return cls(**{**_PRESETS[name], **changes})

    @property
    def words(self) -> Part:
        """The first part: learning words from feature maps that are kept."""
        return Part("", self.epochs, self.lr, self.views)

    @property
    def tuned(self) -> Part:
        """The second part: the encoder's last blocks learn with the decoder."""
        blocks = self.tuned_blocks if self.tuned_epochs else None
        return Part("tuned", self.tuned_epochs, self.tuned_lr, None, blocks, self.encoder_lr)

    @property
    def self_critical(self) -> Part:
        """The third part: learning from scores."""
        epochs, lr, slow = (
            self.self_critical_epochs,
            self.self_critical_lr,
            self.self_critical_encoder_lr,
        )
        return Part("self-critical", epochs, lr, None, self.tuned.blocks, slow)

    @property
    def later(self) -> tuple[Part, Part]:
        """The parts that have a folder of their own in the run's."""
        return self.tuned, self.self_critical

    def config(self, part: Part) -> Mapping[str, Any]:
        """What a run must share with another to go on with a part: no settings of later parts."""
        names = [one.name for one in (self.words, *self.later)]
        later = names[names.index(part.name) + 1 :]
        left_out = {"embedder_epochs", *(name for one in later for name in _OF_PART[one])}
        return {name: value for name, value in asdict(self).items() if name not in left_out}


class Part(NamedTuple):
    """One of the parts that a training has.

    Attributes:
        name: That of its folder in the run's, where it has one.
        epochs: Passes over the data.
        lr: Highest learning rate of the decoder.
        views: Of so many views of each photograph an epoch takes one; None for new ones each time.
        blocks: The last blocks of the encoder that are part of the network; None for none.
        encoder_lr: Highest learning rate of these.
    """

    name: str
    epochs: int
    lr: float
    views: int | None
    blocks: int | None = None
    encoder_lr: float = 0.0


_OF_PART = {
    "tuned": ("tuned_epochs", "tuned_blocks", "tuned_lr", "encoder_lr"),
    "self-critical": (
        "self_critical_epochs",
        "self_critical_lr",
        "self_critical_encoder_lr",
        "temperature",
        "samples",
    ),
}
_FROM_ZERO = [
    "dropout",
    "label_smoothing",
    "regulariser",
    "lr",
    "weight_decay",
    "clip",
    "average",
    "seed",
    "tuned_epochs",
    "tuned_blocks",
    "tuned_lr",
    "encoder_lr",
    "self_critical_epochs",
    "self_critical_lr",
    "self_critical_encoder_lr",
    "embedder_epochs",
]
_LEAST = {**dict.fromkeys(_FROM_ZERO, 0), "temperature": 0.01, "samples": 2}
_PRESETS: dict[str, dict[str, Any]] = {
    "quick": {"epochs": 4, "views": 1},
    "standard": {"epochs": 12, "views": 2},
    "best": {
        "epochs": 12,
        "views": 2,
        "tuned_epochs": 6,
        "self_critical_epochs": 8,
        "embedder_epochs": 20,
    },
}
