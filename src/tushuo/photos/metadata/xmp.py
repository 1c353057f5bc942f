"""XMP packets: texts read, and put in without touching anything else that stands there.

A packet is searched with expat and mended as bytes, so that what other programs wrote stays as it
is, letter by letter. Source: ISO 16684-1:2019 (XMP), sections 6 and 7.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias
from xml.sax.saxutils import escape, quoteattr

from tushuo.photos.metadata.xmp_scan import RDF, Scan, Spot

__all__ = [
    "ALT_TEXT",
    "DESCRIPTION",
    "WRITTEN",
    "Texts",
    "merged",
    "slim",
    "stripped",
    "texts",
    "with_default",
]

DESCRIPTION = "http://purl.org/dc/elements/1.1/ description"
"""What the picture shows (Dublin Core); namespace, space, name."""

ALT_TEXT = "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/ AltTextAccessibility"
"""What is read to people who do not see the picture (IPTC Photo Metadata Standard 2021.1)."""

WRITTEN = {
    DESCRIPTION: "urn:tushuo:xmp:1.0/ Description",
    ALT_TEXT: "urn:tushuo:xmp:1.0/ AltText",
}
"""For each of them where tushuo notes what it wrote, to tell its own texts from a person's."""

DEFAULT = "x-default"

Texts: TypeAlias = Mapping[str, str]
"""Texts by language; that under "x-default" is for programs that know no languages."""

_PREFIXES = {DESCRIPTION: "dc", ALT_TEXT: "Iptc4xmpCore"} | dict.fromkeys(
    WRITTEN.values(), "tushuo"
)
_PROPERTIES = frozenset(_PREFIXES)
_PADDING = re.compile(rb"(?<!\s)\s+(?=<\?xpacket end)")
_NEW = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
    f'<rdf:RDF xmlns:rdf="{RDF}">\n</rdf:RDF>\n</x:xmpmeta>\n'
    '<?xpacket end="w"?>'
).encode()


def texts(packet: bytes | None) -> dict[str, Texts]:
    """The texts of a packet by property: `DESCRIPTION`, `ALT_TEXT` and those of `WRITTEN`.

    Raises:
        ImageError: The packet is no XMP, too large, or has a document type (which could make it
            grow without end).
    """
    content = stripped(packet)
    return dict(Scan(content, _PROPERTIES).texts) if content else {}


def with_default(captions: Texts) -> Texts:
    """Captions by language, the first of them under "x-default" too."""
    return {DEFAULT: next(iter(captions.values())), **captions}


def merged(packet: bytes | None, properties: Mapping[str, Texts]) -> bytes:
    """A packet in which some properties have new texts, all else being as it was.

    Args:
        packet: The old one; None or blank for a new one.
        properties: The texts of each property, as of `with_default`; one of `texts`.

    Raises:
        ImageError: As of `texts`.
    """
    old = stripped(packet) or _NEW
    scan = Scan(old, _PROPERTIES)
    changed = {name: new for name, new in properties.items() if scan.texts.get(name) != dict(new)}
    edits: list[tuple[Spot, str]] = []
    added = ""
    for name, new in changed.items():
        element = _element(name, new)
        spots = scan.spots.get(name, [])
        first = next((spot for spot in spots if spot.is_element), None)
        edits += [(spot, element if spot is first else "") for spot in spots]
        if first is None:
            added += f"  {element}\n"
    if added:
        about = quoteattr(scan.about)
        head = f' <rdf:Description xmlns:rdf="{RDF}" rdf:about={about}>\n'
        edits.append((scan.end, f"{scan.before}{head}{added} </rdf:Description>\n{scan.after}"))
    return _edited(old, edits)


def slim(packet: bytes) -> bytes:
    """A packet without the blanks that are left in it for programs that edit in place."""
    return _PADDING.sub(b"\n", packet)


def stripped(packet: bytes | None) -> bytes:
    """A packet without the blanks around it; empty if there is none."""
    return (packet or b"").strip(b"\0 \t\r\n")


def _element(name: str, new: Texts) -> str:
    """A property with its own namespaces, so that it can stand anywhere."""
    space, _, local = name.partition(" ")
    tag = f"{_PREFIXES[name]}:{local}"
    items = "".join(
        f"<rdf:li xml:lang={quoteattr(language)}>{escape(text)}</rdf:li>"
        for language, text in new.items()
    )
    spaces = f'xmlns:{_PREFIXES[name]}="{space}" xmlns:rdf="{RDF}"'
    return f"<{tag} {spaces}><rdf:Alt>{items}</rdf:Alt></{tag}>"


def _edited(old: bytes, edits: Iterable[tuple[Spot, str]]) -> bytes:
    pieces, at = [], 0
    for spot, text in sorted(edits, key=lambda edit: edit[0].start):
        pieces += [old[at : spot.start], text.encode()]
        at = spot.end
    return b"".join([*pieces, old[at:]])
