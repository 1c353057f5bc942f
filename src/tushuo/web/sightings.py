"""Photographs captioned lately, so that one can ask how: bounded, and gone with the server."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from tushuo.caption import Caption
from tushuo.web.steps import Step, looked_at, spans

__all__ = ["Recent", "Sighting", "caption_json"]

Value = TypeVar("Value")
_KEY_BYTES = 12


@dataclass(frozen=True, eq=False)
class Sighting:
    """A photograph, its caption and what is needed to explain it.

    Attributes:
        caption: What the model says.
        steps: How it chose each word.
        features: What it says it about, (L, D).
        jpeg: The photograph to show.
        width: Of the photograph, in pixels.
        height: Of the photograph, in pixels.
        region: Which part of it the model saw: left, top, right, bottom, in shares of its size.
        model: The name of the model.
        language: Of the caption.
        photo: Its number in the library, if it is there.
        key: By which it can be asked for; cannot be guessed.
    """

    caption: Caption
    steps: tuple[Step, ...]
    features: npt.NDArray[np.float32]
    jpeg: bytes
    width: int
    height: int
    region: tuple[float, float, float, float]
    model: str
    language: str
    photo: int | None = None
    key: str = field(default_factory=lambda: secrets.token_urlsafe(_KEY_BYTES))


class Recent(Generic[Value]):
    """The things used last, up to a total weight; may be used in many threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._weight = 0
        self._kept: OrderedDict[Any, tuple[Value, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Any) -> Value | None:
        """A thing, if it is still kept."""
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][0]

    def put(self, key: Any, value: Value, weight: int = 1) -> None:
        """Keep a thing, and forget what was not used for longest."""
        with self._lock:
            _, old = self._kept.pop(key, (None, 0))
            self._kept[key] = (value, weight)
            self._weight += weight - old
            while self._weight > self._most and len(self._kept) > 1:
                _, (_, gone) = self._kept.popitem(last=False)
                self._weight -= gone


def caption_json(sighting: Sighting) -> dict[str, Any]:
    """A sighting as the API tells it."""
    caption = sighting.caption
    return {
        "id": sighting.key,
        "model": sighting.model,
        "language": sighting.language,
        **_sentence(caption),
        "words": _words(sighting),
        "alternatives": [_sentence(other) for other in caption.alternatives],
        "photo": sighting.photo,
        "image": f"/api/captions/{sighting.key}/image",
        "width": sighting.width,
        "height": sighting.height,
        "region": sighting.region,
    }


def _sentence(caption: Caption) -> dict[str, Any]:
    return {
        "caption": caption.text,
        "confidence": caption.confidence,
        "logprob": caption.logprob,
        "score": caption.score,
    }


def _words(sighting: Sighting) -> list[dict[str, Any]]:
    caption = sighting.caption
    where = spans(caption.text, caption.words) or [(0, 0)] * len(caption.words)
    return [
        {
            "word": word,
            "start": start,
            "end": end,
            "probability": step.probability,
            "looked_at": looked_at(attention),
            "attention": np.round(attention.astype(np.float64), 5).tolist(),
            "candidates": [{"word": c.word, "probability": c.probability} for c in step.candidates],
            "graph": f"/captions/{sighting.key}/{i}/graph",
        }
        for i, (word, (start, end), attention, step) in enumerate(
            zip(caption.words, where, caption.attention, sighting.steps, strict=True)
        )
    ]
