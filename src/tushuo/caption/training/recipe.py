"""How a captioner is trained: the settings, and what of them tells one run from another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tushuo.errors import UsageError

__all__ = ["Recipe"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The settings of a training run.

    Args:
        encoder: Name or path of the EfficientNet-Lite that makes the feature maps.
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
        self_critical_epochs: Passes over the photographs after that, in which the captioner learns
            from the scores of what it writes.
        self_critical_views: Views of each photograph in these epochs.
        self_critical_lr: Highest learning rate in these.
        temperature: How freely it writes then: at 1 by its own probabilities, below 1 likely words
            become likelier.
        samples: Sentences that it writes about each photograph then.
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
    self_critical_epochs: int = 0
    self_critical_views: int = 4
    self_critical_lr: float = 4e-5
    temperature: float = 0.6
    samples: int = 5

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
    def all_views(self) -> int:
        """Views of which feature maps are needed."""
        return max(self.views, self.self_critical_views if self.self_critical_epochs else 1)

    def config(self) -> Mapping[str, Any]:
        """What a run must share with another to go on with it."""
        return asdict(self)

    def config_on_words(self) -> Mapping[str, Any]:
        """The same of the epochs before the self-critical ones, which may follow in many ways."""
        return {name: value for name, value in self.config().items() if name not in _CRITICAL}


_CRITICAL = (
    "self_critical_epochs",
    "self_critical_views",
    "self_critical_lr",
    "temperature",
    "samples",
)
_FROM_ZERO = [
    "dropout",
    "label_smoothing",
    "regulariser",
    "lr",
    "weight_decay",
    "clip",
    "average",
    "seed",
    "self_critical_epochs",
    "self_critical_lr",
]
_LEAST = {**dict.fromkeys(_FROM_ZERO, 0), "temperature": 0.01, "samples": 2}
_PRESETS: dict[str, dict[str, Any]] = {
    "quick": {"epochs": 4, "views": 1},
    "standard": {"epochs": 12, "views": 2},
    "best": {"epochs": 12, "views": 2, "self_critical_epochs": 6},
}
