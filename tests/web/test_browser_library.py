"""The library in Chromium: searched, looked at, corrected."""

from __future__ import annotations

import csv

import pytest

pytest.importorskip("playwright", reason="needs the packages of `make test-browser`")
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


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
    picked = [cards.first.text_content()]
    here.page.get_by_role("searchbox").fill("dog")
    here.page.wait_for_url("**q=dog**")
    here.page.locator(".card").nth(3).locator("input").check()
    picked.append(here.page.locator(".card").nth(3).text_content())
    expect(here.page.locator("#count")).to_have_text("2 selected")
    with here.page.expect_download() as saved:
        here.page.get_by_role("button", name="Export: CSV").click()
    rows = list(csv.DictReader(saved.value.path().open(encoding="utf-8")))
    assert len(rows) == 2
    assert all(any(row["caption"] in text for text in picked) for row in rows)
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
