"""Queries: what they mean, what is wrong with bad ones, and that no text breaks the parser."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tushuo.errors import UsageError
from tushuo.photos import parse_query
from tushuo.photos.query import Filter, Part, Query, Term


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted"),
    [
        ("dog beach", '"dog" AND "beach"', []),
        ('"a dog" runs', '"a dog" AND "runs"', []),
        ('dog -cat -"red ball"', '"dog"', ['"cat"', '"red ball"']),
        ("小狗 跑", '"小 狗" AND "跑"', []),
        ("“a dog”", '"a dog"', []),  # as phones write quotation marks
        ("t-shirt", '"t shirt"', []),
        ("12:30", '"12 30"', []),
        ("dog's", '"dog s"', []),
        ('NEAR(a b) AND "x" OR * ^y', None, None),
        ("cafe\u0301", '"caf\u00e9"', []),
    ],
)
def test_terms(text, wanted, unwanted):
    if wanted is None:
        with pytest.raises(UsageError, match="nothing to search for in '\\*'"):
            parse_query(text)
    else:
        query = parse_query(text)
        seams = str.maketrans("", "", "\u200b")
        assert query.wanted.translate(seams) == wanted
        assert [term.fts for term in query.terms if term.negated] == unwanted


def test_operators_are_no_operators_to_the_index():
    assert parse_query("a AND b").wanted == '"a" AND "AND" AND "b"'


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("a dog runs", [("a dog runs", False, 1)]),
        ('dog "red ball" -cat after:2024', [("dog red ball", False, 1)]),
        (
            "horse + beach - people",
            [("horse", False, 1), ("beach", False, 1), ("people", False, -1)],
        ),
        (
            "a horse － red ball ＋ sea",
            [("a horse", False, 1), ("red ball", False, -1), ("sea", False, 1)],
        ),
        ("like:a.jpg", [("a.jpg", True, 1)]),
        (
            'Like:"my a.jpg" dog - like:b.jpg',
            [("dog", False, 1), ("my a.jpg", True, 1), ("b.jpg", True, -1)],
        ),
        ("dog -like:b.jpg", [("dog", False, 1), ("b.jpg", True, -1)]),
        ("surf*", []),
        ("surf* beach", [("beach", False, 1)]),
        ("-people", []),
        ("- people", []),
        ("after:2024", []),
    ],
)
def test_meaning(text, meaning):
    assert list(parse_query(text).meaning) == [Part(*part) for part in meaning]


def test_what_is_taken_away_is_left_out_of_captions():
    query = parse_query("horse + beach - red ball")
    assert query.terms == (Term(("horse",)), Term(("beach",)), Term(("red", "ball"), negated=True))
    assert query.wanted == '"horse" AND "beach"'
    assert parse_query("- people").terms == parse_query("-people").terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("after:2024", Filter("after", "2024-01-01")),
        ("before:2024-5", Filter("before", "2024-05-01")),
        ("After：2024-05-31", Filter("after", "2024-05-31")),
        ("-camera:canon", Filter("camera", "canon", negated=True)),
        ('path:"my photos"', Filter("path", "my photos")),
        ("lang:ZH", Filter("lang", "zh")),
    ],
)
def test_filters(text, expected):
    assert parse_query(text) == Query((), (expected,))


def test_all_together():
    query = parse_query('dog -"big cat" after:2024 -lang:zh')
    assert query.terms == (Term(("dog",)), Term(("big", "cat"), negated=True, exact=True))
    assert query.filters == (Filter("after", "2024-01-01"), Filter("lang", "zh", negated=True))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "the query is empty; give words"),
        (" \t ", "the query is empty"),
        ('"dog', 'a quotation mark stands alone; write "exact phrase"'),
        ('do"g', "a quotation mark stands alone"),
        ("-", "nothing to search for after '-'; write: horse + beach - people"),
        ("+ dog", "nothing to search for before '+'"),
        ("dog +", "nothing to search for after '+'"),
        ("dog + - cat", "nothing to search for after '+'"),
        ("like:", "like: has no value; write like:photo.jpg"),
        ("-like:a.jpg", "like: is only taken away; say from what: horse - like:photo.jpg"),
        ("!!!", "nothing to search for in '!!!'"),
        (
            "colour:red",
            "unknown operator 'colour:'; known: after: before: camera: path: lang: like:",
        ),
        ("after:", "after: has no value; write after:2024"),
        ("after:yesterday", "after: 'yesterday' is no date; write after:2024"),
        ("before:2024-13", "before: '2024-13' is no date"),
        ("after:0000", "after: '0000' is no date"),
        ("after:２０２４", "is no date"),
        ("lang:english", "lang: got 'english'; write lang:en or lang:zh"),
        ("x" * 1001, "query of 1,001 characters, at most 1,000"),
        ("x " * 51, "a query of 51 items, at most 50"),
    ],
)
def test_what_is_wrong_is_told(text, problem):
    with pytest.raises(UsageError) as caught:
        parse_query(text)
    assert problem in str(caught.value)


HOSTILE = st.lists(
    st.sampled_from(
        ["dog", '"', "-", ":", "*", "^", "(", ")", "NEAR", "AND", "OR", "NOT", "after:"]
    )
    | st.sampled_from(
        [
            "2024",
            "path:",
            " + ",
            " - ",
            "dog*",
            "'",
            ";",
            "\0",
            "\\",
            "%",
            "{",
            "+",
            "狗",
            "lang:",
            "zh",
        ]
    )
    | st.sampled_from(["\ud800", "\u200b", " ", "body:", "words", "--", "е́", "İ", "ﬁ", "🐕", "½"]),
    max_size=12,
).map("".join)


@settings(max_examples=150, deadline=None)
@given(HOSTILE | st.text(max_size=40))
def test_any_text_is_a_query_or_wrong_usage(searched, text):
    """The whole way through the index, not the parser alone."""
    with suppress(UsageError):
        for hit in searched.search(text):
            assert all(0 <= start < end <= len(hit.caption) for start, end in hit.spans)


@given(st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1), min_size=1, max_size=5))
def test_words_are_never_operators(found):
    query = parse_query(" ".join(found))
    assert len(query.terms) == len(found)
    assert query.wanted.count('"') == 2 * len(found)
