"""How good a bundle's captions are, as it says itself: scores, and how they were made."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeGuard

from tushuo.errors import BundleError
from tushuo.models.installed import read_config

__all__ = ["Evaluation", "record"]

_MOST_SCORES, _LONGEST, _HUGE = 50, 1000, 1e9


@dataclass(frozen=True)
class Evaluation:
    """Scores of a bundle's captions.

    Attributes:
        signature: How they were made; only scores with equal signatures compare.
        scores: Values by name, as "CIDEr-D".
    """

    signature: str
    scores: Mapping[str, float] = field(default_factory=dict)

    def to_config(self) -> dict[str, Any]:
        """As `config.json` keeps it."""
        return {"signature": self.signature, "scores": dict(self.scores)}

    @classmethod
    def from_config(cls, path: Path, content: Any) -> Self | None:
        """From `config.json`; None where it says nothing.

        Raises:
            BundleError: There are not a signature and named numbers.
        """
        if content is None:
            return None
        found = content if isinstance(content, dict) else {}
        signature, scores = found.get("signature"), found.get("scores")
        if not _is_text(signature) or not _are_scores(scores):
            raise BundleError(
                f"{path}: evaluation: got {content!r:.60}, expected a signature and scores by name"
            )
        return cls(signature, {name: float(value) for name, value in scores.items()})


def record(folder: Path, evaluation: Evaluation) -> None:
    """Put scores into a bundle's `config.json`, whole or not at all; all else in it stays.

    Raises:
        BundleError: The folder holds no such file.
        OSError: It cannot be written.
    """
    path = folder / "config.json"
    content = read_config(path) | {"evaluation": evaluation.to_config()}
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")
    part.replace(path)


def _is_text(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and len(value) <= _LONGEST and value.isprintable()


def _are_scores(value: Any) -> TypeGuard[dict[str, float]]:
    return (
        isinstance(value, dict)
        and len(value) <= _MOST_SCORES
        and all(_is_text(name) and _is_finite(number) for name, number in value.items())
    )


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _HUGE
