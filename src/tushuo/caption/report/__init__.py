"""One HTML file that shows how good a captioner is: scores, photographs, attention, mistakes.

The file holds all it needs and asks for nothing from outside.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from tushuo.caption.captioner import Caption
from tushuo.caption.metrics import Intervals, Scores
from tushuo.caption.report.mistakes import Mistake, find_mistakes, mistake_shares
from tushuo.caption.report.photographs import (
    attention_numbers,
    seen_region,
    selection,
    thumbnail,
)
from tushuo.caption.report.words import GROUPS
from tushuo.data import Preprocessing

__all__ = ["Mistake", "Reported", "caption_report", "find_mistakes", "mistake_shares"]


@dataclass(frozen=True, eq=False)
class Reported:
    """A photograph with its caption.

    Attributes:
        image: The file.
        caption: What the captioner wrote.
        references: What people wrote.
        score: CIDEr-D of the caption.
    """

    image: Path
    caption: Caption
    references: Sequence[str]
    score: float


def caption_report(
    photographs: Sequence[Reported],
    scores: Scores,
    intervals: Intervals,
    *,
    title: str,
    signature: str,
    preprocessing: Preprocessing,
    language: str = "en",
    images: int = 200,
    seed: int = 0,
) -> str:
    """A report as the text of an HTML file.

    Args:
        photographs: All that were scored.
        scores: Their scores.
        intervals: The scores' intervals.
        title: The heading.
        signature: How the scores were made.
        preprocessing: The captioner's, which says what part of a photograph it saw.
        language: The captions' language; mistakes are looked for in English ("en") only.
        images: How many photographs to show at most: a quarter each of the worst and the best by
            CIDEr-D, and chance for the rest.
        seed: Chooses the latter.

    Raises:
        ImageError: A photograph cannot be read.
    """
    english = language == "en"
    mistakes = [find_mistakes(p.caption.text, p.references) if english else [] for p in photographs]
    chosen = selection([p.score for p in photographs], images, seed)
    shown = [
        {**_entry(photographs[i], mistakes[i], preprocessing), "place": i, "side": side}
        for i, side in chosen.items()
    ]
    content = {
        "scores": _table(scores, intervals),
        "diversity": scores.diversity.as_dict(),
        "groups": mistake_shares(mistakes) if english else {},
        "total": len(photographs),
        "confidence": intervals.confidence,
        "photographs": shown,
    }
    return _page(title, signature, language, content)


def _table(scores: Scores, intervals: Intervals) -> list[list[Any]]:
    return [[name, value, intervals.by_name.get(name)] for name, value in scores.as_dict().items()]


def _entry(
    photograph: Reported, mistakes: Sequence[Mistake], preprocessing: Preprocessing
) -> dict[str, Any]:
    caption = photograph.caption
    picture, size = thumbnail(photograph.image)
    return {
        "name": photograph.image.name,
        "picture": picture,
        "caption": caption.text,
        "references": list(photograph.references),
        "score": round(photograph.score, 4),
        "confidence": caption.confidence,
        "words": caption.words,
        "grid": list(caption.attention.shape[1:]),
        "attention": attention_numbers(caption.attention),
        "region": seen_region(preprocessing, size),
        "mistakes": [asdict(mistake) for mistake in mistakes],
    }


def _page(title: str, signature: str, language: str, content: dict[str, Any]) -> str:
    data = json.dumps(content, ensure_ascii=True).replace("<", "\\u003c")
    parts = {
        "TITLE": escape(title),
        "SIGNATURE": escape(signature),
        "LANGUAGE": escape(language),
        "GROUPS": escape(", ".join(GROUPS)),
        "STYLE": _resource("page.css"),
        "SCRIPT": _resource("page.js"),
        "DATA": data,
    }
    pieces = _resource("page.html").split("%%")  # text, name, text, name, ..., text
    return "".join(parts[piece] if i % 2 else piece for i, piece in enumerate(pieces))


def _resource(name: str) -> str:
    return (files(__name__) / name).read_text("utf-8")
