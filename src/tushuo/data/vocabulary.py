"""The words that a captioner knows, and their numbers."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tushuo.data.words import LANGUAGES, detokenize, tokenize
from tushuo.errors import BundleError, UsageError, version_hint

__all__ = ["BOS", "EOS", "PAD", "SPECIAL_TOKENS", "UNK", "Vocabulary"]

SPECIAL_TOKENS = ("<pad>", "<bos>", "<eos>", "<unk>")
PAD, BOS, EOS, UNK = range(4)

_FORMAT, _VERSION = "tushuo-vocabulary", 1
_MAX_BYTES = 1 << 26
_MAX_TOKENS = 1_000_000
_MAX_TOKEN_CHARACTERS = 2000
# control characters could steer a terminal, and halves of characters cannot be written
_NO_WORD = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class Vocabulary:
    """A numbered list of words: four special tokens, then words from frequent to rare.

    `<pad>` is 0, `<bos>` (begin of sentence) 1, `<eos>` (end of sentence) 2, `<unk>` (any other
    word) 3.

    Args:
        tokens: All tokens in order of number; the first four are `SPECIAL_TOKENS`.
        counts: How often each was seen in training; for `<unk>`, the sum over all words left out.
        language: "en" or "zh".

    Raises:
        UsageError: Tokens are not distinct non-empty strings that begin with the special ones, or
            the counts do not fit them, or the language is unknown.
    """

    def __init__(self, tokens: Sequence[str], counts: Sequence[int], language: str = "en") -> None:
        _check(tokens, counts, language)
        self.tokens = tuple(tokens)
        self.counts = tuple(counts)
        self.language = language
        self._ids = {token: index for index, token in enumerate(self.tokens)}

    @classmethod
    def build(
        cls, token_lists: Iterable[Iterable[str]], min_count: int = 5, language: str = "en"
    ) -> Vocabulary:
        """The vocabulary of some sentences: most frequent words first, ties by the word itself.

        Args:
            token_lists: Sentences as lists of words, as from `tokenize`.
            min_count: Words seen less often are left out.
            language: "en" or "zh".

        Raises:
            UsageError: A special token is among the words.
        """
        counter = Counter(word for words in token_lists for word in words)
        kept = [(word, count) for word, count in counter.items() if count >= min_count]
        kept.sort(key=lambda item: (-item[1], item[0]))
        left_out = counter.total() - sum(count for _, count in kept)
        words, counts = [word for word, _ in kept], [count for _, count in kept]
        return cls([*SPECIAL_TOKENS, *words], [0, 0, 0, left_out, *counts], language)

    def __len__(self) -> int:
        return len(self.tokens)

    def __contains__(self, token: object) -> bool:
        return token in self._ids

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Vocabulary):
            return NotImplemented
        return self._state() == other._state()

    def __hash__(self) -> int:
        return hash(self._state())

    def __repr__(self) -> str:
        return f"Vocabulary({len(self)} tokens, language {self.language!r})"

    def _state(self) -> tuple[object, ...]:
        return (self.tokens, self.counts, self.language)

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """The numbers of words, between `<bos>` and `<eos>`; unknown words become `<unk>`."""
        return [BOS, *(self._ids.get(token, UNK) for token in tokens), EOS]

    def encode_text(self, text: str) -> list[int]:
        """The numbers of a sentence: `tokenize` in the vocabulary's language, then `encode`."""
        return self.encode(tokenize(text, self.language))

    def decode(self, ids: Iterable[int]) -> list[str]:
        """The words of some numbers, up to the first `<eos>`, without `<pad>` and `<bos>`.

        Args:
            ids: Numbers from 0 to `len(self) - 1`, as Python or NumPy integers.

        Raises:
            UsageError: A number is out of that range.
        """
        words: list[str] = []
        for index in map(int, ids):
            if index == EOS:
                break
            if not 0 <= index < len(self):
                raise UsageError(f"token {index} is out of range", hint=f"expected < {len(self)}")
            if index not in (PAD, BOS):
                words.append(self.tokens[index])
        return words

    def detokenize(self, words: Iterable[str], *, sentence: bool = False) -> str:
        """Join words into text fit for print; see `tushuo.data.detokenize`."""
        return detokenize(words, self.language, sentence=sentence)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write `tokenizer.json`, whole or not at all; an older file of that name is replaced."""
        lists = {"tokens": self.tokens, "counts": self.counts}
        content = {"format": _FORMAT, "version": _VERSION, "language": self.language, **lists}
        target = Path(path)
        part = target.with_name(f"{target.name}.{os.getpid()}.part")
        part.write_text(json.dumps(content, ensure_ascii=False) + "\n", encoding="utf-8")
        part.replace(target)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Vocabulary:
        """Read a `tokenizer.json`.

        Raises:
            BundleError: The file is missing, too large, malformed or of another version.
        """
        where = Path(path)
        try:
            content = _read(where)
            return cls(content["tokens"], content["counts"], content["language"])
        except UsageError as error:
            raise BundleError(f"{where}: {error}") from None


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
        content = json.loads(raw) if len(raw) <= _MAX_BYTES else None
    except OSError as error:
        raise BundleError(f"{path}: cannot be read ({error.strerror or error})") from None
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{path}: not JSON ({error})") from None
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise BundleError(f"{path}: not a vocabulary of tushuo", hint=f"expected {_FORMAT!r}")
    if content.get("version") != _VERSION:
        version = content.get("version")
        raise BundleError(
            f"{path}: version {version!s:.20} of the vocabulary format, expected {_VERSION}",
            hint=version_hint(version, _VERSION, "train the captioner anew"),
        )
    return {key: content.get(key) for key in ("tokens", "counts", "language")}


def _check(tokens: object, counts: object, language: object) -> None:
    _require(isinstance(language, str) and language in LANGUAGES, f"language not of {LANGUAGES}")
    if not isinstance(tokens, list | tuple) or not isinstance(counts, list | tuple):
        raise UsageError("tokens and counts are not lists")
    _require(len(tokens) <= _MAX_TOKENS, f"{len(tokens):,} tokens, at most {_MAX_TOKENS:,}")
    _require(tuple(tokens[:4]) == SPECIAL_TOKENS, f"tokens do not begin with {SPECIAL_TOKENS}")
    for index, token in enumerate(tokens):
        _require(
            _is_token(token),
            f"tokens[{index}] is no word of 1 to {_MAX_TOKEN_CHARACTERS}"
            " characters without white space and control characters",
        )
    _require(len(set(tokens)) == len(tokens), "a token is listed twice")
    fits = len(counts) == len(tokens) and all(type(n) is int and n >= 0 for n in counts)
    _require(fits, "counts is not one whole number from 0 for each token")


def _is_token(token: object) -> bool:
    return (
        isinstance(token, str)
        and 0 < len(token) <= _MAX_TOKEN_CHARACTERS
        and not _NO_WORD.search(token)
    )


def _require(holds: bool, problem: str) -> None:
    if not holds:
        raise UsageError(f"vocabulary: {problem}")
