"""Where in an XMP packet some properties stand, and what they say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from xml.parsers.expat import ExpatError, ParserCreate

from tushuo.errors import ImageError
from tushuo.photos.metadata.notes import damaged

__all__ = ["MAX_XMP", "RDF", "Scan", "Spot"]

MAX_XMP = 16 << 20
"""The largest packet that is read, in bytes."""

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

_ROOT, _NODE, _ITEM, _ABOUT = (f"{RDF} {name}" for name in ("RDF", "Description", "li", "about"))
_LANGUAGE = "http://www.w3.org/XML/1998/namespace lang"
_TAG = re.compile(rb"""<(?:[^"'>]|"[^"]*"|'[^']*')*>""")
_NAME = re.compile(rb"<([^\s/>]+)")
_ATTRIBUTE = re.compile(rb"""\s+([^\s=]+)\s*=\s*(?:"[^"]*"|'[^']*')""")


class Spot(NamedTuple):
    """A stretch of a packet, in bytes, and whether it is an element or an attribute."""

    start: int
    end: int
    is_element: bool = True


class Scan:
    """Reads a packet once.

    Args:
        packet: UTF-8.
        names: The properties to look for, each as namespace, space, name.

    Attributes:
        texts: Of each property that is there: texts by language.
        spots: Where each property stands.
        end: Where further nodes may be written.
        before: What must stand before them.
        after: What must stand after them.
        about: What the nodes are about, which must be the same in all of them.

    Raises:
        ImageError: It is no XMP, too large, or has a document type.
    """

    def __init__(self, packet: bytes, names: frozenset[str]) -> None:
        if len(packet) > MAX_XMP:
            raise damaged("its XMP", f"{len(packet):,} bytes, at most {MAX_XMP:,} are read")
        self.texts: dict[str, dict[str, str]] = {}
        self.spots: dict[str, list[Spot]] = {}
        self.end: Spot = Spot(0, 0)
        self.before = self.after = self.about = ""
        self._packet, self._names = packet, names
        self._open: list[tuple[str, int]] = []  # names and starts of the elements around
        self._root = -1  # how deep rdf:RDF lies, once it was met
        self._prefixes: dict[str, set[str]] = {}
        self._text: list[str] = []
        self._language = ""
        self._parse()

    def _parse(self) -> None:
        parser = self._parser = ParserCreate("utf-8", " ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._close
        parser.CharacterDataHandler = self._text.append
        parser.StartNamespaceDeclHandler = self._declare
        parser.StartDoctypeDeclHandler = _refuse
        try:
            parser.Parse(self._packet, True)
        except (ExpatError, UnicodeError) as error:
            raise damaged("its XMP", str(error)) from None
        if self._root < 0:
            raise damaged("its XMP", "it holds no RDF")

    def _declare(self, prefix: str | None, space: str) -> None:
        self._prefixes.setdefault(space, set()).add(prefix or "")

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        start = self._parser.CurrentByteIndex
        if name == _ROOT and self._root < 0:
            self._root = len(self._open)
        elif self._level() == 1 and name == _NODE:
            self.about = self.about or attributes.get(_ABOUT, "")
            for each in self._names & attributes.keys():
                self._note(each, attributes[each])
                self.spots.setdefault(each, []).append(self._attribute(start, each))
        elif name == _ITEM:
            self._language = attributes.get(_LANGUAGE, "x-default")
        self._text.clear()
        self._open.append((name, start))

    def _close(self, name: str) -> None:
        _, start = self._open.pop()
        text = "".join(self._text)
        outer = self._open[self._root + 2][0] if self._level() > 2 else ""
        if name == _ITEM and outer in self._names:
            self._note(outer, text, self._language)
            self._text.clear()
        elif self._level() == 2 and name in self._names:
            if text.strip():
                self._note(name, text.strip())
            self.spots.setdefault(name, []).append(Spot(start, self._end_of(start)))
        elif len(self._open) == self._root and name == _ROOT and not self.end.end:
            self._finish(start)

    def _level(self) -> int:
        """How many elements are open, rdf:RDF the first of them; 0 or less outside of it."""
        return len(self._open) - self._root if self._root >= 0 else 0

    def _note(self, name: str, text: str, language: str = "x-default") -> None:
        self.texts.setdefault(name, {}).setdefault(language, text)

    def _tag(self, start: int) -> re.Match[bytes]:
        match = _TAG.match(self._packet, start)
        assert match is not None  # expat has found a tag there
        return match

    def _end_of(self, start: int) -> int:
        """Where the element that begins at `start`, and that expat just closed, ends."""
        tag = self._tag(start)
        if tag[0].endswith(b"/>"):
            return tag.end()
        return self._packet.index(b">", self._parser.CurrentByteIndex) + 1

    def _attribute(self, start: int, name: str) -> Spot:
        tag = self._tag(start)
        space, _, local = name.partition(" ")
        spelt = {f"{prefix}:{local}".encode() for prefix in self._prefixes[space]}
        # one after the other, since the value of one may look like another
        found = next(each for each in _ATTRIBUTE.finditer(tag[0]) if each[1] in spelt)
        return Spot(start + found.start(), start + found.end(), is_element=False)

    def _finish(self, start: int) -> None:
        tag = self._tag(start)
        at = self._parser.CurrentByteIndex
        self.end = Spot(at, at)
        if tag[0].endswith(b"/>"):  # an empty rdf:RDF becomes two tags
            name = _NAME.match(tag[0])
            assert name is not None
            self.end = Spot(tag.end() - 2, tag.end())
            self.before, self.after = ">\n", f"</{name[1].decode()}>"


def _refuse(*_: Any) -> None:
    """Entities could be used to make a packet grow without end, or to read other files."""
    raise ImageError("its XMP has a document type, which is not read")
