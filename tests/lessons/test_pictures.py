"""The pictures of the lessons: curves and rows of images."""

from __future__ import annotations

import builtins
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from tushuo.errors import ShapeError, UsageError
from tushuo.lessons import images, plot, show

SVG = "{http://www.w3.org/2000/svg}"


def test_a_curve_lies_where_its_values_are():
    root = ElementTree.fromstring(plot([0, 1, 2], {"y": [5, 7, 6]}, "title", "x").svg())
    curves = [e for e in root.iter(f"{SVG}polyline") if e.get("stroke") == "#0b62a4"]
    points = [tuple(map(float, p.split(","))) for p in curves[0].get("points").split()]
    across, up = zip(*points, strict=True)
    assert across[1] - across[0] == pytest.approx(across[2] - across[1])
    assert up[0] > up[2] > up[1]  # pixels count from the top
    assert up[0] - up[2] == pytest.approx(up[2] - up[1], abs=0.2)
    assert {"title", "x", "y"} <= {e.text for e in root.iter(f"{SVG}text")}


def test_on_a_logarithmic_axis_equal_factors_are_equal_steps():
    chart = plot([1, 10, 100], {"y": [1e-3, np.nan, 1e3], "<z>": [0.0, 1.0, -1.0]}, log="xy")
    svg = chart.svg()
    assert "&lt;z&gt;" in svg
    assert chart.lines["y"].tolist() == [[1, 1e-3], [100, 1e3]]
    assert chart.lines["<z>"].tolist() == [[10, 1]]
    assert ">0.001<" in svg
    assert plot([1, 2], {"y": [1, 2]}, dots=True).svg().count("<circle") == 2


def test_a_chart_of_one_value_or_one_level():
    assert "polyline" in plot([3], {"y": [3]}).svg()
    assert "polyline" in plot([1, 2], {"y": [4, 4]}, log="y").svg()


def test_what_cannot_be_drawn():
    with pytest.raises(ShapeError, match=r"curve 'y' has shape \(3,\), the positions \(2,\)"):
        plot([1, 2], {"y": [1, 2, 3]})
    with pytest.raises(UsageError, match="nothing to draw"):
        plot([1, 2], {"y": [np.nan, np.inf]})
    with pytest.raises(UsageError, match="log is 'z'"):
        plot([1], {"y": [1]}, log="z")


def test_images_in_rows():
    ramp = np.linspace(-3, 5, 16).reshape(4, 4)
    sheet = images([ramp] * 5, list("abcde"), columns=3, size=40)
    assert sheet.size == (3 * 48 + 8, 2 * 68 + 8)
    assert sheet.getpixel((9, 9)) == (0, 0, 0)
    assert sheet.getpixel((8 + 39, 8 + 39)) == (255, 255, 255)


def test_images_keep_their_colours_and_proportions():
    red = np.zeros((2, 4, 3))
    red[..., 0] = 1
    sheet = images([red], size=40)
    assert sheet.getpixel((28, 28)) == (255, 0, 0)
    assert sheet.getpixel((28, 12)) == (255, 255, 255)
    grey = images([np.full((3, 3), 7, np.uint8)], size=30)
    assert grey.getpixel((20, 20)) == (7, 7, 7)


def test_images_refuse():
    with pytest.raises(ShapeError, match=r"a picture is \(H, W\) or \(H, W, 3\), got \(5,\)"):
        images([np.zeros(5)])
    with pytest.raises(ShapeError, match="1 pictures have 2 titles"):
        images([np.zeros((2, 2))], ["a", "b"])
    with pytest.raises(UsageError, match="got no picture"):
        images([])


def test_show_from_a_script(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "new"
    monkeypatch.setenv("TUSHUO_PICTURES", str(folder))
    show(plot([1, 2], {"y": [1, 2]}), images([np.eye(3)]), "words")
    assert sorted(p.name for p in folder.iterdir()) == ["01.svg", "02.png"]
    with Image.open(folder / "02.png") as image:
        assert image.format == "PNG"
    assert capsys.readouterr().out.splitlines()[-1] == "words"


def test_show_in_a_notebook(monkeypatch):
    shown = []
    monkeypatch.setattr(builtins, "display", shown.append, raising=False)
    show(1, "two")
    assert shown == [1, "two"]
