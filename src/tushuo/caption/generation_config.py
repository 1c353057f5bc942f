"""`generation_config.json`: how a bundle searches for sentences, with Hugging Face's names."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from tushuo.caption.confidence import Calibration
from tushuo.caption.decoding import Decoding
from tushuo.errors import BundleError, UsageError
from tushuo.models.installed import read_config

__all__ = [
    "calibration_entry",
    "change_generation_config",
    "read_calibration",
    "read_decoding",
    "write_generation_config",
]

_KEYS = {
    "beams": "num_beams",
    "max_words": "max_length",
    "min_words": "min_length",
    "include": "force_words_ids",
    "exclude": "bad_words_ids",
}
"""The names in the file that differ from those of `Decoding`."""

_CONFIDENCE, _SCORE = "confidence", "score"
_REQUIRED = ("beams", "max_words", "length_penalty")
_MOST_WORDS = 10_000


def read_decoding(path: Path) -> Decoding:
    """The settings of the search.

    `max_length` and `min_length` count words, without begin and end tokens. What a file does not
    say, besides `num_beams`, `max_length` and `length_penalty`, is as in `Decoding()`.

    Raises:
        BundleError: A setting is missing, unknown, of another kind or out of its range.
    """
    config = read_config(path)
    _check_known(path, config)
    settings = {}
    for field in fields(Decoding):
        key = _KEYS.get(field.name, field.name)
        if key in config or field.name in _REQUIRED:
            settings[field.name] = _value(path, key, config.get(key), field.default)
    try:
        return Decoding(**settings)
    except UsageError as error:
        raise BundleError(f"{path}: {error}") from None


def read_calibration(path: Path) -> Calibration | None:
    """What turns scores into confidence; None where the file says nothing of it.

    A file may have such numbers for probabilities alone instead: these do not count.

    Raises:
        BundleError: It lacks a number, or that is none.
    """
    config = read_config(path).get(_CONFIDENCE)
    if config is None:
        return None
    if not isinstance(config, dict):
        raise BundleError(f"{path}: confidence: got {config!r:.60}, expected slope and intercept")
    if config.get("of") != _SCORE:
        return None
    numbers = [
        _value(path, f"confidence.{key}", config.get(key), 0.0) for key in ("slope", "intercept")
    ]
    try:
        return Calibration(*numbers)
    except UsageError as error:
        raise BundleError(f"{path}: {error}") from None


def write_generation_config(
    decoding: Decoding, calibration: Calibration | None = None
) -> dict[str, Any]:
    """The content of the file, which `read_decoding` and `read_calibration` read."""
    content: dict[str, Any] = {}
    for field in fields(Decoding):
        value = getattr(decoding, field.name)
        if field.name in _REQUIRED or value != field.default:
            lists = isinstance(value, tuple)
            content[_KEYS.get(field.name, field.name)] = [[w] for w in value] if lists else value
    if calibration is not None:
        content |= calibration_entry(calibration)
    return content


def calibration_entry(calibration: Calibration | None) -> dict[str, Any]:
    """What the file says of a calibration, or of having none."""
    return {_CONFIDENCE: None if calibration is None else {"of": _SCORE, **asdict(calibration)}}


def change_generation_config(folder: Path, **changes: Any) -> None:
    """Set some keys of a bundle's file, whole or not at all; the others stay.

    Args:
        folder: The bundle's.
        **changes: As the file has them: `confidence={"slope": 1.0, "intercept": 0.0}`.

    Raises:
        BundleError: The file is missing or damaged.
        OSError: It cannot be written.
    """
    path = folder / "generation_config.json"
    content = read_config(path) | changes
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")
    part.replace(path)


def _check_known(path: Path, config: Mapping[str, Any]) -> None:
    """Refuse a setting that nothing here knows: left out in silence, it would change captions."""
    known = [_KEYS.get(field.name, field.name) for field in fields(Decoding)]
    for key in config:
        if key not in (*known, _CONFIDENCE):
            alike = get_close_matches(key[:80], known, n=2)
            hint = f"did you mean {' or '.join(alike)}?" if alike else f"known: {', '.join(known)}"
            raise BundleError(f"{path}: unknown setting {key!r:.60}", hint=hint)


def _value(path: Path, key: str, value: Any, like: Any) -> Any:
    """A value of the same kind as another."""
    kind = "a whole number"
    if isinstance(like, bool):
        kind, fits = "true or false", isinstance(value, bool)
    elif isinstance(like, int):
        fits = isinstance(value, int) and not isinstance(value, bool)
    elif isinstance(like, float):
        kind, fits = "a number", isinstance(value, int | float) and not isinstance(value, bool)
    else:
        kind, fits = "a list of lists of one word number", _is_list_of_words(value)
    if not fits:
        raise BundleError(f"{path}: {key}: got {value!r:.60}, expected {kind}")
    if isinstance(like, tuple):
        return tuple(word for [word] in value)
    return float(value) if isinstance(like, float) else value


def _is_list_of_words(value: Any) -> bool:
    if not isinstance(value, list) or len(value) > _MOST_WORDS:
        return False
    return all(isinstance(w, list) and len(w) == 1 and type(w[0]) is int for w in value)
