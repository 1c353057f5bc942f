"""SVG, PNG, DOT, Mermaid and the page: golden files, and names that try to break out."""

from __future__ import annotations

import json
import re
from io import BytesIO
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

import tushuo as ts
from circuits_of_draw import CIRCUITS, captioner, product
from tushuo.draw import draw
from tushuo.errors import UsageError

GOLDEN = Path(__file__).parent / "golden"
HOSTILE = "</script><script>alert('1')</script>\"]; evil [label=\"&\x00\n"


@pytest.mark.parametrize("ending", ["svg", "dot", "mmd"])
@pytest.mark.parametrize("name", CIRCUITS)
def test_golden(name, ending, update_golden, tmp_path):
    found = CIRCUITS[name]().save(tmp_path / f"{name}.{ending}").read_text("utf-8")
    path = GOLDEN / f"{name}.{ending}"
    if update_golden:
        path.write_text(found, "utf-8")
    assert found == path.read_text("utf-8")


def texts(svg, role):
    root = ElementTree.fromstring(svg)
    return [x.text for x in root.iter("{http://www.w3.org/2000/svg}text") if x.get("class") == role]


def test_svg_shows_values_gradients_and_local_gradients():
    svg = draw(product)(2, 1).svg()
    assert sorted(texts(svg, "value")) == sorted("2111326211")
    assert sorted(texts(svg, "gradient")) == sorted("22323125")
    assert sorted(texts(svg, "local")) == ["1", "1", "1", "2", "3"]
    assert draw(product)(2, 1)._repr_svg_() == svg


def test_values_stand_above_edges_and_gradients_below():
    root = ElementTree.fromstring(draw(lambda a: a * 3)(2.0).svg())
    space = "{http://www.w3.org/2000/svg}"
    at = {
        x.get("class"): float(x.get("y"))
        for x in root.iter(f"{space}text")
        if x.get("text-anchor") == "end" and x.text in ("6", "1")
    }
    line = [x.get("d") for x in root.iter(f"{space}path") if x.get("class") == "wire"][-1]
    height = float(re.match(r"M\S+ ([\d.]+)", line)[1])
    assert at["value"] < height < at["gradient"]


@pytest.mark.parametrize("name", [HOSTILE, "x" * 500, "\u202e<b>", "图"])
def test_names_cannot_break_out(name):
    drawing = draw(lambda x: x * 2)(ts.variable(3.0, name=name))
    ElementTree.fromstring(drawing.svg())
    page = drawing.html()
    assert page.count("<script") == 2
    assert "alert('1')</script>" not in page
    dot = drawing.dot()
    assert all(
        line.count('"') % 2 == 0 for line in dot.replace("\\\\", "").replace('\\"', "").split("\n")
    )
    assert not re.search(r'(?<!\\)"\]; evil', dot)
    line = next(x for x in drawing.mermaid().split("\n") if ":::input" in x)
    assert line.count('"') == 2
    assert not set("<>&;\x00") & set(re.sub(r"#\d+;|<br/>", "", line))
    drawing.png()


def test_png_has_twice_the_pixels():
    drawing = draw(product)(2, 1)
    width, height = re.search(r'width="([\d.]+)" height="([\d.]+)"', drawing.svg()).groups()
    image = Image.open(BytesIO(drawing.png()))
    assert image.size == (round(float(width) * 2), round(float(height) * 2))
    assert image.getpixel((0, 0)) == (255, 255, 255)
    colours = {c for _, c in image.getcolors(1 << 20)}
    assert (11, 122, 59) in colours or any(g > r + 60 and g > b + 40 for r, g, b in colours)
    assert any(r > g + 100 and r > b + 100 for r, g, b in colours)
    dark = Image.open(BytesIO(drawing.png(scale=1, dark=True)))
    assert dark.getpixel((0, 0)) == (20, 23, 28)


def test_a_png_is_bounded():
    with pytest.raises(UsageError, match="fold some parts"):
        captioner(17).unfold().png(scale=4)
    with pytest.raises(UsageError, match="scale is 0"):
        draw(product)(2, 1).png(scale=0)


def test_dot_has_clusters_for_open_parts():
    drawing = CIRCUITS["unrolled"]()
    assert "subgraph" not in drawing.dot()
    opened = drawing.unfold("step 2")
    assert opened.dot().count("subgraph cluster_") == 1
    assert re.search(r'subgraph s\d+ \["step 2"\]', opened.mermaid())


def test_numbers_on_mermaid_s_edges_are_plain():
    edges = [x for x in CIRCUITS["gated"]().mermaid().split("\n") if "-->" in x]
    assert "'>-12</span><br/>" in "".join(edges)
    assert not any(re.search(r"#\d+;", line) for line in edges)


def test_the_page_stands_alone():
    page = captioner(3).html()
    assert not re.search(r"(src|href)=", page)
    assert "default-src 'none'" in page
    assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)", page)
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])
    assert data["gradients"]
    assert set(data["pictures"]) == set(data["about"])


def test_the_page_tells_each_step():
    page = draw(product)(2, 1).html()
    about = json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])["about"]
    told = {
        x["title"]: "".join(text for line in x["backward"] for _, text in line)
        for x in about.values()
        if x["time"] >= 0
    }
    assert (
        told["e"]
        == "The result changes by 1 per unit of e.To c: 1 x local 2 = 2To d: 1 x local 3 = 3"
    )
    forward = next(x for x in about.values() if x["title"] == "c")["forward"]
    assert "".join(text for _, text in forward[0]) == "Add of a = 2, b = 1 is c = 3"


def test_saving(tmp_path):
    drawing = draw(product)(2, 1)
    for ending in ("svg", "png", "dot", "mmd", "html"):
        assert drawing.save(tmp_path / f"x.{ending}").stat().st_size > 300
    with pytest.raises(UsageError, match=r"format of 'x.pdf'; end the name with .svg"):
        drawing.save(tmp_path / "x.pdf")
    with pytest.raises(UsageError, match=r"cannot write .*No such file"):
        drawing.save(tmp_path / "none" / "x.svg")


def test_arrays_are_summed_up():
    svg = draw(lambda x: ts.mean(x**2))(np.linspace(-1, 1, 40)).svg()
    assert "float64 (40,)" in texts(svg, "muted")
    assert "mean 0.3504" not in svg
    assert "mean 0.35" in svg
    assert svg.count('class="value-bar"') > 10
