"""What a caller can ask of the search for a sentence, in words rather than numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any, TypedDict

from tushuo.caption.decoding import Decoding
from tushuo.data import SPECIAL_TOKENS, Vocabulary
from tushuo.data.words import tokenize
from tushuo.errors import UsageError

__all__ = ["DecodingOptions", "changed", "word_ids"]


class DecodingOptions(TypedDict, total=False):
    """Changes to a bundle's settings; each is explained at `Decoding`. None changes nothing.

    The words of `include` and `exclude` are words of the bundle's vocabulary, in any case.
    """

    beams: int | None
    max_words: int | None
    length_penalty: float | None
    patience: float | None
    min_words: int | None
    no_repeat_ngram_size: int | None
    num_beam_groups: int | None
    diversity_penalty: float | None
    do_sample: bool | None
    temperature: float | None
    top_k: int | None
    top_p: float | None
    seed: int | None
    include: Sequence[str] | None
    exclude: Sequence[str] | None
    phrase_weight: float | None
    match_weight: float | None


def changed(
    decoding: Decoding,
    options: DecodingOptions,
    vocabulary: Vocabulary,
    model: str = "the model",
) -> Decoding:
    """Settings with some of them changed.

    Args:
        decoding: The settings.
        options: The changes.
        vocabulary: The words that the captioner knows.
        model: What errors call it.

    Raises:
        UsageError: A setting is unknown, out of range or contradicts another, or a word is unknown.
    """
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    if unknown := sorted(given.keys() - DecodingOptions.__annotations__.keys()):
        raise UsageError(f"unknown setting {unknown[0]!r}", hint=_near(unknown[0], _NAMES))
    for name in given.keys() & {"include", "exclude"}:
        given[name] = word_ids(vocabulary, given[name], name, model)
    if both := set(given.get("include", ())) & set(given.get("exclude", ())):
        word = vocabulary.tokens[min(both)]
        raise UsageError(f"{word!r} is both included and excluded", hint="leave out one of them")
    return replace(decoding, **given)


def word_ids(
    vocabulary: Vocabulary,
    words: Sequence[str],
    what: str = "words",
    model: str = "the model",
) -> tuple[int, ...]:
    """The numbers of words.

    Args:
        vocabulary: The words that a captioner knows.
        words: Single words, in any case.
        what: What they are for; errors begin with it.
        model: What errors call the captioner.

    Raises:
        UsageError: `words` is one string, or one of them is unknown, empty or several words. The
            hint names known words that look alike.
    """
    if isinstance(words, str):
        raise UsageError(f"{what}: got a string", hint=f"pass a list of words: [{words!r}]")
    return tuple(_word_id(vocabulary, word, what, model) for word in words)


def _word_id(vocabulary: Vocabulary, word: str, what: str, model: str) -> int:
    tokens = [word] if word in vocabulary else tokenize(word, vocabulary.language)
    if len(tokens) != 1:
        unit = "character" if vocabulary.language == "zh" else "word"
        count = f"several {unit}s" if tokens else f"no {unit}"
        raise UsageError(
            f"{what}: {word!r:.80} is {count} to {model}", hint=f"give single {unit}s, each apart"
        )
    if tokens[0] not in vocabulary or tokens[0] in SPECIAL_TOKENS:
        known = vocabulary.tokens[len(SPECIAL_TOKENS) :]
        raise UsageError(
            f"{what}: {model} does not know the word {word!r:.80}", hint=_near(tokens[0], known)
        )
    return vocabulary.encode(tokens)[1]


_NAMES = tuple(DecodingOptions.__annotations__)


def _near(word: str, known: Iterable[str]) -> str:
    alike = get_close_matches(word[:80], list(known), n=4, cutoff=0.6)
    return f"words that look alike: {', '.join(alike)}" if alike else "no known word looks alike"
