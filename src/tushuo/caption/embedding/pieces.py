"""What a sentence is made of for the joint space: English words, Chinese characters.

Chinese needs no segmenter so, and the two languages share one list.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from math import log
from typing import Any

import numpy as np
import numpy.typing as npt

from tushuo.data import tokenize
from tushuo.errors import UsageError
from tushuo.models.joint_space import PADDING

__all__ = ["TEXT", "PieceList", "is_chinese", "pieces_of"]

TEXT = 1
"""The number of the piece that every sentence has, and that one of unknown words only has left."""

_SPECIAL = ("<pad>", "<text>")
_MOST_WORDS = 64
_MOST_PIECES, _LONGEST = 200_000, 200
_HAN = re.compile(r"[\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


def is_chinese(text: str) -> bool:
    """Whether a sentence is read as Chinese: whether it has a Chinese character."""
    return _HAN.search(text) is not None


def pieces_of(text: str) -> list[str]:
    """The words (Chinese: characters) of a sentence, as `tushuo.data.tokenize` makes them.

    What comes after 64 is left out.
    """
    return tokenize(text, "zh" if is_chinese(text) else "en")[:_MOST_WORDS]


class PieceList:
    """Pieces with their numbers: 0 is padding, 1 the piece that every sentence has.

    Args:
        pieces: All pieces in order of number; the first two are "<pad>" and "<text>".

    Raises:
        UsageError: They are not so, or a piece is no short text, or there twice.
    """

    def __init__(self, pieces: Sequence[str]) -> None:
        _check(pieces)
        self.pieces = tuple(pieces)
        self._numbers = {piece: number for number, piece in enumerate(self.pieces)}

    @classmethod
    def build(cls, texts: Iterable[str], min_count: int = 3) -> PieceList:
        """The pieces of some sentences, frequent ones first, ties by the piece itself.

        Args:
            texts: Sentences.
            min_count: Pieces seen less often are left out.
        """
        counts = Counter(piece for text in texts for piece in pieces_of(text))
        kept = [(-count, piece) for piece, count in counts.items() if count >= min_count]
        return cls([*_SPECIAL, *(piece for _, piece in sorted(kept))])

    def __len__(self) -> int:
        return len(self.pieces)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PieceList) and self.pieces == other.pieces

    def __hash__(self) -> int:
        return hash(self.pieces)

    def __repr__(self) -> str:
        return f"PieceList({len(self)} pieces)"

    def encode(self, text: str) -> list[int]:
        """The numbers of a sentence's pieces, after `TEXT`; unknown pieces are left out."""
        return [TEXT, *(self._numbers[p] for p in pieces_of(text) if p in self._numbers)]

    def understood(self, text: str) -> float:
        """How much of what a sentence says is well known, from 0 to 1.

        A word says the more the rarer it is: by Zipf's law the logarithm of its number, which is
        its rank, stands for that; unknown words count as the rarest. Words of the rarer half of the
        pieces were met too seldom to be well known.
        """
        last = len(self) - 1
        words = [self._numbers.get(p, len(self)) for p in pieces_of(text)]
        says = [log(min(number, last)) for number in words]
        known = sum(x for x, number in zip(says, words, strict=True) if number <= last // 2)
        return known / sum(says) if sum(says) else 0.0

    def batch(self, rows: Sequence[Sequence[int]]) -> npt.NDArray[np.int64]:
        """Encoded sentences as one array (N, T), filled up with padding."""
        filled = np.full((len(rows), max(map(len, rows), default=1)), PADDING, dtype=np.int64)
        for row, numbers in zip(filled, rows, strict=True):
            row[: len(numbers)] = numbers
        return filled


def _check(pieces: Any) -> None:
    if not isinstance(pieces, list | tuple) or tuple(pieces[:2]) != _SPECIAL:
        raise UsageError(f"pieces: expected a list that begins with {', '.join(_SPECIAL)}")
    if len(pieces) > _MOST_PIECES:
        raise UsageError(f"pieces: got {len(pieces):,}, at most {_MOST_PIECES:,}")
    for piece in pieces:
        if not isinstance(piece, str) or not 0 < len(piece) <= _LONGEST:
            raise UsageError(f"pieces: {piece!r:.60} is no text of 1 to {_LONGEST} characters")
    if len(set(pieces)) != len(pieces):
        raise UsageError("pieces: one is there twice")
