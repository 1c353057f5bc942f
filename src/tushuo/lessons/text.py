"""What lessons say, in two languages."""

from __future__ import annotations

import os
from typing import Literal, NamedTuple, get_args

from tushuo.errors import UsageError

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

_chosen: Language | None = None


class Text(NamedTuple):
    """The same in English and in Chinese; ``str`` gives the chosen language."""

    en: str
    zh: str

    def __str__(self) -> str:
        return self.zh if spoken() == "zh" else self.en


def language(name: str) -> None:
    """Choose the language in which answers are judged, "en" or "zh".

    Raises:
        UsageError: It is neither.
    """
    global _chosen
    if name not in LANGUAGES:
        raise UsageError(f"unknown language {name!r}", hint=f"use {' or '.join(LANGUAGES)}")
    _chosen = name


def spoken() -> Language:
    """The chosen language, or else that of the environment."""
    if _chosen is not None:
        return _chosen
    names = (os.environ.get(key) for key in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "zh" if next(filter(None, names), "").lower().startswith("zh") else "en"
