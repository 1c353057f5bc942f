"""The words of a caption, against cases that the Stanford tokenizer produced."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tushuo.caption.metrics.tokenizer import PUNCTUATION, tokenize

CASES = Path(__file__).with_name("ptb_cases.tsv").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("case", CASES)
def test_words_are_those_of_the_stanford_tokenizer(case):
    caption, words = case.split("\t")
    assert tokenize(caption) == words.split()


def test_empty_captions_have_no_words():
    assert tokenize("") == tokenize(" \n ") == tokenize('"..."') == []


def test_any_white_space_separates():
    assert tokenize("a\tdog\nruns\u00a0far\u3000off\r\n") == ["a", "dog", "runs", "far", "off"]


def test_invisible_characters_are_no_part_of_words():
    assert tokenize("a\x00b\u200bc so\xadft \x1b") == ["a", "b", "c", "soft"]


@given(st.text())
def test_every_text_becomes_clean_words(caption):
    words = tokenize(caption)
    assert all(word and word == word.lower() and word.split() == [word] for word in words)
    assert not PUNCTUATION.intersection(words)


@given(st.lists(st.sampled_from(["a", "dog", "'s", "n't", "well-dressed", "1,000", "mr.", "café"])))
def test_tokenizing_words_again_changes_nothing(words):
    assert tokenize(" ".join(words)) == words


@pytest.mark.parametrize(
    ("caption", "count"),
    [("." * 30_000, 0), ("a" * 100_000, 1), ("a." * 30_000, 1), ("<a" * 10_000, 20_000)],
    ids=["dots", "letters", "initials", "tags"],
)
def test_a_long_hostile_caption_is_tokenized_in_time_that_grows_with_its_length(caption, count):
    assert len(tokenize(caption)) == count
