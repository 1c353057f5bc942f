"""Searches find what they should, nothing else, and say why."""

from __future__ import annotations

import pytest

from photos.library_rows import Row, fill
from tushuo.errors import UsageError
from tushuo.photos.searching import marked


def names(library, query, **options):
    return [hit.path.name for hit in library.search(query, **options)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("dog", {"a.jpg", "b.jpg"}),
        ("DOGS", {"a.jpg", "b.jpg"}),
        ("running", {"a.jpg", "b.jpg"}),
        ("dog beach", {"a.jpg"}),
        ('"dog runs"', {"a.jpg"}),
        ('"dogs run"', {"b.jpg"}),
        ('"runs dog"', set()),
        ('-"dog runs"', {"b.jpg", "c.jpg", "d.jpg"}),
        ("-狗", {"b.jpg", "c.jpg", "d.jpg"}),
        ("dog -beach", {"b.jpg"}),
        ('-"on the"', {"b.jpg", "c.jpg", "d.jpg"}),
        ("unicorn", set()),
        ("dog unicorn", set()),
        ("cafe", {"d.jpg"}),
        ("狗", {"a.jpg"}),
        ("小狗", {"a.jpg"}),
        ("狗小", set()),
        ("lang:zh", {"a.jpg"}),
        ("dog lang:zh", set()),
        ("after:2024-05", {"b.jpg", "c.jpg"}),
        ("before:2024-05", {"a.jpg"}),
        ("after:2024 before:2024-05-02", {"a.jpg", "b.jpg"}),
        ("-after:2024-05", {"a.jpg", "d.jpg"}),
        ("camera:CANON", {"a.jpg", "c.jpg"}),
        ("camera:%", set()),
        ("dog -camera:canon", {"b.jpg"}),
        ("path:HOLIDAY", {"a.jpg", "b.jpg"}),
        ("path:Ä", {"c.jpg"}),
        ("cat path:holiday", set()),
    ],
)
def test_queries(searched, query, found):
    hits = names(searched, query)
    assert set(hits) == found
    assert len(hits) == len(found)  # each file once


def test_the_best_come_first(library):
    long = "a dog and a man and a woman and a child and a horse"
    fill(library, [Row("/long.jpg", long), Row("/short.jpg", "a dog"), Row("/none.jpg", "a cat")])
    assert names(library, "dog") == ["short.jpg", "long.jpg"]
    assert names(library, "dog", limit=1) == ["short.jpg"]


def test_why_it_matched(searched):
    hit = searched.search("beach running after:2024 camera:canon")[0]
    assert hit.matched == ["runs", "beach"]
    assert marked(hit.caption, hit.spans, "[", "]") == "A dog [runs] on the [beach]."
    assert hit.why == ("taken 2024-04-30 23:59:59", "camera Canon EOS 5D")
    assert hit.by == "made-up"
    chinese = searched.search("沙滩 狗")[0]
    assert chinese.caption == "一只小狗在沙滩上。"
    assert chinese.matched == ["狗", "沙滩"]


def test_captions_that_are_not_shown_are_not_found(searched):
    searched.edit("/holiday/a.jpg", "Bello on Sylt")
    assert names(searched, "beach") == []
    hit = searched.search("bello")[0]
    assert (hit.path.name, hit.by) == ("a.jpg", None)
    searched.edit("/holiday/a.jpg", "")
    assert names(searched, "bello") == []
    assert names(searched, "beach") == ["a.jpg"]


def test_a_person_s_text_is_only_text(searched):
    searched.edit("/holiday/a.jpg", 'say "dog" \x02\x03\x1b[31m \u200b\ud800 OR NEAR(')
    hit = searched.search("say")[0]
    assert hit.caption == 'say "dog" [31m OR NEAR('
    assert hit.matched == ["say"]


@pytest.mark.parametrize("limit", [0, -1])
def test_limits(searched, limit):
    with pytest.raises(UsageError, match=f"limit: got {limit}, expected 1 or more"):
        searched.search("dog", limit=limit)
