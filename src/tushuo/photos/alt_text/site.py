"""A website in a folder: its pages, and the files that addresses in them lead to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote, unquote, urljoin, urlsplit

from tushuo.errors import ImageError, TushuoError, UsageError
from tushuo.photos.alt_text.tags import Markup, read_markup
from tushuo.photos.reading import read_content

__all__ = ["Left", "Page", "Site"]

_SUFFIXES = {".html", ".htm", ".xhtml"}
_MAX_PAGE = 32 << 20  # bytes
_TEMPLATES = ("{{", "{%", "<%", "<?", "${")
_NOWHERE = "http://site.invalid/"


class Left(str):
    """Why a picture is none of ours to describe."""


@dataclass(frozen=True, eq=False)
class Page:
    """A page as it was read.

    Attributes:
        path: The file.
        name: Its path in the site, with slashes.
        content: What it holds.
        status: How the file was then.
    """

    path: Path
    name: str
    content: bytes
    status: os.stat_result

    @cached_property
    def markup(self) -> Markup:
        """Its tags."""
        return read_markup(self.content)


class Site:
    """A folder of HTML files.

    Args:
        root: The folder.
        base_url: The address at which the folder is found on the web, for pages that name their
            pictures in full; None if they do not.

    Raises:
        UsageError: There is no such folder, or the address is none.
    """

    def __init__(self, root: str | os.PathLike[str], base_url: str | None = None) -> None:
        self.root = Path(root)
        if not self.root.is_dir():
            raise UsageError(f"{str(self.root)!r} is no folder", hint="name that of a website")
        self._real = self.root.resolve()
        self._base = _NOWHERE if base_url is None else base_url.rstrip("/") + "/"
        if urlsplit(self._base).scheme not in ("http", "https"):
            raise UsageError(f"base URL: got {base_url!r:.200}", hint="as in https://example.org/")

    def pages(self) -> Iterator[Page | tuple[Path, TushuoError]]:
        """The pages by name, or why one or a folder cannot be read; no hidden folders."""
        closed: list[OSError] = []
        for folder, folders, names in os.walk(self.root, onerror=closed.append):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                path = Path(folder, name)
                if path.suffix.lower() in _SUFFIXES and self._holds(path):
                    try:
                        yield self._page(path)
                    except TushuoError as error:
                        yield path, error
        for failure in closed:
            yield Path(failure.filename), ImageError(failure.strerror or str(failure))

    def find(self, page: Page, source: str) -> Path | Left:
        """The file that an address in a page leads to.

        Raises:
            ImageError: There is no such file in the site.
        """
        if any(mark in source for mark in _TEMPLATES):
            return Left("a template fills in its address")
        try:
            home = self._base + quote(page.name, errors="surrogateescape")
            url = urlsplit(urljoin(urljoin(home, page.markup.base), source))
            base = urlsplit(self._base)
        except ValueError:
            raise ImageError(f"{source!r:.200} is no address") from None
        if url.scheme == "data":
            return Left("it stands in the page itself")
        if (url.scheme, url.netloc) != (base.scheme, base.netloc):
            return Left("it lies on another site")
        if not url.path.startswith(base.path):
            return Left("it lies outside the folder")
        return self._file(unquote(url.path[len(base.path) :], errors="surrogateescape"))

    def _file(self, name: str) -> Path | Left:
        path = self.root / name.lstrip("/")
        try:
            is_file = path.is_file()
        except (OSError, ValueError):  # too long, or with a null character
            is_file = False
        if not self._holds(path):  # by "..", or by a link
            return Left("it lies outside the folder")
        if not is_file:
            raise ImageError("no such file")
        return path

    def _holds(self, path: Path) -> bool:
        try:
            return path.resolve().is_relative_to(self._real)
        except (OSError, ValueError, RuntimeError):  # no possible name, or links in a circle
            return True

    def _page(self, path: Path) -> Page:
        content, status = read_content(path)
        if len(content) > _MAX_PAGE:
            raise ImageError(f"{len(content):,} bytes, at most {_MAX_PAGE:,} are read")
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise ImageError("it is in UTF-16, which is not changed", hint="save it as UTF-8")
        return Page(path, path.relative_to(self.root).as_posix(), content, status)
