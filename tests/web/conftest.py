"""A server with a small captioner and a library of a few photographs, and visits of a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from photos.conftest import age
from tiny import save_photograph, tiny_bundle
from tushuo.caption import Captioner, load_captioner
from tushuo.photos import Library
from tushuo.web.app import create_app
from web.browsing import DOG, Visit, chromium, serving
from web.samples import exif

HOME = "http://127.0.0.1:8017"


@pytest.fixture(scope="session")
def captioner():
    return Captioner(tiny_bundle())


@pytest.fixture(scope="session")
def library_file(captioner, tmp_path_factory) -> Path:
    """Three photographs: one with date, camera and place, one in a Chinese folder, one plain."""
    folder = tmp_path_factory.mktemp("web")
    first = save_photograph(folder / "a.jpg", seed=1, size=(120, 80))
    exif(first, taken="2024:05:31 18:02:11", camera="Canon EOS R5", place=(48.1, -11.6))
    second = save_photograph(folder / "狗" / "b.png", seed=2)
    third = save_photograph(folder / "c.jpg", seed=3)
    exif(third, taken="2025:01:02 03:04:05")
    for path in (first, second, third):
        age(path)
    with Library(folder / "library.db") as library:
        library.index([folder], captioner)
    return folder / "library.db"


@pytest.fixture(scope="session")
def app(captioner, library_file):
    return create_app(captioner, library_file)


@pytest.fixture(scope="session")
def client(app):
    """A visitor on this machine."""
    with TestClient(app, base_url=HOME, follow_redirects=False) as client:
        yield client


@pytest.fixture(scope="session")
def photograph(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("sent") / "sent.jpg"
    return save_photograph(path, seed=9, size=(200, 120)).read_bytes()


@pytest.fixture
def number(client):
    """Of the photograph with date, camera and place."""
    (found,) = client.get("/api/photos", params={"q": "camera:canon"}).json()["photos"]
    return found["id"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The address of a server for browsers."""
    with serving(tmp_path_factory.mktemp("browser")) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    """Chromium."""
    playwright = pytest.importorskip("playwright.sync_api")
    playwright.expect.set_options(timeout=30_000)  # a machine may be busy
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
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
    """What is said of the dog."""
    (caption,) = load_captioner("flickr8k-en")([DOG])
    return caption


@pytest.fixture(scope="module")
def chosen(said):
    """A word of the caption that is no part of another."""
    return max(said.words, key=len)
