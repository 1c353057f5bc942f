"""What a gradient costs as a network grows, and the charts that show it."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from tushuo.errors import UsageError
from tushuo.gradients import Chart, gradient_cost

COSTS = gradient_cost((4, 16, 64), examples=8, passes=40)


def test_both_gradients_agree_and_are_counted():
    for cost, width in zip(COSTS, (4, 16, 64), strict=True):
        weights = 8 * width + width * width + width
        assert cost.parameters == weights + 2 * width + 1
        assert cost.error < 1e-5
        assert cost.forward_products == 8 * weights
        assert cost.backprop_products == 8 * (3 * weights - 8 * width)  # none by the examples
        assert cost.passes == 41
        assert cost.numeric == pytest.approx(cost.forward * (cost.parameters + 1))


def test_one_grows_with_n_and_the_other_with_its_square():
    backprop, numeric = COSTS.powers()
    assert backprop == pytest.approx(1, abs=0.15)
    assert numeric == pytest.approx(2, abs=0.15)
    assert 5 * COSTS[0].ratio < COSTS[2].ratio


def test_it_prints_and_draws():
    assert len(str(COSTS).split("\n")) == 5
    assert "<th>parameters</th>" in COSTS._repr_html_()
    assert set(COSTS.chart().lines) == {"n + 1 forward passes", "one back-propagation"}


@pytest.mark.parametrize(
    "wrong", [{"widths": ()}, {"widths": (0,)}, {"examples": 0}, {"passes": 0}]
)
def test_wrong_numbers(wrong):
    with pytest.raises(UsageError, match="all must be 1 or more"):
        gradient_cost(**wrong)


def a_chart(values=(1.0, 100.0, 10.0), name="a < b"):
    return Chart("Title & more", "x", "y", np.array([1.0, 10.0, 100.0]), {name: np.array(values)})


def test_svg():
    root = ElementTree.fromstring(a_chart().svg())
    texts = [t.text for t in root.iter() if t.tag.endswith("text")]
    assert {"a < b", "Title & more", "x", "y", "1", "10", "100"} <= set(texts)
    lines = [t.get("points") for t in root.iter() if t.tag.endswith("polyline")]
    drawn = next(points.split() for points in lines if len(points.split()) == 3)
    heights = [float(p.split(",")[1]) for p in drawn]
    assert heights[1] < heights[2] < heights[0]  # 100 is above 10, and 10 above 1
    assert heights[0] - heights[2] == pytest.approx(heights[2] - heights[1], abs=0.2)


def test_files(tmp_path):
    svg = a_chart().save(tmp_path / "a.svg")
    assert svg.read_text("utf-8") == a_chart()._repr_svg_()
    with Image.open(a_chart().save(tmp_path / "a.PNG")) as image:
        assert image.size == (1440, 920)
        assert len(image.getcolors(100_000)) > 20
    with pytest.raises(UsageError, match="exists already; pass overwrite=True"):
        a_chart().save(svg)
    assert a_chart(name="c").save(svg, overwrite=True).read_text("utf-8") != a_chart().svg()
    with pytest.raises(UsageError, match=r"cannot write a chart to 'a.pdf'; use .svg or .png"):
        a_chart().save(tmp_path / "a.pdf")


@pytest.mark.parametrize("values", [(1.0, 0.0, 2.0), (1.0, -1.0, 2.0), (1.0, np.nan, 2.0)])
def test_what_a_logarithmic_axis_cannot_show(values):
    with pytest.raises(UsageError, match="needs positive, finite numbers"):
        a_chart(values).svg()
