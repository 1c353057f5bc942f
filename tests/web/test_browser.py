"""Photographs given to the page in Chromium, as a person gives them, and their captions."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("playwright", reason="needs the packages of `make test-browser`")
from playwright.sync_api import expect

from web.browsing import DOG, SAMPLES
from web.samples import hostile, tiff

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("how", ["drop", "paste"])
def test_a_photograph_is_given(visit, said, how):
    here = visit()
    here.give(DOG, how=how)
    words = here.words()
    expect(here.page.locator(".sentence")).to_have_text(said.text)
    assert [word.lower() for word in words.all_text_contents()] == list(said.words)
    expect(here.page.locator(".share").first).to_have_text(f"{100 * said.confidence:.0f} %")
    others = here.page.locator(".others .said").all_text_contents()
    assert others == [other.text for other in said.alternatives]
    expect(here.page.locator("#status")).to_have_text(f"Caption: {said.text}")


def test_the_caption_comes_word_by_word(visit):
    here = visit()
    here.page.evaluate(
        """() => { window.seen = [];
        new MutationObserver(() => {
          const line = document.querySelector(".sentence.writing");
          if (line) seen.push(line.textContent);
        }).observe(document.getElementById("sheets"),
                   { subtree: true, childList: true, characterData: true }); }"""
    )
    here.page.set_input_files("#files", DOG)
    here.words()
    seen = here.page.evaluate("window.seen")
    lengths = [len(text.split()) for text in seen]
    assert len(set(lengths)) >= 3  # what the page had time to show
    assert lengths == sorted(lengths)


def test_pointing_at_a_word_shows_where_it_was_seen(visit, said, chosen):
    here = visit()
    here.page.set_input_files("#files", DOG)
    words = here.words()
    assert here.bright() == 1
    words.filter(has_text=chosen).hover()
    expect(here.page.locator(".word.lit")).to_have_text(chosen)
    assert 0.3 < here.bright() < 0.9
    expect(here.page.locator(".likely")).to_have_text(re.compile(rf"^{chosen}: \d+ % likely here$"))
    assert here.page.locator(".candidates li").count() >= 4
    here.page.mouse.move(5, 5)
    expect(here.page.locator(".word.lit")).to_have_count(0)
    assert here.bright() == 1
    words.last.click()
    here.page.mouse.move(5, 5)
    here.page.locator("h1").click(force=True)
    expect(here.page.locator(".word.lit")).to_have_text(said.words[-1])
    expect(words.last).to_have_attribute("aria-pressed", "true")


def test_the_graph_of_a_word(visit, chosen):
    here = visit()
    here.page.set_input_files("#files", DOG)
    here.words().filter(has_text=chosen).click()
    here.page.locator(".graph summary").click()
    picture = here.page.locator(".scroller img")
    expect(picture).to_have_attribute("alt", re.compile(f"step that chose {chosen}"))
    here.see_graph()
    assert here.overflow() <= 0
    with here.context.expect_page() as opened:
        here.page.locator(".graph .open").click()
    page = opened.value
    page.wait_for_selector("#picture g.card")
    page.locator("#next").click()
    expect(page.locator("#count")).to_have_text(re.compile(r"1 (of|/) \d+"))


def test_many_photographs_at_once(visit):
    here = visit()
    here.give(*sorted(SAMPLES.glob("*.jpg")))
    expect(here.page.locator(".sheet .known:visible")).to_have_count(8, timeout=60_000)


def test_what_is_no_photograph(visit, tmp_path):
    here = visit()
    bad, good = tmp_path / "bad.jpg", tmp_path / "good.tif"
    bad.write_bytes(hostile(DOG.read_bytes())["text"])
    good.write_bytes(tiff(300, 200))
    here.give(bad)
    expect(here.page.locator(".failed .note")).to_contain_text("no photograph that can be read")
    here.give(good)
    here.words()
    expect(here.page.locator(".sheet img").first).to_have_js_property("naturalWidth", 300)
    wrong = "Failed to load resource: the server responded with a status of 422"
    here.wrong = [line for line in here.wrong if wrong not in line]
