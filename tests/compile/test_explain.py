"""What a function was compiled to: figures, reasons, and the forms they are shown in."""

from __future__ import annotations

import json
import re
from io import StringIO
from xml.etree import ElementTree

import numpy as np
import pytest
from rich.console import Console

import tushuo
from tushuo.compile import compile
from tushuo.compile.explain import page, terminal
from tushuo.compile.explain.ranking import ranked
from tushuo.compile.explain.roofline import SIZES, Roofline, roofline
from tushuo.errors import CompileError, UsageError

X, W = np.ones((4, 8), np.float32), np.ones((8, 16), np.float32)


class Own(tushuo.graph.Op):
    """Asks for a value, so it stays in NumPy."""

    def infer(self, *inputs):
        return inputs[0]

    def forward(self, xp, *inputs):
        return -inputs[0] if inputs[0][0, 0] > 5 else inputs[0] + 0


def layer(x, w):
    return Own()(tushuo.relu(x @ w))


def explained(f, *args):
    compiled = compile(f, cache=False)
    compiled(*args)
    return compiled.explain()


@pytest.fixture(scope="module")
def timed():
    return compile(layer, cache=False).explain(X, W)


def test_nothing_is_compiled_yet():
    with pytest.raises(CompileError, match="nothing is compiled yet; call the function first"):
        compile(layer).explain()


def test_kernels_and_their_work():
    product, sums = explained(layer, X, W).kernels
    assert (product.what, product.kind, product.runs) == (
        "MatMul Relu",
        "product + tail",
        "machine code",
    )
    assert (product.shape, product.flops) == ((4, 16, 8), 4 * 16 * (2 * 8 + 1))
    assert product.bytes == 4 * (4 * 8 + 8 * 16 + 4 * 16)
    assert product.reads == ("float32[4, 8]", "float32[8, 16]")
    assert product.writes == ("float32[4, 16]",)
    assert (sums.kind, sums.runs, sums.flops) == ("NumPy", "NumPy", 0)
    assert sums.fused == "there is no machine code for it"


def test_a_kernel_counts_only_what_it_reads():
    def f(x, rows):
        return tushuo.take(x, rows, axis=0), tushuo.exp(x[:1]) * 2

    x = np.ones((1000, 4), np.float32)
    gather, loop = explained(f, x, np.array([1, 2])).kernels
    assert (gather.kind, gather.bytes) == ("gather", 2 * (2 * 4 * 4) + 2 * 8)
    assert (loop.kind, loop.bytes, loop.flops) == ("loop", 2 * 4 * 4, 8)


def test_the_users_lines_are_shown():
    kernel = explained(layer, X, W).kernels[0]
    (line,) = kernel.lines
    assert line.text == "return Own()(tushuo.relu(x @ w))"
    assert str(line) == kernel.source == f"test_explain.py:{line.number}"


def centred(x):
    y = tushuo.exp(x)
    return y - tushuo.sum(y, 1, keepdims=True), tushuo.sum(y, 0)


APART = {
    "a sum": (lambda x: tushuo.exp(x) - tushuo.sum(tushuo.exp(x)), "has to be complete first"),
    "axes": (lambda x: centred(x)[1] + centred(x)[0], "they sum over different axes"),
    "shapes": (lambda x: tushuo.exp(tushuo.sum(x, 1)), "they run over different shapes"),
    "a movement": (lambda x: tushuo.exp(tushuo.exp(x).T) @ x, "read by PermuteDims"),
    "a product": (lambda x: tushuo.exp(x) @ x, "MatMul reads it again and again"),
    "a tail that sums": (lambda x: tushuo.sum(x @ x, 1), "a loop that sums is no tail"),
    "two readers": (lambda x: ((x @ x) + 1, tushuo.sum(x @ x)), "others read the product, too"),
    "two products": (lambda x: (x @ x) + (x * 2 @ x), "it is the tail of another product"),
    "NumPy": (lambda x: tushuo.exp(Own()(x)), "one of them runs in NumPy"),
}


@pytest.mark.parametrize(("f", "why"), APART.values(), ids=APART)
def test_why_kernels_are_apart(f, why):
    x = np.linspace(-1, 1, 64).reshape(8, 8).astype(np.float32)
    found = explained(f, x)
    reasons = [each.why for kernel in found.kernels for each in kernel.apart]
    assert any(why in each for each in reasons), reasons
    assert why in str(found)


def test_what_is_fused_says_why():
    one, two = explained(lambda x: tushuo.sum(tushuo.exp(x) * x, 1) / 2, X).kernels
    assert one.fused == "3 operations in one pass over 4 x 8 and its sums; no memory in between"
    assert two.fused == "one operation"
    (tail,) = explained(lambda x, w: tushuo.relu(x @ w) + 1, X, W).kernels
    assert (
        tail.fused == "2 operations on the vectors of the product before they leave the registers"
    )


def test_the_table_without_times():
    text = str(explained(layer, X, W)).splitlines()
    assert text[0].split() == ["kernel", "operations", "shape", "flops", "bytes", "line"]
    assert text[1].split()[:5] == ["0", "product", "+", "tail", "MatMul"]
    assert text[3].split() == ["all", "2", "kernels", "1,088", "1,408"]
    assert text[4:] == [
        "arena: 256 bytes for values of 256; code: new",
        "why kernels are apart:",
        "  0-1: one of them runs in NumPy",
    ]


def test_times_and_shares(timed):
    assert all(0 < k.seconds < 1 and k.least > 0 for k in timed.kernels)
    product = timed.kernels[0]
    assert product.gflops == pytest.approx(product.flops / product.seconds / 1e9)
    assert product.share == pytest.approx(product.least / product.seconds)
    assert timed.apart == pytest.approx(sum(k.seconds for k in timed.kernels))
    assert timed.share == pytest.approx(sum(k.least for k in timed.kernels) / timed.seconds)
    head = str(timed).splitlines()[0].split()
    assert head[5:] == ["us", "GFLOP/s", "GB/s", "of", "roof", "line"]
    assert re.search(r"a call: [\d.]+ [um]?s, [\d.]+ GFLOP/s, \d+% of the roofline", str(timed))


def test_a_program_of_one_kernel_is_timed():
    (kernel,) = compile(tushuo.exp, cache=False).explain(X).kernels
    assert kernel.seconds > 0


def test_the_roofline():
    roof = Roofline(2, {4: 100.0, 8: 50.0}, (400.0, 200.0, 100.0, 50.0, 10.0))
    assert roof.least(2000, 8) == 2000 / 100e9  # much arithmetic: the peak
    assert roof.least(2000, 8, 8) == 2000 / 50e9
    assert roof.least(1, 10**10) == 1.0  # 10 GB at 10 GB/s
    assert roof.bandwidth(1) == 400
    assert roof.bandwidth(2 * SIZES[2]) == pytest.approx(100)
    assert 100 < roof.bandwidth(2 * SIZES[1] * 2) < 200


def test_the_machine_is_measured_once():
    roof = roofline(1)
    assert roof is roofline(1)
    assert roof.peak[4] > roof.peak[8] > 0.1
    assert len(roof.bandwidths) == len(SIZES)
    assert min(roof.bandwidths) > 0.01


def test_plain_data_survives_json(timed):
    found = json.loads(json.dumps(timed.to_dict()))
    assert found["kernels"] == json.loads(json.dumps(timed.rows))
    row = found["kernels"][0]
    assert row["ops"] == ["MatMul", "Relu"]
    assert row["lines"][0]["text"].startswith("return Own()")
    assert found["roofs"][0]["threads"] == 1


def test_the_page_stands_alone(timed):
    page = timed.html()
    assert not re.search(r"(src|href)=\"(?!#)|url\(|@import|https?://", page)
    assert page.count("<tr id=") == 2
    assert "prefers-color-scheme: dark" in page
    svg = re.search(r"<svg.*</svg>", page, re.DOTALL)[0]
    assert len(list(ElementTree.fromstring(svg).iter("circle"))) == 1  # NumPy's work is not known
    fragment = timed._repr_html_()
    assert "<script" not in fragment
    assert "MatMul Relu" in fragment


def test_a_page_without_times_has_no_plot():
    page = explained(layer, X, W).html()
    assert "<svg" not in page
    assert "Of roof" not in page


def test_names_cannot_break_out():
    def f(x):
        return x + 1

    f.__qualname__ = "</title><script>alert(1)</script>\x00"
    assert "<script>alert" not in explained(f, X).html()


def test_files(timed, tmp_path):
    assert timed.save(tmp_path / "x.html").read_text("utf-8") == timed.html()
    assert json.loads(timed.save(tmp_path / "x.json").read_text("utf-8"))["title"] == "layer"
    assert timed.save(str(tmp_path / "x.txt")).read_text("utf-8") == f"{timed}\n"
    with pytest.raises(UsageError, match=r"cannot tell the format of 'x\.pdf'; end the name with"):
        timed.save(tmp_path / "x.pdf")
    with pytest.raises(UsageError, match="cannot write"):
        timed.save(tmp_path / "no" / "x.html")


def test_several_programs_in_one_table():
    f = compile(lambda x: tushuo.exp(x) + 1, cache=False)
    f(X), f(W)
    found = f.explain()
    assert [k.number for k in found.kernels] == [0, 1]
    with pytest.raises(UsageError, match="2 programs, and one can be drawn"):
        found.draw()


def many(x):
    for _ in range(3):
        x = tushuo.sum(tushuo.exp(x), 1, keepdims=True) * x
    return x


def coloured(found, width=100):
    console = Console(width=width, file=StringIO(), force_terminal=True)
    console.print(found)
    return re.sub("\x1b\\[[0-9;]*m", "", console.file.getvalue())


def test_equal_kernels_are_taken_together():
    found = compile(many, cache=False).explain(X)
    ranks = ranked(found)
    assert sorted(k.number for rank in ranks for k in rank.kernels) == list(range(len(found.rows)))
    assert [rank.seconds for rank in ranks] == sorted((r.seconds for r in ranks), reverse=True)
    middle = next(rank for rank in ranks if len(rank.kernels) > 1)
    assert middle.share == pytest.approx(
        sum(k.least for k in middle.kernels) / sum(k.seconds for k in middle.kernels)
    )
    assert any(line.startswith("apart: ") for line in middle.why)


def test_a_terminal_shows_what_takes_longest(timed):
    text = coloured(timed)
    assert f"layer: {len(timed.kernels)} kernels" in text
    assert re.search(r"\d+% +1 +product \+ tail MatMul Relu +4x16x8 +[━─]{6} +\d+%", text)
    assert re.search(r"for test_explain.py:\d+\n", text.replace(" \n", "\n").replace("  ", ""))
    assert "there is no machine code for it" in text
    assert "of roof" not in coloured(explained(layer, X, W))


def test_a_terminal_is_told_what_it_does_not_show(monkeypatch, timed):
    monkeypatch.setattr(terminal, "SHOWN", 1)
    assert re.search(r"and 1 more kernels, \d+% of the time; print\(\) shows all", coloured(timed))


def test_a_page_of_many_kernels_begins_with_the_longest(monkeypatch, timed):
    assert "Where the time goes" not in timed.html()
    monkeypatch.setattr(page, "_MANY", 1)
    text = timed.html().replace("<br>", "")
    assert text.index("Where the time goes") < text.index("<details><summary>Kernels, in the order")
    assert '<a href="#kernel-0">1</a>' in text
    assert 'id="kernel-0"' in text
    ElementTree.fromstring(text[text.index("<main") : text.index("</main>") + len("</main>")])
