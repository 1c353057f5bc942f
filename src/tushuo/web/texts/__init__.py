"""The words of the page, in English and in Chinese, and which of them a visitor reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from starlette.requests import Request

__all__ = ["LANGUAGES", "LANGUAGE_COOKIE", "language_of", "texts"]

LANGUAGES = {"en": "English", "zh": "中文"}
LANGUAGE_COOKIE = "tushuo-language"


@cache
def texts(language: str) -> Mapping[str, str]:
    """All texts of a language, by name."""
    found: dict[str, str] = json.loads(
        files(__name__).joinpath(f"{language}.json").read_text("utf-8")
    )
    return found


def language_of(request: Request) -> str:
    """What the visitor chose, or else what their browser likes best, or else English."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen in LANGUAGES:
        return chosen
    return _liked(request.headers.get("accept-language", "")) or "en"


def _liked(accept: str) -> str | None:
    """The language of the greatest weight in an Accept-Language header (RFC 9110, 12.5.4)."""
    weights: dict[str, float] = {}
    for item in accept[:1000].split(","):
        tag, _, rest = item.strip().partition(";")
        language = tag.strip().lower().partition("-")[0]
        try:
            weight = float(rest.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if language in LANGUAGES and 0 < weight <= 1:
            weights[language] = max(weight, weights.get(language, 0))
    return max(weights, key=lambda language: weights[language], default=None)
