"""The `<img>` tags of a page, and what they say to people who do not see the picture."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Literal, NamedTuple, TypeAlias

__all__ = ["Markup", "Tag", "read_markup"]

State: TypeAlias = Literal["missing", "decorative", "described"]
_Attributes: TypeAlias = list[tuple[str, str | None]]

_NAMES = ("aria-label", "aria-labelledby")
_SOURCES = ("src", "data-src")
_TEXT_ALONE = ("textarea", "title", "iframe", "noembed", "noframes", "xmp")
_CANDIDATE = re.compile(r"\s*([^\s,]\S*[^\s,])")


class Tag(NamedTuple):
    """A tag.

    Attributes:
        start: Where it begins, in bytes.
        line: Its line, from 1.
        state: "missing" if there is no alt text; "decorative" if the page says that none is needed;
            "described" if there is one.
        sources: Where the picture may be found, as written; the first that can be read counts.
    """

    start: int
    line: int
    state: State
    sources: tuple[str, ...]


class Markup(NamedTuple):
    """What counts of a page: its tags, the address that others refer to, and its language."""

    tags: tuple[Tag, ...]
    base: str
    language: str


def read_markup(page: bytes) -> Markup:
    """Read a page in UTF-8 or any other encoding that has ASCII's signs in ASCII's places."""
    reader = _Reader(page.decode("latin-1"))  # a letter a byte, so that places are those in bytes
    return Markup(tuple(reader.tags), reader.base, reader.language)


class _Reader(HTMLParser):
    # older versions of Python take what stands in the others for tags, which browsers do not
    CDATA_CONTENT_ELEMENTS = ("script", "style", *_TEXT_ALONE)  # type: ignore[misc]

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[Tag] = []
        self.base = self.language = ""
        self._lines = [0, *(match.end() for match in re.finditer("\n", text))]
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: _Attributes) -> None:
        values = {name: _text(value or "") for name, value in reversed(attrs)}  # the first counts
        if tag == "base" and not self.base:
            self.base = values.get("href", "")
        elif tag == "html" and not self.language:
            self.language = values.get("lang", values.get("xml:lang", "")).lower()
        elif tag == "img":
            line, column = self.getpos()
            start = self._lines[line - 1] + column
            self.tags.append(Tag(start, line, _state(values), _sources(values)))


def _state(values: dict[str, str]) -> State:
    is_named = any(values.get(name, "").strip() for name in _NAMES)
    if values.get("alt", "").strip() or (is_named and "alt" not in values):
        return "described"
    is_hidden = values.get("aria-hidden") == "true"
    is_ornament = values.get("role", "").lower() in ("presentation", "none")
    return "decorative" if "alt" in values or is_hidden or is_ornament else "missing"


def _sources(values: dict[str, str]) -> tuple[str, ...]:
    plain = [values[name].strip() for name in _SOURCES if values.get(name, "").strip()]
    several = [_CANDIDATE.match(values.get(name, "")) for name in ("srcset", "data-srcset")]
    return (*plain, *(match[1] for match in several if match))


def _text(value: str) -> str:
    """A value in UTF-8 where it is that."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeError:
        return value
