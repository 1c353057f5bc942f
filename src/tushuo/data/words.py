"""Sentences to words for training, and back to sentences for print: English and Chinese."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from tushuo.errors import UsageError

__all__ = ["LANGUAGES", "detokenize", "is_chinese", "tokenize"]

LANGUAGES = ("en", "zh")

_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_SPACED_WORD = r"[^\W_]+(?:-[^\W_]+)*"  # "t-shirt" is one word, as in the Penn Treebank
_ENDING = r"'[a-z]+"  # of "dog's", "isn't"
_WORDS = {
    "en": re.compile(rf"{_SPACED_WORD}|(?<=[^\W_]){_ENDING}|(?<![^\W_])'(?:s|t|re|ve|ll|d|m)\b"),
    "zh": re.compile(rf"[{_HAN}]|(?:(?![{_HAN}])[^\W_])+"),
}
_SPECIAL = re.compile(r"<\w+>")


def is_chinese(text: str) -> bool:
    """Whether a text has Chinese characters."""
    return re.search(rf"[{_HAN}]", text) is not None


def tokenize(text: str, language: str = "en") -> list[str]:
    """Split a sentence into lower-case words without punctuation.

    Letters of compatibility forms are made plain (NFKC). In English a word may have hyphens inside;
    the ending after an apostrophe is a word of its own: "The dog's t-shirt." gives "the", "dog",
    "'s", "t-shirt", and so does "The dog 's t-shirt .". In Chinese each character is a word, and so
    is each run of other letters or digits.

    Args:
        text: A sentence.
        language: "en" (also fit for other languages that put spaces between words) or "zh".

    Raises:
        UsageError: The language is unknown.
    """
    pattern = _WORDS[_known(language)]
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).lower())
    return pattern.findall(plain.replace("’", "'"))


def detokenize(words: Iterable[str], language: str = "en", *, sentence: bool = False) -> str:
    """Join words into text fit for print; special tokens such as "<unk>" are left out.

    Args:
        words: Words as `tokenize` makes them.
        language: "en" joins with spaces, "zh" only where two runs of letters meet.
        sentence: Begin with a capital letter and end with a full stop ("。" in Chinese).

    Raises:
        UsageError: The language is unknown.
    """
    chinese = _known(language) == "zh"
    text = ""
    for word in words:
        if not _SPECIAL.fullmatch(word):
            text += _gap(text, word, chinese) + word
    if not (sentence and text):
        return text
    return text[0].upper() + text[1:] + ("。" if chinese else ".")


def _gap(text: str, word: str, chinese: bool) -> str:
    if not text or word.startswith("'"):
        return ""
    meet_in_han = re.search(rf"[{_HAN}]$", text) or re.match(rf"[{_HAN}]", word)
    return "" if chinese and meet_in_han else " "


def _known(language: str) -> str:
    if language not in _WORDS:
        raise UsageError(
            f"language {language!r} is unknown", hint=f"expected {' or '.join(LANGUAGES)}"
        )
    return language
