"""Alt texts put into a page, and the change as a patch; every other byte stays as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape

__all__ = ["unified_diff", "with_alt_texts"]

_AROUND = 3  # lines that a patch shows before and after a change
_TAG = b"<img"
_PLAIN = re.compile(rb"[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*")
_UTF8 = re.compile(rb"charset\s*=\s*[\"']?utf-?8", re.IGNORECASE)


def with_alt_texts(page: bytes, texts: Mapping[int, str]) -> bytes:
    """A page whose `<img>` tags at some places, in bytes, have alt texts of one line each."""
    is_utf8 = _is_utf8(page)
    pieces, done = [], 0
    for start, text in sorted(texts.items()):
        at = start + len(_TAG)
        assert page[start:at].lower() == _TAG
        safe = escape(text, quote=False).replace('"', "&quot;")
        value = safe.encode() if is_utf8 else safe.encode("ascii", "xmlcharrefreplace")
        pieces += [page[done:at], b' alt="' + value + b'"']
        done = at
    return b"".join([*pieces, page[done:]])


def _is_utf8(page: bytes) -> bool:
    """Whether letters beyond ASCII may be written as UTF-8, not as references."""
    try:
        page.decode()
    except UnicodeDecodeError:
        return False
    return not page.isascii() or _UTF8.search(page[:1024]) is not None


def unified_diff(name: str, old: bytes, new: bytes) -> bytes:
    """A patch that `git apply` and `patch -p1` take.

    Args:
        name: Of the file, with slashes.
        old: Its content.
        new: Its new content, of as many lines.
    """
    before, after = _lines(old), _lines(new)
    changed = [i for i, line in enumerate(before) if line != after[i]]
    if not changed:
        return b""
    hunks = (_hunk(before, after, start, end) for start, end in _stretches(changed, len(before)))
    return b"".join([_head(b"---", b"a/", name), _head(b"+++", b"b/", name), *hunks])


def _lines(text: bytes) -> list[bytes]:
    return re.findall(rb"[^\n]*\n|[^\n]+", text)


def _stretches(changed: Sequence[int], total: int) -> Iterator[tuple[int, int]]:
    """The changed lines with those around them, where they touch as one."""
    start, end = changed[0] - _AROUND, changed[0] + _AROUND + 1
    for line in changed[1:]:
        if line - _AROUND > end:
            yield max(0, start), end
            start = line - _AROUND
        end = line + _AROUND + 1
    yield max(0, start), min(end, total)


def _hunk(before: Sequence[bytes], after: Sequence[bytes], start: int, end: int) -> bytes:
    out = [f"@@ -{start + 1},{end - start} +{start + 1},{end - start} @@\n".encode()]
    line = start
    while line < end:
        if before[line] == after[line]:
            out.append(_row(b" ", before[line]))
            line += 1
            continue
        stop = next((i for i in range(line, end) if before[i] == after[i]), end)
        out += [_row(b"-", each) for each in before[line:stop]]
        out += [_row(b"+", each) for each in after[line:stop]]
        line = stop
    return b"".join(out)


def _row(sign: bytes, line: bytes) -> bytes:
    return (
        sign + line if line.endswith(b"\n") else sign + line + b"\n\\ No newline at end of file\n"
    )


def _head(sign: bytes, side: bytes, name: str) -> bytes:
    """The name as git writes it: in quotation marks with octal codes where it is not plain."""
    raw = side + name.encode("utf-8", "surrogateescape")
    if _PLAIN.fullmatch(raw):
        return sign + b" " + raw + b"\t" * (b" " in raw) + b"\n"
    codes = "".join(
        chr(byte) if 0x20 <= byte < 0x7F and chr(byte) not in '"\\' else f"\\{byte:03o}"
        for byte in raw
    )
    return sign + f' "{codes}"\n'.encode()
