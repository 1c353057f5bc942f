"""Figures as tables and as a picture."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from bench import networks, report
from bench.engines import FAMILIES, Engine, engines_of
from bench.picture import picture
from bench.probes import Peak
from bench.rounds import Found, Turn
from bench.workloads import PIXELS, WORKLOADS, chosen
from rich.console import Console

SCAN, JAX = Engine("tushuo", "scan"), Engine("jax", "scan")


@pytest.fixture
def found() -> Found:
    made = Found("A1", 1, peaks=[Peak(100.0, 10.0)] * 4)
    made.turns[SCAN] = [Turn(t, 1.0) for t in (1e-5, 2e-5, 3e-5)]
    made.turns[JAX] = [Turn(t, 1.0) for t in (8e-5, 7e-5, 9e-5)]
    made.memory = {SCAN: 200_000_000, JAX: 500_000_000}
    made.left_out[Engine("numpy", "hand")] = "no such thing"
    return made


def text(thing: object) -> str:
    console = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    console.print(thing)
    return console.export_text()


def test_figures_in_the_units_of_the_workload(found):
    tree = report.figures(WORKLOADS["A1"], found)
    ours = tree["engines"]["tushuo.compile, scan"]
    assert ours["median"] == pytest.approx(2e-5 * 5000)
    assert ours["least"] == pytest.approx(0.05)
    assert ours["most"] == pytest.approx(0.15)
    assert ours["of peak"] == pytest.approx(WORKLOADS["A1"].flops / 2e-5 / 1e11)
    assert tree["ratio"] == pytest.approx(4)
    assert tree["other"] == "JAX, scan"


def test_more_is_better_for_rates(found):
    tree = report.figures(WORKLOADS["B"], found)
    assert tree["engines"]["JAX, scan"]["median"] == pytest.approx(128 / 8e-5)
    assert tree["ratio"] == pytest.approx(4)


def test_another_family_may_be_the_one_to_compare_with(found):
    found.turns[Engine("autograd", "eager")] = [Turn(4e-4, 1.0)] * 3
    tree = report.figures(replace(WORKLOADS["A1"], beside="autograd"), found)
    assert tree["other"] == "autograd"
    assert tree["ratio"] == pytest.approx(20)


def test_tables_say_all(found):
    tree = report.figures(WORKLOADS["A1"], found)
    rows = text(report.table("A1", tree))
    assert rows.index("tushuo.compile, scan") < rows.index("JAX, scan")
    for part in ("0.05 to 0.15", "4.00", "500", "left out NumPy by hand: no such thing"):
        assert part in rows
    line = text(report.summary({"A1": tree}))
    assert "4.00" in line
    assert "reached" in line
    tree["wanted"] = 5.0
    assert "missed" in text(report.summary({"A1": tree}))


def test_what_has_no_figures_still_has_a_table():
    tree = report.figures(WORKLOADS["A1"], Found("A1", 1))
    assert "A1" in text(report.table("A1", tree))
    assert "ratio" not in tree
    assert text(report.summary({"A1": tree}))


def test_process_starts():
    entries = {
        "tushuo.compile": {"family": "tushuo", "seconds": [0.3, 0.5, 0.4], "import": 0.02},
        "PyTorch": {"family": "pytorch", "seconds": [4.0], "import": 1.8, "installed": 967.0},
        "JAX": {"family": "jax", "seconds": []},
    }
    tree = report.started(entries)
    assert tree["ratio"] == pytest.approx(10)
    assert "JAX" not in tree["engines"]
    assert "967" in text(report.table("G", tree))


def test_the_picture_is_an_svg_with_a_bar_an_engine(found):
    trees = {"A1": report.figures(WORKLOADS["A1"], found)}
    root = ET.fromstring(picture(trees, {"processor": "a < b", "threads": 1}))
    bars = [e for e in root.iter() if e.tag.endswith("rect")][1:]
    assert len(bars) == 2
    assert float(bars[0].get("width")) < float(bars[1].get("width"))


def test_workloads_by_name():
    assert chosen("a1,D") == ["A1", "D-1", "D-32"]
    assert chosen("D8-1") == ["D8-1"]
    assert chosen(None)[-1] == "G"
    assert len(chosen(None)) == len(WORKLOADS) + 1
    with pytest.raises(KeyError, match="Z"):
        chosen("A1,Z")


def test_every_engine_is_of_some_workload():
    kinds = {workload.kind for workload in WORKLOADS.values()}
    for name, family in FAMILIES.items():
        assert set(family.runs) <= kinds
        assert {v for variants in family.runs.values() for v in variants} <= set(family.titles)
        assert engines_of("A1", [name]) == [Engine(name, v) for v in family.runs.get("A1", ())]


@pytest.mark.parametrize("family", ["tushuo", "numpy"])
def test_what_the_table_of_engines_says_is_there(family):
    module = pytest.importorskip(f"bench.engines.{family}")
    runs = FAMILIES[family].runs
    assert set(module.JOBS) == {(kind, v) for kind, variants in runs.items() for v in variants}


def test_the_arithmetic_of_the_network():
    network = networks.lite0()
    assert WORKLOADS["D-1"].flops == 2 * network.products(PIXELS)
    sizes = [c.weight.size + c.bias.size for c in network.convs()]
    sizes += [a.size for a in network.classifier]
    assert 4 * (sum(sizes) + 3 * PIXELS**2) == WORKLOADS["D-1"].traffic


def test_a_single_engine_has_its_picture(found):
    tree = report.figures(WORKLOADS["A1"], found)
    only = {title: e for title, e in tree["engines"].items() if title == tree["ours"]}
    root = ET.fromstring(picture({"A1": tree | {"engines": only}}, {"processor": "", "threads": 1}))
    assert len([e for e in root.iter() if e.tag.endswith("rect")]) == 2
