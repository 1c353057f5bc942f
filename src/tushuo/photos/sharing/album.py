"""An album: a folder with one page and small copies of photographs, shown by any browser.

It needs no server and asks for nothing from outside; the copies carry no metadata, so that no place
where a photograph was taken leaves the house with it.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from tushuo.data import load_image
from tushuo.errors import ImageError, UsageError
from tushuo.photos.sharing.captioned import Captioned

__all__ = ["Album"]

_LARGE, _SMALL = 1600, 480  # pixels of the longer side
_COPIES = ("photos", "thumbs")
_COPY = re.compile(r"[0-9a-f]{20}\.(jpg|tmp)")
_MARK = '<meta name="generator" content="tushuo">'
_WORDS = {
    "en": {
        "search": "Search the captions",
        "count": "{shown} of {all} photographs",
        "all": "{all} photographs",
        "next": "Next photograph",
        "previous": "Previous photograph",
        "close": "Close",
        "none": "No photograph matches.",
    },
    "zh": {
        "search": "搜索图片说明",
        "count": "{all} 张照片中的 {shown} 张",
        "all": "{all} 张照片",
        "next": "下一张",
        "previous": "上一张",
        "close": "关闭",
        "none": "没有匹配的照片。",
    },
}


class _Picture(NamedTuple):
    photograph: Captioned
    name: str
    size: tuple[int, int]  # of the small copy


class Album:
    """An album in the making. Add photographs, then `finish` it.

    Args:
        folder: New, empty, or an album that is to be made anew.
        title: Its heading.
        language: Of the page: "en" or "zh"; captions in it come first.

    Raises:
        UsageError: The folder holds something else, or cannot be made.
    """

    def __init__(self, folder: Path, title: str, language: str = "en") -> None:
        self.folder, self.title, self.language = folder, title, language
        self._pictures: list[_Picture] = []
        try:
            if folder.exists() and any(folder.iterdir()) and not _is_album(folder):
                raise UsageError(
                    f"{str(folder)!r} holds something else than an album",
                    hint="name a new folder; nothing is overwritten",
                )
            for name in _COPIES:
                (folder / name).mkdir(parents=True, exist_ok=True)
            if not _is_album(folder):
                self._write()  # so that one that was broken off can be made anew
        except OSError as error:
            reason = error.strerror or str(error)
            raise UsageError(f"cannot make album {str(folder)!r}: {reason}") from None

    def add(self, photograph: Captioned) -> None:
        """Add a photograph.

        Raises:
            ImageError: It cannot be read, or its copies cannot be written.
        """
        name = f"{photograph.sha256[:20]}.jpg"
        large, small = self.folder / "photos" / name, self.folder / "thumbs" / name
        try:
            if not (large.exists() and small.exists()):
                image = load_image(photograph.path, at_least=(_LARGE, _LARGE))
                _save(image, _LARGE, large)
                _save(image, _SMALL, small)
            with Image.open(small) as opened:
                self._pictures.append(_Picture(photograph, name, opened.size))
        except OSError as error:
            reason = error.strerror or str(error)
            raise ImageError(f"its copy in the album cannot be written: {reason}") from None

    def finish(self) -> Path:
        """Write the page, and return its path.

        Copies of photographs that were in the album before and are so no more go.

        Raises:
            OSError: It cannot be written.
        """
        page = self._write()
        kept = {picture.name for picture in self._pictures}
        for name in _COPIES:
            for copy in (self.folder / name).iterdir():
                if _COPY.fullmatch(copy.name) and copy.name not in kept:
                    copy.unlink()
        return page

    def _write(self) -> Path:
        page, new = self.folder / "index.html", self.folder / ".index.html.tmp"
        new.write_text(self._page(), "utf-8", "replace", newline="\n")
        new.replace(page)
        return page

    def _page(self) -> str:
        words = _WORDS.get(self.language, _WORDS["en"])
        style, script = _resource("album.css"), _resource("album.js")
        parts = {
            "LANGUAGE": "zh" if words is _WORDS["zh"] else "en",
            "MARK": _MARK,
            "TITLE": escape(self.title),
            "STYLE": style,
            "SCRIPT": script,
            "STYLE_HASH": _hash(style),
            "SCRIPT_HASH": _hash(script),
            "PHOTOS": "\n".join(self._items()),
            "COUNTED": escape(words["all"].format(all=len(self._pictures))),
            **{name.upper(): escape(text) for name, text in words.items()},
        }
        pieces = _resource("album.html").split("%%")  # text, name, text, name, ..., text
        return "".join(parts[piece] if i % 2 else piece for i, piece in enumerate(pieces))

    def _items(self) -> Iterator[str]:
        for photograph, name, (width, height) in self._pictures:
            texts = photograph.texts(self.language)
            (language, text), *others = texts.items()
            below = "".join(f'<p lang="{escape(code)}">{escape(t)}</p>' for code, t in others)
            facts = [*filter(None, [photograph.facts.taken]), photograph.path.name]
            yield (
                f'<li><a href="photos/{name}"><img src="thumbs/{name}" alt="{escape(text)}" '
                f'lang="{escape(language)}" width="{width}" height="{height}" loading="lazy"></a>'
                f'<p lang="{escape(language)}" aria-hidden="true">{escape(text)}</p>{below}'
                f"<small>{escape(' · '.join(facts))}</small></li>"
            )


def _is_album(folder: Path) -> bool:
    page = folder / "index.html"
    return page.is_file() and _MARK in page.read_text("utf-8", "replace")[:2000]


def _save(image: Image.Image, side: int, path: Path) -> None:
    copy = image.copy()
    copy.thumbnail((side, side), Image.Resampling.LANCZOS)
    new = path.with_suffix(".tmp")
    copy.save(new, "JPEG", quality=82, progressive=True)
    new.replace(path)


def _resource(name: str) -> str:
    return (files(__package__) / name).read_text("utf-8")


def _hash(text: str) -> str:
    """What a Content-Security-Policy calls a text that it allows; it counts the line breaks."""
    digest = sha256(f"\n{text}\n".encode()).digest()
    return f"sha256-{b64encode(digest).decode()}"
