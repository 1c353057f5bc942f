"""What the small files of a bundle say, checked against the weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tushuo.caption.evaluation import Evaluation
from tushuo.caption.shared_encoder import Holder, read_holder
from tushuo.data import Vocabulary
from tushuo.errors import BundleError, version_hint
from tushuo.models.efficientnet import SCALES
from tushuo.models.installed import read_config

__all__ = [
    "FORMAT_VERSION",
    "MODEL_TYPE",
    "DecoderSizes",
    "Identity",
    "check_vocabulary",
    "decoder_sizes",
    "read_identity",
]

MODEL_TYPE = "show-attend-tell"
FORMAT_VERSION = 1


class DecoderSizes(NamedTuple):
    """The arguments of `ShowAttendTell` that give it its shape."""

    vocabulary: int
    channels: int
    annotation: int
    embedding: int
    hidden: int
    attention: int


class Identity(NamedTuple):
    """What `config.json` says of a bundle besides sizes.

    Attributes:
        encoder: Which network the encoder is.
        holder: The model that holds the encoder's weights; None where the bundle does itself.
        language: "en" or "zh".
        evaluation: How good its captions are, where that was measured.
    """

    encoder: str
    holder: Holder | None
    language: str
    evaluation: Evaluation | None


# where each size stands: a parameter and an axis of it
_PLACES = {
    "vocabulary": ("decoder.embed.weight", 0),
    "channels": ("decoder.annotate.weight", 1),
    "annotation": ("decoder.annotate.weight", 0),
    "embedding": ("decoder.embed.weight", 1),
    "hidden": ("decoder.initial_h.weight", 0),
    "attention": ("decoder.attend.query.weight", 0),
}


def decoder_sizes(
    shapes: Mapping[str, tuple[int, ...]], path: Path = Path("the decoder")
) -> DecoderSizes:
    """The sizes of a decoder, read from its weights.

    Raises:
        BundleError: A weight that tells a size is missing or no matrix.
    """
    for name, _ in _PLACES.values():
        if len(shapes.get(name, ())) != 2 or 0 in shapes[name]:
            got = shapes.get(name, "nothing")
            raise BundleError(f"{path}: {name}: got {got}, expected the shape of a matrix")
    return DecoderSizes(**{size: shapes[name][axis] for size, (name, axis) in _PLACES.items()})


def read_identity(path: Path, sizes: DecoderSizes) -> Identity:
    """Read `config.json`.

    Sizes come from the weights and are only compared, so that a hostile file cannot ask for more
    memory than it has bytes.

    Raises:
        BundleError: The bundle is of another type or version, its encoder is unknown, its sizes
            are not those of the weights, or its scores are no numbers.
    """
    config = read_config(path)
    _expect(path, "model_type", config.get("model_type"), MODEL_TYPE)
    version = config.get("format_version")
    hint = version_hint(version, FORMAT_VERSION, "train the captioner anew: tushuo train caption")
    _expect(path, "format_version", version, FORMAT_VERSION, hint)
    _expect(path, "decoder", config.get("decoder"), sizes._asdict(), "as in model.safetensors")
    found = config.get("encoder")
    encoder = found if isinstance(found, dict) else {}
    name = encoder.get("name")
    if not isinstance(name, str) or name not in SCALES:
        raise BundleError(f"{path}: unknown encoder {name!r:.60}", hint=f"known: {list(SCALES)}")
    holder = read_holder(path, encoder)
    evaluation = Evaluation.from_config(path, config.get("evaluation"))
    return Identity(name, holder, str(config.get("language")), evaluation)


def check_vocabulary(
    path: Path, vocabulary: Vocabulary, language: str, sizes: DecoderSizes
) -> None:
    """Whether the words fit the decoder.

    Raises:
        BundleError: Their number or language is another, or there is no word at all.
    """
    if len(vocabulary) != sizes.vocabulary:
        raise BundleError(
            f"{path}: {len(vocabulary)} tokens, the decoder has {sizes.vocabulary}",
            hint="use the vocabulary that the decoder was trained with",
        )
    if len(vocabulary) < 5:
        raise BundleError(f"{path}: no words besides the special tokens")
    _expect(path, "language", vocabulary.language, language)


def _expect(path: Path, key: str, got: Any, expected: Any, hint: str = "") -> None:
    if got != expected:
        raise BundleError(f"{path}: {key}: got {got!r:.200}, expected {expected!r}", hint=hint)
