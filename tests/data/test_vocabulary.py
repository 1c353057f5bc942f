from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tushuo.data import SPECIAL_TOKENS, UNK, Vocabulary, load_captions, tokenize
from tushuo.errors import BundleError, UsageError

LISTS = [["a", "dog", "runs"], ["a", "cat"], ["a", "dog"], ["the", "cat"]]
words = st.text("abcde", min_size=1, max_size=3)
sentences = st.lists(st.lists(words, max_size=8), max_size=12)


def test_order_is_by_count_then_word():
    vocabulary = Vocabulary.build(LISTS, min_count=2)
    assert vocabulary.tokens == (*SPECIAL_TOKENS, "a", "cat", "dog")
    assert vocabulary.counts == (0, 0, 0, 2, 3, 2, 2)  # "runs" and "the" are unknown
    assert Vocabulary.build(reversed(LISTS), min_count=2) == vocabulary
    assert len(vocabulary) == 7
    assert "dog" in vocabulary
    assert "runs" not in vocabulary


def test_encode_and_decode():
    vocabulary = Vocabulary.build(LISTS, min_count=2)
    assert vocabulary.encode(["a", "dog", "runs"]) == [1, 4, 6, 3, 2]
    assert vocabulary.encode_text("A dog!") == [1, 4, 6, 2]
    assert vocabulary.decode([1, 4, 6, 3, 2, 5, 0, 0]) == ["a", "dog", "<unk>"]
    assert vocabulary.detokenize(["a", "dog"], sentence=True) == "A dog."
    for bad in (7, -1):
        with pytest.raises(UsageError, match=f"token {bad} is out of range; expected < 7"):
            vocabulary.decode([bad])


@given(sentences, st.integers(1, 4))
def test_properties(token_lists, min_count):
    vocabulary = Vocabulary.build(token_lists, min_count)
    assert sum(vocabulary.counts) == sum(map(len, token_lists))  # no word is lost
    assert list(vocabulary.counts[4:]) == sorted(vocabulary.counts[4:], reverse=True)
    assert min(vocabulary.counts[4:], default=min_count) >= min_count
    for tokens in token_lists:
        known = [token if token in vocabulary else SPECIAL_TOKENS[UNK] for token in tokens]
        assert vocabulary.decode(vocabulary.encode(tokens)) == known


@given(st.lists(st.text().map(tokenize), max_size=8))
def test_file_round_trip(tmp_path_factory, token_lists):
    path = tmp_path_factory.getbasetemp() / "tokenizer.json"
    vocabulary = Vocabulary.build(token_lists, min_count=1, language="zh")
    vocabulary.save(path)
    loaded = Vocabulary.load(path)
    assert loaded == vocabulary
    assert hash(loaded) == hash(vocabulary)
    assert list(path.parent.glob("tokenizer.json*")) == [path]


def test_special_tokens_cannot_be_words():
    with pytest.raises(UsageError, match="a token is listed twice"):
        Vocabulary.build([["a", "<eos>"]], min_count=1)


GOOD = {
    "format": "tushuo-vocabulary",
    "version": 1,
    "language": "en",
    "tokens": [*SPECIAL_TOKENS, "a"],
    "counts": [0, 0, 0, 0, 9],
}
MALFORMED = [
    ([], "not a vocabulary of tushuo; expected 'tushuo-vocabulary'"),
    ({"format": "other"}, "not a vocabulary"),
    ({"version": 2}, "version 2 of the vocabulary format, expected 1; a newer tushuo may read it"),
    ({"version": 0}, "it is older than this tushuo: train the captioner anew"),
    ({"language": ["en"]}, "language not of"),
    ({"tokens": None}, "tokens and counts are not lists"),
    ({"tokens": ["a"]}, "tokens do not begin with"),
    ({"tokens": [*SPECIAL_TOKENS, 3]}, r"tokens\[4\] is no word"),
    ({"tokens": [*SPECIAL_TOKENS, "a b"]}, r"tokens\[4\] is no word"),
    ({"tokens": [*SPECIAL_TOKENS, "\x1b[31mred"]}, r"tokens\[4\] is no word"),
    ({"tokens": [*SPECIAL_TOKENS, "\ud800"]}, r"tokens\[4\] is no word"),
    ({"tokens": [*SPECIAL_TOKENS, "x" * 2001]}, r"tokens\[4\] is no word of 1 to 2000"),
    ({"tokens": [*SPECIAL_TOKENS, "<pad>"]}, "a token is listed twice"),
    ({"counts": [0, 0, 0, 0]}, "counts is not one whole number"),
    ({"counts": [0, 0, 0, 0, -1]}, "counts is not one whole number"),
    ({"counts": [0, 0, 0, 0, True]}, "counts is not one whole number"),
]


@pytest.mark.parametrize(("change", "message"), MALFORMED)
def test_malformed_content(tmp_path, change, message):
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps({**GOOD, **change} if isinstance(change, dict) else change))
    with pytest.raises(BundleError, match=rf"tokenizer\.json: .*{message}"):
        Vocabulary.load(path)


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe\x00", b"[" * 100_000, b"9" * 5000])
def test_files_that_are_no_json(tmp_path, raw):
    path = tmp_path / "tokenizer.json"
    path.write_bytes(raw)
    with pytest.raises(BundleError, match=r"tokenizer\.json: not JSON"):
        Vocabulary.load(path)
    with pytest.raises(BundleError, match="cannot be read"):
        Vocabulary.load(tmp_path / "missing.json")


def test_flickr8k(shared):
    train = load_captions(shared / "data/flickr8k").examples("train")
    lists = [tokenize(caption) for example in train for caption in example.captions]
    vocabulary = Vocabulary.build(lists, min_count=5)
    assert len(vocabulary) == 2542
    assert vocabulary.counts[UNK] / sum(vocabulary.counts) < 0.03
