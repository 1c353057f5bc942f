"""XMP is read and mended; what other programs wrote stays to the letter."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tushuo.errors import ImageError
from tushuo.photos.metadata.xmp import (
    ALT_TEXT,
    DESCRIPTION,
    WRITTEN,
    merged,
    slim,
    texts,
    with_default,
)

ALL = (DESCRIPTION, ALT_TEXT, *WRITTEN.values())
DOG = with_default({"en": "A dog.", "zh": "一只狗。"})

# as Lightroom and darktable write it: properties as attributes, comments, padding
OTHERS = (
    b"""<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><!-- a comment -->
 <r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <r:Description r:about="uuid:1" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:d="http://purl.org/dc/elements/1.1/" xmp:Rating="5" xmp:Label="a &gt; b&#10;c">
   <d:subject><r:Bag><r:li>dog</r:li></r:Bag></d:subject>%s
  </r:Description>
 </r:RDF>
</x:xmpmeta>
"""
    + (b" " * 99 + b"\n") * 20
    + b'<?xpacket end="w"?>'
)

THEIRS = (
    b'<d:description a="1>2" xmlns:a="u:"><r:Alt><r:li xml:lang="x-default">Bello</r:li>'
    b'<r:li xml:lang="de">Der B\xc3\xa4r</r:li></r:Alt></d:description>'
)


def test_a_new_packet():
    packet = merged(None, dict.fromkeys(ALL, DOG))
    assert texts(packet) == dict.fromkeys(ALL, DOG)
    assert list(texts(packet)[DESCRIPTION]) == ["x-default", "en", "zh"]  # the first for the many
    assert merged(packet, {DESCRIPTION: DOG, ALT_TEXT: DOG}) == packet


def test_a_property_that_stands_there_often():
    """All of them give way, in a time that grows with the packet, not with its square."""
    node = b"<r:Description xmlns:d='http://purl.org/dc/elements/1.1/' d:description='x'/>"
    packet = (OTHERS % b"").replace(b"</r:RDF>", node * 20_000 + b"</r:RDF>")
    new = merged(packet, {DESCRIPTION: DOG})
    assert texts(new) == {DESCRIPTION: DOG}
    assert new.count(b"d:description") == 0


def test_a_value_that_looks_like_a_property():
    old = OTHERS.replace(b'"5"', b"""' d:description="mine"'""").replace(
        b"xmp:Label=", b'd:description="Bello" xmp:Label='
    )
    new = merged(old % b"", {DESCRIPTION: DOG})
    assert texts(new) == {DESCRIPTION: DOG}
    assert b"""xmp:Rating=' d:description="mine"'""" in new
    assert b"Bello" not in new


def test_others_stay_to_the_letter():
    old = OTHERS % b""
    new = merged(old, {DESCRIPTION: DOG, ALT_TEXT: DOG})
    end = old.index(b"</r:RDF>")
    assert new.startswith(old[:end])
    assert new.endswith(old[end:])
    assert b'rdf:about="uuid:1"' in new  # all nodes are about the same
    assert texts(new) == {DESCRIPTION: DOG, ALT_TEXT: DOG}


def test_a_text_is_exchanged_in_its_place():
    old = OTHERS % THEIRS
    assert texts(old) == {DESCRIPTION: {"x-default": "Bello", "de": "Der Bär"}}
    new = merged(old, {DESCRIPTION: DOG})
    before, after = old.split(THEIRS)
    assert new.startswith(before)
    assert new.endswith(after)
    assert texts(new) == {DESCRIPTION: DOG}
    assert len(merged(new, {DESCRIPTION: with_default({"en": "A cat."})})) < len(new)


@pytest.mark.parametrize(
    "element",
    [b"<d:description>Bello</d:description>", b"<d:description>  Bello\n</d:description>"],
)
def test_a_plain_text(element):
    assert texts(OTHERS % element)[DESCRIPTION] == {"x-default": "Bello"}


def test_a_text_as_an_attribute():
    old = (OTHERS % b"").replace(b"xmp:Rating", b"d:description = 'Bello &lt;3' xmp:Rating")
    assert texts(old)[DESCRIPTION] == {"x-default": "Bello <3"}
    new = merged(old, {DESCRIPTION: DOG})
    assert texts(new) == {DESCRIPTION: DOG}
    assert b"Bello" not in new
    assert b'xmp:Rating="5"' in new


@pytest.mark.parametrize("empty", [b"<r:RDF xmlns:r='%s'/>", b"<r:RDF xmlns:r='%s'></r:RDF>"])
def test_empty_packets(empty):
    rdf = b"http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    assert texts(merged(empty % rdf, {ALT_TEXT: DOG})) == {ALT_TEXT: DOG}
    assert texts(merged(b"  \n\0\0", {ALT_TEXT: DOG})) == {ALT_TEXT: DOG}


def test_no_such_property_elsewhere():
    """The same name further down, or of another namespace, is something else."""
    deep = b"<d:creator><r:Seq><r:li><d:description>x</d:description></r:li></r:Seq></d:creator>"
    other = b'<o:description xmlns:o="urn:o">y</o:description>'
    assert texts(OTHERS % (deep + other)) == {}


def test_padding_gives_way():
    assert len(slim(OTHERS % b"")) < len(OTHERS) - 1900
    assert texts(slim(OTHERS % THEIRS)) == texts(OTHERS % THEIRS)


@pytest.mark.parametrize(
    ("packet", "problem"),
    [
        (b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>', "has a document type"),
        (b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', "has a document type"),
        (b"<x>&a;</x>", "undefined entity"),
        (b"<x/>", "holds no RDF"),
        (b"dear diary", "its XMP is damaged"),
        (b"<x>\xff</x>", "its XMP is damaged"),
        ("<x/>".encode("utf-16"), "its XMP is damaged"),
        (OTHERS % b"<d:description>", "mismatched tag"),
        (b"x" * ((16 << 20) + 1), "at most 16,777,216 are read"),
    ],
)
def test_hostile_packets(packet, problem):
    with pytest.raises(ImageError, match=problem):
        merged(packet, {DESCRIPTION: DOG})


def test_deep_packets_take_no_stack():
    deep = b"<d:x>" * 20_000 + b"</d:x>" * 20_000
    assert texts(merged(OTHERS % deep, {DESCRIPTION: DOG})) == {DESCRIPTION: DOG}


LINES = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"]), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(LINES, LINES)
def test_any_text_comes_back(first, second):
    old = merged(OTHERS % THEIRS, {DESCRIPTION: {"x-default": first}})
    assert texts(old)[DESCRIPTION] == {"x-default": first}
    new = merged(old, {DESCRIPTION: {"x-default": second}, ALT_TEXT: {"x-default": first}})
    assert texts(new) == {DESCRIPTION: {"x-default": second}, ALT_TEXT: {"x-default": first}}
