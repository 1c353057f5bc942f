"""Phrases in a bundle's folder: `phrases.json` and `phrases.safetensors`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from tushuo.caption.phrases.phrases import Phrases
from tushuo.caption.phrases.table import Phrase, PhraseTable
from tushuo.data import Vocabulary
from tushuo.errors import BundleError, CheckpointError, UsageError
from tushuo.models.installed import check_version, read_config
from tushuo.models.phrase_predictor import PhrasePredictor
from tushuo.models.weights_file import Store, Weights, read_weights, write_weights
from tushuo.nn import init

__all__ = ["CONFIG", "WEIGHTS", "load_phrases", "save_phrases"]

CONFIG, WEIGHTS = "phrases.json", "phrases.safetensors"

_MODEL_TYPE, _FORMAT_VERSION = "phrase-predictor", 2
_RARITY, _NORMS, _LENGTH = "rarity", "norms", "length"
_ANEW = "fit the phrases again: tushuo train caption"


def save_phrases(
    folder: Path, phrases: Phrases, vocabulary: Vocabulary, store: Store = "float16"
) -> None:
    """Write both files into a folder; the phrases as words, so that people can read them.

    Raises:
        BundleError: A weight is not finite.
        OSError: The folder cannot be written.
    """
    words, table = vocabulary.tokens, phrases.table
    config = {
        "model_type": _MODEL_TYPE,
        "format_version": _FORMAT_VERSION,
        "phrases": [" ".join(words[i] for i in phrase) for phrase in table.phrases],
    }
    vectors = {_RARITY: table.rarity, _NORMS: table.norms, _LENGTH: np.array([table.length])}
    weights = phrases.network.state_dict() | vectors
    write_weights(folder / WEIGHTS, weights, store)
    (folder / CONFIG).write_text(json.dumps(config, ensure_ascii=False) + "\n", "utf-8")


def load_phrases(folder: Path, vocabulary: Vocabulary, channels: int) -> Phrases | None:
    """The phrases of a bundle; None where its folder has no `phrases.json`.

    Args:
        folder: The bundle's folder.
        vocabulary: Its words.
        channels: Of the encoder's feature maps.

    Raises:
        BundleError: A file is missing, damaged, of another version, or does not fit the others.
    """
    path = folder / CONFIG
    if not path.exists():
        return None
    config = read_config(path)
    check_version(path, config, anew=_ANEW, model_type=_MODEL_TYPE, format_version=_FORMAT_VERSION)
    weights = read_weights(folder / WEIGHTS)
    rarity, norms, length = (
        weights.pop(name, np.zeros(0, np.float32)) for name in (_RARITY, _NORMS, _LENGTH)
    )
    try:
        ids = _ids(path, config.get("phrases"), vocabulary)
        table = PhraseTable(ids, rarity, norms, float(length[0]) if length.size else 0.0)
    except UsageError as error:
        raise BundleError(f"{path}: {error.problem}") from None
    return Phrases(table, _network(folder / WEIGHTS, weights, len(table), channels))


def _ids(path: Path, phrases: Any, vocabulary: Vocabulary) -> tuple[Phrase, ...]:
    listed = isinstance(phrases, list) and all(isinstance(one, str) for one in phrases)
    if not listed or not phrases:
        raise BundleError(f"{path}: phrases: got {phrases!r:.60}, expected a list of texts")
    ids = {word: i for i, word in enumerate(vocabulary.tokens)}
    for phrase in phrases:
        for word in phrase.split(" "):
            if word not in ids:
                raise BundleError(
                    f"{path}: phrase {phrase!r:.60}: the model has no word {word!r:.40}"
                )
    return tuple(tuple(ids[word] for word in phrase.split(" ")) for phrase in phrases)


def _network(path: Path, weights: Weights, phrases: int, channels: int) -> PhrasePredictor:
    """The network; its sizes come from the weights, so that no file asks for more memory."""
    photographs, directions = _sizes(path, weights, "known", (None, None))
    _sizes(path, weights, "project", (directions, channels))
    rank, _ = _sizes(path, weights, "lower", (None, photographs))
    _sizes(path, weights, "upper", (phrases, rank))
    with init.skipped():
        network = PhrasePredictor(
            channels, phrases, directions=directions, photographs=photographs, rank=rank
        )
    try:
        network.load_state_dict(weights)
    except CheckpointError as error:
        raise BundleError(f"{path}: {error.problem}", hint=error.hint) from None
    return network.eval()


def _sizes(
    path: Path, weights: Weights, layer: str, expected: tuple[int | None, int | None]
) -> tuple[int, int]:
    """The shape of a layer's matrix, of which some sizes are known."""
    shape = weights.get(f"{layer}.weight", np.zeros(0)).shape
    fits = len(shape) == 2 and all(s == (e or s) > 0 for s, e in zip(shape, expected, strict=True))
    if not fits:
        wanted = ", ".join("any" if e is None else str(e) for e in expected)
        raise BundleError(f"{path}: {layer}.weight: got shape {shape}, expected ({wanted})")
    return shape[0], shape[1]
