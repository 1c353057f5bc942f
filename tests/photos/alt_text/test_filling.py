"""Pictures are found in the site and nowhere else, and described by whoever knows them best."""

from __future__ import annotations

import os

import pytest

from tiny import save_photograph
from tushuo.errors import ImageError, UsageError
from tushuo.photos import Captions
from tushuo.photos.alt_text import Page, Site, fill, missing
from tushuo.photos.alt_text.site import Left
from tushuo.photos.metadata import ALT_TEXT, merged


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "site"
    for name in ("a.png", "img/b c.png", "img/狗.png"):
        save_photograph(root / name)
    save_photograph(root / "img" / "dot.png", size=(8, 8))
    (root / "blog").mkdir()
    save_photograph(tmp_path / "secret.png")
    (root / "img" / "link.png").symlink_to(tmp_path / "secret.png")
    return root


def write(root, body, name="blog/page.html"):
    (root / name).write_text(body, "utf-8")
    site = Site(root)
    return site, [page for page in site.pages() if isinstance(page, Page)]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("../a.png", "a.png"),
        ("/a.png?v=2#x", "a.png"),
        ("../img/b%20c.png", "img/b c.png"),
        ("../img/b c.png", "img/b c.png"),
        ("/img/狗.png", "img/狗.png"),
        ("../../../a.png", "a.png"),  # browsers do not go above the root either
    ],
)
def test_addresses(root, source, found):
    site, (page,) = write(root, "<p>")
    assert site.find(page, source) == root / found


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("https://example.org/a.png", "another site"),
        ("//example.org/a.png", "another site"),
        ("file:///etc/passwd", "another site"),
        ("data:image/png;base64,AAAA", "in the page itself"),
        ("{{ url }}", "a template"),
        ("/img/link.png", "outside the folder"),
        ("/%2e%2e/secret.png", "outside the folder"),
        ("/img/..%2f..%2fsecret.png", "outside the folder"),
    ],
)
def test_what_is_left(root, source, why):
    site, (page,) = write(root, "<p>")
    found = site.find(page, source)
    assert isinstance(found, Left)
    assert why in found


@pytest.mark.parametrize("source", ["nope.png", "/a%00.png", "/img", "/" + "x" * 5000, "http://["])
def test_what_is_not_there(root, source):
    site, (page,) = write(root, "<p>")
    with pytest.raises(ImageError, match=r"no such file|is no address"):
        site.find(page, source)


def test_addresses_in_full(root):
    _, (page,) = write(root, "<base href='https://example.org/blog/img/'>")
    site = Site(root, "https://example.org/blog")
    assert site.find(page, "b c.png") == root / "img" / "b c.png"
    assert site.find(page, "https://example.org/blog/a.png") == root / "a.png"
    assert "outside the folder" in site.find(page, "/a.png")
    with pytest.raises(UsageError, match="base URL: got 'example"):
        Site(root, "example.org")
    with pytest.raises(UsageError, match="is no folder"):
        Site(root / "a.png")


def test_pages(root, tmp_path):
    for name in ("z.HTM", "a.xhtml", ".git/x.html", "img/readme.txt"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("<p>")
    (tmp_path / "other.html").write_text("<p>")
    (root / "out.html").symlink_to(tmp_path / "other.html")
    (root / "wide.html").write_text("<p>", "utf-16")
    found = {getattr(page, "name", page): page for page in Site(root).pages()}
    problems = [page for page in found.values() if not isinstance(page, Page)]
    assert {name for name in found if isinstance(name, str)} == {"z.HTM", "a.xhtml"}
    ((path, error),) = problems
    assert (path.name, "UTF-16" in str(error)) == ("wide.html", True)


def test_a_folder_that_cannot_be_read(root, monkeypatch):
    scan = os.scandir

    def scanned(folder):
        if str(folder).endswith("img"):
            raise PermissionError(13, "Permission denied", str(folder))
        return scan(folder)

    monkeypatch.setattr(os, "scandir", scanned)
    ((path, error),) = Site(root).pages()
    assert (path, str(error)) == (root / "img", "Permission denied")


def test_each_picture_is_described(root, captioner):
    body = (
        "<img src=/a.png><img src=/a.png>\n<img src=/img/dot.png><img src=no.png><img alt=''><img>"
    )
    site, pages = write(root, body)
    (filled,) = fill(site, pages, Captions(captioner))
    text = captioner([root / "a.png"])[0].text
    assert [alt.what for alt in filled.texts] == ["filled", "filled", "left", "failed", "left"]
    assert [alt.line for alt in filled.texts] == [1, 1, 2, 2, 2]
    assert filled.texts[0].text == text
    assert filled.texts[2].why == "it is small (8 x 8 pixels)"
    assert filled.texts[4].why == "it has no address"
    assert filled.decorative == 1
    expected = body.replace("<img src=/a", f'<img alt="{text}" src=/a')
    assert filled.content == expected.encode()
    assert [alt.what for alt in missing(pages[0]).texts] == ["missing"] * 5


def test_a_person_knows_best(root, captioner, library):
    photo = save_photograph(root / "a.jpg", seed=5)
    site, pages = write(root, "<img src=/a.jpg><img src=/a.png>")
    library.index([root], captioner)
    library.edit(root / "a.png", "Bello")

    def texts():
        (filled,) = fill(site, pages, library.captions(captioner))
        return [alt.text for alt in filled.texts]

    model = captioner([photo])[0].text
    assert texts() == [model, "Bello"]
    for path in (photo, root / "a.png"):
        own = merged(None, {ALT_TEXT: {"x-default": "A cat,\nasleep"}})
        path.with_name(f"{path.name}.xmp").write_bytes(own)
    assert texts() == ["A cat, asleep", "Bello"]
