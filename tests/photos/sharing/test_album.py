"""An album is a page that needs nothing from outside, and small copies without metadata."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

import pytest
from PIL import Image

from tiny import save_photograph
from tushuo.errors import ImageError, UsageError
from tushuo.photos import Album, Captioned, Shown
from tushuo.photos.exif import Facts


def captioned(path, *captions):
    content = path.read_bytes() if path.exists() else b""
    shown = tuple(Shown(text, language, None, None) for language, text in captions)
    return Captioned(path, sha256(content).hexdigest(), shown, Facts(4, 3, "2024-05-31 18:02:11"))


@pytest.fixture
def page(tmp_path):
    album = Album(tmp_path / "album", 'A "week" <away>', "en")
    big = save_photograph(tmp_path / "a & b.jpg", size=(900, 600))
    album.add(captioned(big, ("zh", "一只狗"), ("en", 'A dog & "cat" <script>')))
    album.add(captioned(save_photograph(tmp_path / "c.png", seed=1), ("en", "A cat")))
    return album.finish()


class Reader(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def test_the_page(page):
    text = page.read_text("utf-8")
    assert "<title>A &quot;week&quot; &lt;away&gt;</title>" in text
    pictures = [at for tag, at in Reader(text).tags if tag == "img" and "src" in at]
    assert [at["alt"] for at in pictures] == ['A dog & "cat" <script>', "A cat"]
    assert (pictures[0]["width"], pictures[0]["height"]) == ("480", "320")
    assert '<p lang="zh">一只狗</p>' in text
    assert "2024-05-31 18:02:11 · a &amp; b.jpg" in text
    for picture in pictures:
        assert (page.parent / picture["src"]).is_file()


def test_nothing_comes_from_outside(page):
    text = page.read_text("utf-8")
    assert not re.search(r"https?://|url\(|@import", text)
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy.startswith("default-src 'none'; ")
    for tag, kind in (("style", "style-src"), ("script", "script-src")):
        (content,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = b64encode(sha256(content.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}'" in policy


def test_copies_are_small_and_say_nothing(tmp_path):
    photo = tmp_path / "a.jpg"
    exif = Image.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    Image.new("RGB", (2000, 1000)).save(photo, exif=exif, comment=b"secret")
    album = Album(tmp_path / "album", "x")
    album.add(captioned(photo, ("en", "A dog")))
    for name, size in (("photos", (1600, 800)), ("thumbs", (480, 240))):
        (copy,) = (tmp_path / "album" / name).iterdir()
        with Image.open(copy) as image:
            assert image.size == size
            assert not image.getexif()
            assert "comment" not in image.info


def test_in_chinese(tmp_path):
    album = Album(tmp_path / "album", "相册", "zh")
    photo = save_photograph(tmp_path / "c.png")
    album.add(captioned(photo, ("en", "A dog"), ("zh", "一只狗")))
    text = album.finish().read_text("utf-8")
    assert '<html lang="zh">' in text
    assert 'alt="一只狗" lang="zh"' in text
    assert "1 张照片" in text


def test_made_anew_but_over_nothing_else(page, tmp_path):
    again = Album(page.parent, "Other")
    again.add(captioned(tmp_path / "c.png", ("en", "A cat")))
    assert "Other" in again.finish().read_text("utf-8")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "index.html").write_text("<p>my page")
    with pytest.raises(UsageError, match="something else than an album; name a new folder"):
        Album(tmp_path / "mine", "x")
    with pytest.raises(UsageError, match="cannot make album"):
        Album(tmp_path / "mine" / "index.html", "x")


def test_photographs_that_left_an_album_leave_no_copy(page, tmp_path):
    mine = page.parent / "photos" / "mine.jpg"
    mine.write_bytes(b"not ours")
    again = Album(page.parent, "Other")
    again.add(captioned(tmp_path / "c.png", ("en", "A cat")))
    again.finish()
    names = [path.name for path in page.parent.glob("thumbs/*")]
    assert len(names) == 1
    assert {path.name for path in page.parent.glob("photos/*")} == {*names, "mine.jpg"}


def test_an_album_that_was_broken_off(tmp_path):
    photo = save_photograph(tmp_path / "c.png")
    Album(tmp_path / "album", "x").add(captioned(photo, ("en", "A cat")))
    again = Album(tmp_path / "album", "x")
    again.add(captioned(photo, ("en", "A cat")))
    assert 'alt="A cat"' in again.finish().read_text("utf-8")


def test_a_photograph_that_is_gone(tmp_path):
    with pytest.raises(ImageError, match="no such file"):
        Album(tmp_path / "album", "x").add(captioned(tmp_path / "gone.jpg", ("en", "A dog")))
