"""Tags are found where browsers find them; patches are what git and patch take."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tushuo.photos.alt_text.patching import unified_diff, with_alt_texts
from tushuo.photos.alt_text.tags import read_markup


def state(tag):
    (found,) = read_markup(tag.encode()).tags
    return found.state


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("<img src=a>", "missing"),
        ("<IMG\n SRC = 'a'/>", "missing"),
        ("<noscript><img src=a></noscript>", "missing"),
        ('<img src=a alt="">', "decorative"),
        ("<img src=a alt>", "decorative"),
        ("<img src=a alt=' '>", "decorative"),
        ("<img src=a role=presentation>", "decorative"),
        ("<img src=a aria-hidden=true>", "decorative"),
        ("<img src=a alt=dog>", "described"),
        ("<img src=a ALT=dog alt=''>", "described"),
        ("<img src=a aria-label=dog>", "described"),
        ("<img src='x>y' title=dog>", "missing"),
    ],
)
def test_states(tag, expected):
    assert state(tag) == expected


@pytest.mark.parametrize(
    "page",
    [
        "<!-- <img src=a> -->",
        "<script>'<img src=a>'</script>",
        "<p title='<img src=a>'>",
        "<textarea><img src=a></textarea>",
        "<title>About <img src=a></title>",
        "<iframe><img src=a></iframe>",
        "<image>",
    ],
)
def test_what_is_no_tag(page):
    assert read_markup(page.encode()).tags == ()


def test_places_sources_and_heads():
    page = (
        "<html lang=zh-CN><base href='/x/'>\r\n<p>é狗</p>\r\n\r\n"
        "<b><img data-src=real.jpg src='a&amp;b é.jpg' srcset='c.jpg 2x, d.jpg 3x'>"
    ).encode()
    markup = read_markup(page)
    (tag,) = markup.tags
    assert (markup.base, markup.language) == ("/x/", "zh-cn")
    assert page[tag.start :].startswith(b"<img data-src")
    assert tag.line == 4
    assert tag.sources == ("a&b é.jpg", "real.jpg", "c.jpg")


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (b"<img src=a>", b'<img alt="A &quot;d&#243;g&quot; &amp; &lt;cat&gt;" src=a>'),
        ("é<img src=a>".encode("latin-1"), b'<img alt="A &quot;d&#243;g&quot; &amp; &lt;cat&gt;"'),
        ("é<img src=a>".encode(), '<img alt="A &quot;dóg&quot; &amp; &lt;cat&gt;"'.encode()),
        (
            b"<meta charset='UTF-8'><img/>",
            '<img alt="A &quot;dóg&quot; &amp; &lt;cat&gt;"/>'.encode(),
        ),
    ],
)
def test_only_the_attribute_is_put_in(page, expected):
    start = page.index(b"<img")
    new = with_alt_texts(page, {start: 'A "dóg" & <cat>'})
    assert expected in new
    length = len(new) - len(page)
    assert new[: start + 4] + new[start + 4 + length :] == page


NAMES = ["index.html", "a b/c.html", 'ü/"狗"\\.html', "tab\there.html"]


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.sampled_from([b"", b"text", b"<img src=a>", b"\xff", b"x\ry"]), max_size=30),
    st.sampled_from([b"\n", b"\r\n"]),
    st.sampled_from(NAMES),
    st.booleans(),
)
@pytest.mark.parametrize("tool", ["git", "patch"])
def test_tools_take_the_patch(tmp_path_factory, tool, lines, end, name, closed):
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is absent")
    old = end.join(lines) + end * closed
    new = with_alt_texts(old, {tag.start: "A dog." for tag in read_markup(old).tags})
    patch = unified_diff(name, old, new)
    assert bool(patch) == (old != new)
    if not patch:
        return
    folder = tmp_path_factory.mktemp("site")
    page = folder / name
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_bytes(old)
    command = {"git": ["git", "apply", "-"], "patch": ["patch", "-p1", "-s", "--binary"]}[tool]
    subprocess.run(command, input=patch, cwd=folder, check=True, capture_output=True)
    assert page.read_bytes() == new
