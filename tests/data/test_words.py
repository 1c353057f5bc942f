from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tushuo.data import detokenize, tokenize
from tushuo.errors import UsageError

ENGLISH = {
    "A child in a pink dress .": ["a", "child", "in", "a", "pink", "dress"],
    "The dog's red t-shirt.": ["the", "dog", "'s", "red", "t-shirt"],
    "The dog 's red t-shirt .": ["the", "dog", "'s", "red", "t-shirt"],
    "It isn’t 2 o'clock": ["it", "isn", "'t", "2", "o", "'clock"],
    "'Stop' sign, \"No. 7\"": ["stop", "sign", "no", "7"],
    "snow_covered -- black-and-white - dog": ["snow", "covered", "black-and-white", "dog"],
    "ﬁve ＣＡＴＳ café": ["five", "cats", "café"],
    " \t\n!?": [],
}
CHINESE = {
    "一个穿着红色T恤的人。": list("一个穿着红色t恤的人"),
    "２０只ＡＢ狗，跑！": ["20", "只", "ab", "狗", "跑"],
    "𠮷野家 iPhone 15": ["𠮷", "野", "家", "iphone", "15"],
}


@pytest.mark.parametrize("text", ENGLISH)
def test_english(text):
    assert tokenize(text) == ENGLISH[text]


@pytest.mark.parametrize("text", CHINESE)
def test_chinese(text):
    assert tokenize(text, "zh") == CHINESE[text]


@pytest.mark.parametrize("language", ["en", "zh"])
@given(text=st.text())
def test_words_are_printable_and_stable_when_split_again(language, text):
    words = tokenize(text, language)
    assert all(word and not any(map(str.isspace, word)) for word in words)
    assert tokenize(detokenize(words, language), language) == words


def test_print():
    words = tokenize("The dog 's t-shirt isn't RED .")
    assert detokenize(words) == "the dog's t-shirt isn't red"
    assert detokenize(words, sentence=True) == "The dog's t-shirt isn't red."
    assert detokenize(["a", "<unk>", "dog"]) == "a dog"
    assert detokenize([], sentence=True) == ""
    chinese = ["狗", "穿", "t", "恤", "iphone", "15"]
    assert detokenize(chinese, "zh", sentence=True) == "狗穿t恤iphone 15。"


def test_unknown_language():
    with pytest.raises(UsageError, match="language 'fr' is unknown; expected en or zh"):
        tokenize("un chien", "fr")
