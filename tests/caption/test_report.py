"""The HTML report: mistakes, the choice of photographs, and a page that needs nothing else."""

from __future__ import annotations

import base64
import json
import re
from html.parser import HTMLParser
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from tiny import save_photograph
from tushuo.caption import Caption
from tushuo.caption.metrics import bootstrap, evaluate_captions
from tushuo.caption.report import Reported, caption_report, find_mistakes, mistake_shares
from tushuo.caption.report.photographs import attention_numbers, seen_region, selection, thumbnail
from tushuo.caption.report.words import GROUPS
from tushuo.data import Preprocessing


def found(caption, *references):
    mistakes = find_mistakes(caption, references)
    return {(m.group, m.word): m.instead if m.contradicts else None for m in mistakes}


@pytest.mark.parametrize(
    ("caption", "references", "expected"),
    [
        ("A red car.", ["A blue car .", "The blue and white car"],
         {("colour", "red"): ("blue", "white")}),
        ("A red car.", ["A car ."], {("colour", "red"): None}),
        ("A grey dog runs.", ["a gray puppy running"], {}),
        ("Two dogs.", ["Three dogs"], {("count", "two"): ("three",)}),
        ("A man sits.", ["A lady is seated"], {("gender", "man"): ("lady",)}),
        ("A man sits.", ["A person is seated"], {("gender", "man"): None}),
        ("A boy with a ball.", ["A boy"], {("object", "ball"): None}),
        ("A boy jumps.", ["A boy swims"], {("action", "jumps"): None}),
        ("A car.", ["A truck"], {}),
        ("The quick thing.", ["Nothing alike"], {}),
    ],
)  # fmt: skip
def test_mistakes(caption, references, expected):
    assert found(caption, *references) == expected


def test_shares_of_mistakes():
    mistakes = [find_mistakes("A red red dog.", ["a blue dog"]), find_mistakes("A dog.", ["a dog"])]
    shares = mistake_shares(mistakes)
    assert shares["colour"] == (0.5, 0.5)
    assert shares["object"] == (0, 0)
    assert list(shares) == list(GROUPS)


def test_word_lists_are_lower_case_tokens():
    for supporting in GROUPS.values():
        for word, alike in supporting.items():
            assert word in alike
            assert re.fullmatch(r"[a-z][a-z-]*", word)


@pytest.mark.parametrize(("total", "count"), [(40, 20), (5, 200), (3, 1), (3, 2), (1, 1), (40, 3)])
def test_selection(total, count):
    scores = np.random.default_rng(0).permutation(total).astype(float)
    chosen = selection(scores, count)
    assert len(chosen) == min(total, count)
    sides = {side: [scores[i] for i in chosen if chosen[i] == side] for side in
             ("worst", "best", "chance")}  # fmt: skip
    assert sides["worst"] == sorted(scores)[: len(sides["worst"])]
    assert sorted(sides["best"]) == sorted(scores)[total - len(sides["best"]) :]
    if count == 20:
        assert [len(values) for values in sides.values()] == [5, 5, 10]


def test_thumbnails_are_small(tmp_path):
    uri, size = thumbnail(save_photograph(tmp_path / "a.png", size=(900, 600)))
    kind, _, content = uri.partition(",")
    assert kind == "data:image/jpeg;base64"
    assert Image.open(BytesIO(base64.b64decode(content))).size == (300, 200)
    assert size[0] / size[1] == 1.5


def test_attention_is_stretched_to_bytes():
    maps = np.array([[[0.1, 0.2], [0.3, 0.4]], [[0.25] * 2] * 2], np.float32)
    numbers = base64.b64decode(attention_numbers(maps))
    assert list(numbers) == [0, 85, 170, 255, 0, 0, 0, 0]


def test_the_region_is_in_shares():
    left, top, right, bottom = seen_region(Preprocessing(size=64), (200, 100))
    assert 0 <= left < right <= 1
    assert 0 <= top < bottom <= 1


HOSTILE = "</script><img src=x onerror=alert(1)> A dog & <b>"


class Reader(HTMLParser):
    """Tags with their attributes, and the text of scripts."""

    def __init__(self):
        super().__init__()
        self.tags, self.scripts, self.inside = [], [], None

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.inside = tag

    def handle_data(self, data):
        if self.inside == "script" and data.strip():
            self.scripts.append(data)
            self.inside = None


@pytest.fixture
def report(tmp_path):
    def write(language="en", images=2):
        photographs = []
        for i, text in enumerate(["A red dog.", HOSTILE, "Two cats sit."]):
            path = save_photograph(tmp_path / f'{i} <&".png', seed=i)
            attention = np.random.default_rng(i).random((4, 2, 2)).astype(np.float32)
            caption = Caption(text, ("a", "b", "c", "d"), -5.0, -1.0, attention, confidence=0.25)
            photographs.append(Reported(path, caption, ["A blue dog", HOSTILE], score=float(i)))
        scores = evaluate_captions(
            {str(i): p.caption.text for i, p in enumerate(photographs)},
            {str(i): p.references for i, p in enumerate(photographs)},
        )
        page = caption_report(
            photographs, scores, bootstrap(scores), title="Tiny <b>", signature=scores.signature(),
            preprocessing=Preprocessing(size=64), language=language, images=images,
        )  # fmt: skip
        reader = Reader()
        reader.feed(page)
        return page, reader, json.loads(reader.scripts[0])

    return write


def test_the_page_needs_nothing_from_outside(report):
    page, reader, content = report()
    assert "default-src 'none'" in page
    assert not [a for _, a in reader.tags if {"src", "href", "data"} & a.keys()]
    assert all(p["picture"].startswith("data:image/jpeg;base64,") for p in content["photographs"])
    assert not re.search(r"%%|@import|url\(|fetch\(|XMLHttpRequest", page)


def test_hostile_text_stays_text(report):
    page, reader, content = report(images=3)
    assert page.count("<script") == 2
    assert {tag for tag, _ in reader.tags} & {"img", "b"} == set()
    assert not any("onerror" in attributes for _, attributes in reader.tags)
    assert {p["caption"] for p in content["photographs"]} >= {HOSTILE}
    assert "<title>Tiny &lt;b&gt;</title>" in page


def test_the_content(report):
    _, _, content = report()
    assert content["total"] == 3
    assert [p["side"] for p in content["photographs"]] == ["worst", "best"]
    worst = content["photographs"][0]
    assert worst["caption"] == "A red dog."
    assert worst["mistakes"][0]["instead"] == ["blue"]
    assert worst["grid"] == [2, 2]
    assert worst["confidence"] == 0.25
    assert [row[0] for row in content["scores"]][-1] == "CIDEr-D"
    name, value, (low, high) = content["scores"][0]
    assert (name, low <= value <= high) == ("BLEU-1", True)


def test_mistakes_are_for_english(report):
    _, reader, content = report(language="zh")
    assert content["groups"] == {}
    assert all(p["mistakes"] == [] for p in content["photographs"])
    assert ("html", {"lang": "zh"}) in reader.tags
