"""Text as the full-text index sees it: words apart, each Chinese character a word of its own."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from tushuo.errors import UsageError

__all__ = ["from_person", "has_prefix", "has_words", "plain", "prefixed"]
__all__ += ["readable", "searchable", "words"]

_MAX_CAPTION = 10_000  # characters

_SEAM = "\u200b"  # a zero-width space: parts words for the index, and can be taken out again

# writing without spaces: Han, kana, Thai, Lao, Khmer, Burmese
_UNSPACED = (
    "\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
)
_SEAMS = re.compile(rf"(?<=[{_UNSPACED}])(?=\w)|(?<=\w)(?=[{_UNSPACED}])")
_WORD = re.compile(r"[^\W_]+")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\s]+")


def plain(text: str) -> str:
    """One line of composed characters (NFC), without control characters and lone surrogates."""
    line = _UNPRINTABLE.sub(" ", text.replace(_SEAM, ""))
    return unicodedata.normalize("NFC", line).strip()


def from_person(caption: str, language: str) -> str:
    """A person's caption, made plain.

    Raises:
        UsageError: It is above 10,000 characters, or the language is no code such as "en".
    """
    text = plain(caption)
    if len(text) > _MAX_CAPTION:
        raise UsageError(f"caption of {len(text):,} characters, at most {_MAX_CAPTION:,}")
    if not re.fullmatch("[a-z]{2,3}", language):
        raise UsageError(f"language: got {language!r:.60}", hint="give a code: en, zh")
    return text


def searchable(text: str) -> str:
    """Plain text with seams where the index shall part words; `readable` takes them out."""
    return _SEAMS.sub(_SEAM, plain(text))


def readable(text: str) -> str:
    """The text that `searchable` was given, made plain."""
    return text.replace(_SEAM, "")


def words(text: str) -> tuple[str, ...]:
    """The words of a text: runs of letters and digits, and single Chinese characters."""
    return tuple(_WORD.findall(searchable(text)))


def has_words(text: str, spelling: str) -> bool:
    """Whether a text has words side by side as they are spelt, in any case.

    Args:
        text: Any text.
        spelling: Words with one space between, as `words` finds them.
    """
    return f" {spelling} ".casefold() in f" {' '.join(words(text))} ".casefold()


def prefixed(text: str, spelling: Sequence[str]) -> list[tuple[int, int]]:
    """Where a text has words side by side, the last of them begun as spelt; case and accents are
    as good as none.

    Args:
        text: Any text.
        spelling: Words, as `words` finds them.

    Returns:
        (start, end) in characters, the whole last word included.
    """
    wanted = [_bare(word) for word in spelling]
    found = _pieces(text)
    matches = []
    for i in range(len(found) - len(wanted) + 1):
        *first, last = (_bare(text[start:end]) for start, end in found[i : i + len(wanted)])
        if first == wanted[:-1] and last.startswith(wanted[-1]):
            matches.append((found[i][0], found[i + len(wanted) - 1][1]))
    return matches


def has_prefix(text: str, spelling: str) -> bool:
    """Whether `prefixed` finds words, given with one space between."""
    return bool(prefixed(text, spelling.split()))


def _pieces(text: str) -> list[tuple[int, int]]:
    """Where the words of a text stand."""
    spans = []
    for match in _WORD.finditer(text):
        start = match.start()
        for piece in _SEAMS.split(match[0]):
            spans.append((start, start + len(piece)))
            start += len(piece)
    return spans


def _bare(word: str) -> str:
    """A word as the index compares it: no capitals, no accents."""
    letters = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
