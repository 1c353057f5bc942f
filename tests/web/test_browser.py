"""The pages in Chromium, used as a person uses them."""

from __future__ import annotations

import csv
import re

import pytest

pytest.importorskip("playwright", reason="needs the packages of `make test-browser`")
from playwright.sync_api import expect, sync_playwright

from tushuo.caption import load_captioner
from web.browsing import SAMPLES, Visit, chromium, serving
from web.samples import hostile, tiff

pytestmark = pytest.mark.browser
expect.set_options(timeout=30_000)  # a machine may be busy

PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
DOG, KITTEN = SAMPLES / "dog.jpg", SAMPLES / "kitten.jpg"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("browser")) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, home):
    """Start a visit; at the end nothing may have gone wrong in any of them."""
    visits = []

    def start(path="/", **options):
        visits.append(Visit(browser, home, **options))
        visits[-1].page.goto(path)
        return visits[-1]

    yield start
    for each in visits:
        each.context.close()
    assert [wrong for each in visits for wrong in each.wrong] == []


@pytest.fixture(scope="module")
def said():
    (caption,) = load_captioner("flickr8k-en")([DOG])
    return caption


@pytest.fixture(scope="module")
def chosen(said):
    """A word of the caption that is no part of another."""
    return max(said.words, key=len)


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


def test_searching_selecting_exporting(visit, said, chosen):
    here = visit("/library")
    cards = here.page.locator(".card")
    expect(cards).to_have_count(8)
    start = said.words[-1][:3]
    here.page.get_by_role("searchbox").press_sequentially(f"camera:canon {chosen} {start}")
    expect(here.page.locator("mark").first).to_be_visible()
    expect(cards).not_to_have_count(8)
    assert all(chosen in text and start in text for text in cards.all_text_contents())
    assert "q=camera" in here.page.url
    cards.first.locator("input").check()
    here.page.get_by_role("searchbox").fill("dog")
    here.page.locator(".card").nth(3).locator("input").check()
    expect(here.page.locator("#count")).to_have_text("2 selected")
    with here.page.expect_download() as saved:
        here.page.get_by_role("button", name="Export: CSV").click()
    rows = list(csv.DictReader(saved.value.path().open(encoding="utf-8")))
    assert len(rows) == 2
    assert all("dog" in row["caption"].lower() for row in rows)
    here.page.reload()
    expect(here.page.locator("#count")).to_have_text("2 selected")
    here.page.get_by_role("searchbox").fill("zebra crossing")
    expect(here.page.locator(".nothing")).to_have_text("No photograph matches.")


def test_by_date_and_place(visit):
    here = visit("/library")
    here.page.locator(".years summary").click()
    here.page.get_by_role("button", name="2024-03").click()
    expect(here.page.locator(".card")).to_have_count(1)
    assert here.page.locator("[name=from]").input_value() == "2024-03-01"
    assert here.page.locator("[name=to]").input_value() == "2024-03-31"
    here.page.locator("[name=from]").fill("")
    here.page.locator("[name=to]").fill("")
    here.page.get_by_label("Place").select_option(label="34.0° S, 18.5° E (4)")
    expect(here.page.locator(".card")).to_have_count(4)


def test_correcting_a_caption(visit):
    here = visit("/library?q=camera")
    here.page.get_by_role("searchbox").fill("path:sheep")
    expect(here.page.locator(".card")).to_have_count(1)
    here.page.locator(".card a").click()
    here.page.get_by_label("Correct the caption").fill("A sheep, not a dog.")
    here.page.get_by_role("button", name="Save").click()
    expect(here.page.locator(".edit [role=status]")).to_have_text("Saved.")
    expect(here.page.locator(".edit .sentence")).to_have_text("A sheep, not a dog.")
    here.page.reload()
    expect(here.page.locator(".edit .sentence")).to_have_text("A sheep, not a dog.")
    here.page.get_by_role("button", name="Take the model's again").click()
    expect(here.page.locator(".edit .sentence")).not_to_have_text("A sheep, not a dog.")


def test_how_a_photograph_of_the_library_is_seen(visit):
    here = visit("/library/1")
    here.page.get_by_role("button", name="Show how the network sees it").click()
    here.words().first.hover()
    assert here.bright() < 0.95
    expect(here.page.locator(".frame")).to_have_count(1)


def tab_to(page, selector, most=40):
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("(s) => document.activeElement.matches(s)", selector):
            return
    pytest.fail(f"{selector} cannot be reached with Tab")


def test_keyboard_alone(visit):
    here = visit()
    page = here.page
    page.on("filechooser", lambda chooser: None)  # listening from the start, or it comes too late
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    tab_to(page, "#choose")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(KITTEN)
    here.words()
    tab_to(page, ".word")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".word").nth(1)).to_be_focused()
    expect(page.locator("#status")).to_have_text(re.compile(r"likely here\. Looked mostly at"))
    assert here.bright() < 0.95
    page.keyboard.press("Enter")
    expect(page.locator(".word").nth(1)).to_have_attribute("aria-pressed", "true")
    tab_to(page, "summary")
    page.keyboard.press("Enter")
    here.see_graph()
    page.goto("/library")
    tab_to(page, "input[type=search]")
    page.keyboard.type("path:kitten")
    expect(page.locator(".card")).to_have_count(1)
    tab_to(page, ".card a")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    tab_to(page, "textarea")
    expect(page.locator("textarea")).to_be_focused()


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_phone_shows_all_of_it(visit, language):
    here = visit(locale=language, **PHONE)
    here.page.set_input_files("#files", KITTEN)
    here.words().nth(1).tap()
    here.page.locator(".graph summary").tap()
    here.see_graph()
    assert here.overflow() <= 0
    for path in ("/library", "/library/1", "/api", "/nothing"):
        here.page.goto(path)
        assert here.overflow() <= 0, path
    here.wrong = [line for line in here.wrong if "404" not in line]


def test_light_and_dark(visit):
    def ground(page):
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    here = visit(color_scheme="dark")
    dark = ground(here.page)
    here.page.get_by_role("button", name="Light or dark").click()
    assert ground(here.page) != dark
    here.page.reload()
    assert ground(here.page) != dark
    assert ground(visit(color_scheme="light").page) == ground(here.page)


def test_the_other_language(visit):
    here = visit()
    here.page.get_by_role("link", name="中文").click()
    expect(here.page.locator("html")).to_have_attribute("lang", "zh-Hans")
    here.page.wait_for_load_state()  # the scripts, which take files
    here.page.set_input_files("#files", DOG)
    here.words().first.hover()
    expect(here.page.locator(".where")).to_have_text(re.compile("^主要看着照片的"))
    here.page.get_by_role("link", name="English").click()
    expect(here.page.locator("html")).to_have_attribute("lang", "en")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", [{"viewport": {"width": 1280, "height": 900}}, PHONE])
def test_accessibility(visit, scheme, device):
    here = visit(color_scheme=scheme, **device)
    assert here.violations() == []
    here.page.set_input_files("#files", DOG)
    here.words().nth(4).click()
    here.page.locator(".graph summary").click()
    here.page.wait_for_selector(".scroller img")
    assert here.violations() == []
    for path in ("/library", "/library?q=dog", "/library/3", "/api", "/nothing", "/language/zh"):
        here.page.goto(path)
        assert here.violations() == [], path
    here.wrong = [line for line in here.wrong if "404" not in line]


def test_the_token_is_asked_for(browser, tmp_path):
    with serving(tmp_path, token="a token for the test") as address:
        here = Visit(browser, address)
        here.page.goto("/library")
        assert here.violations() == []
        here.page.get_by_label("Token").fill("a token for the test")
        here.page.get_by_role("button", name="Enter").click()
        expect(here.page.locator("#drop")).to_be_visible()
        assert "token" not in here.page.url
        here.context.close()
