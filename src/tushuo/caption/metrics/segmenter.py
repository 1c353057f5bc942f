"""Chinese sentences to words, for scores by word: with the segmenter of `rjieba`.

It is jieba in Rust, with jieba's dictionary inside; on Flickr8k's Chinese captions it cuts as jieba
0.42.1 does. Words depend on its version, so signatures name that.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from tushuo.errors import MissingDependencyError

__all__ = ["segment", "segmenter_name"]


def segment(text: str) -> list[str]:
    """Split a Chinese sentence into words, without punctuation; other letters become lower-case.

    Raises:
        MissingDependencyError: `rjieba` is not installed.
    """
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).lower())
    return [word for word in _cut()(plain) if any(letter.isalnum() for letter in word)]


def segmenter_name() -> str:
    """What a signature calls the segmenter: its name and version.

    Raises:
        MissingDependencyError: It is not installed.
    """
    from importlib.metadata import version

    _cut()
    return f"rjieba-{version('rjieba')}"


def _cut() -> Callable[[str], list[str]]:
    try:
        from rjieba import cut
    except ImportError as error:
        raise MissingDependencyError(
            "Chinese words need rjieba",
            hint="install it with: pip install 'tushuo[zh]', or score by character (char)",
        ) from error
    found: Callable[[str], list[str]] = cut
    return found
