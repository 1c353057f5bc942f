"""Whose the texts in a photograph are: a person's stay, tushuo's own may be renewed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tushuo.photos.metadata.iptc import shortened
from tushuo.photos.metadata.notes import Notes
from tushuo.photos.metadata.xmp import DESCRIPTION, WRITTEN, Texts, texts

__all__ = ["persons"]


def persons(places: Iterable[Notes], ours: Iterable[str] = ()) -> dict[str, str]:
    """What people wrote, by property: `DESCRIPTION` (EXIF and IPTC count as such) and `ALT_TEXT`.

    Args:
        places: The notes of a photograph and of its sidecars.
        ours: Texts that are not a person's, beside those noted as written by tushuo.

    Raises:
        ImageError: An XMP packet is damaged.
    """
    notes = list(places)
    packets = [texts(each.xmp) for each in notes]
    found: dict[str, str] = {}
    for name, mark in WRITTEN.items():
        own = {*ours, *(text for packet in packets for text in packet.get(mark, {}).values())}
        own |= {shortened(text) for text in own}
        for text in _values(name, packets, notes):
            if text.strip() and text not in own:
                found.setdefault(name, text)
    return found


def _values(
    name: str, packets: Iterable[Mapping[str, Texts]], notes: Iterable[Notes]
) -> Iterator[str]:
    for packet in packets:
        yield from packet.get(name, {}).values()
    if name == DESCRIPTION:
        yield from (text for each in notes for text in each[1:] if text)
