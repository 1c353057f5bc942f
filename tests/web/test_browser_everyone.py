"""The pages for everyone: by keyboard, on a phone, in the dark, in Chinese, checked by axe-core."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("playwright", reason="needs the packages of `make test-browser`")
from playwright.sync_api import expect

from web.browsing import DOG, KITTEN, PHONE, Visit, serving

pytestmark = pytest.mark.browser


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
