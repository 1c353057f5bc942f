"""`tushuo draw`."""

from __future__ import annotations

import sys

import pytest
from typer.testing import CliRunner

from tushuo.cli.app import app


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*args):
    return CliRunner().invoke(app, ["draw", *args])


def test_an_expression(here):
    done = run("(a + b) * (b + 1)", "--at", "a=2", "b=1", "-o", "e.svg", "-o", "e.html")
    assert (done.exit_code, done.stdout) == (0, "e.svg\ne.html\n")
    svg = (here / "e.svg").read_text("utf-8")
    assert '"gradient">5</text>' in svg


def test_it_is_drawn_as_written(here):
    assert run("x / y - sqrt(2)", "--at", "x=1", "--at", "y=4", "-o", "d.dot").exit_code == 0
    dot = (here / "d.dot").read_text("utf-8")
    assert all(sign in dot for sign in ("÷", "−", "0.25"))


def test_a_function_of_a_module(here):
    (here / "mine_to_draw.py").write_text(
        "import tushuo as ts\ndef loss(x, y):\n    return ts.sum((x - y) ** 2)\n"
    )
    done = run("mine_to_draw:loss", "--at", "x=[1,2,3]", "y=0.5")
    assert (done.exit_code, done.stdout) == (0, "graph.svg\n")
    assert str(here) not in sys.path
    failing = run("mine_to_draw:loss", "--at", "x=[1,2]", "y=[1,2,3]", "-o", "b.svg")
    assert (failing.exit_code, "cannot broadcast" in failing.stderr) == (1, True)


def test_nothing_is_overwritten_unasked(here):
    (here / "graph.svg").write_text("mine")
    done = run("a * 2", "--at", "a=1")
    assert (done.exit_code, "graph.svg exists" in done.stderr) == (2, True)
    assert (here / "graph.svg").read_text() == "mine"
    assert run("a * 2", "--at", "a=1", "--overwrite").exit_code == 0


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (['__import__("os").system("x")'], "cannot have a part of kind Call"),
        (["a.b", "--at", "a=1"], "cannot have a part of kind Attribute"),
        (["(" * 500 + "a" + ")" * 500, "--at", "a=1"], "cannot read the expression"),
        (["a * b", "--at", "a=1"], "no value for b; add --at b=1"),
        (["a", "--at", "a=1", "c=2"], "c does not occur in a"),
        (["a + 1", "--at", "a=one"], "a is 'one', expected a number"),
        (["a + 1", "--at", "a"], "gives no value to a name; write it as a=2"),
        (["a + 1", "--at", "a=1", "a=2"], "a has two values"),
        (["a + 1", "--at", 'a={"b":1}'], "expected a number or lists"),
        (["3 * 4"], "there is no name"),
        (["no_such_module:f"], "there is no module no_such_module"),
        (["json:nothing"], "json has no function nothing"),
        (["json:1"], "is no module and function"),
        (["a + 1", "--at", "a=1", "-o", "x.pdf"], "cannot tell the format of 'x.pdf'"),
        (["a + 1", "--at", "a=1", "--open", "some"], "opened is 'some'"),
    ],
)
def test_wrong_usage(args, message, here):
    done = run(*args)
    assert done.exit_code == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(here.iterdir())


def test_large_values_do_not_stop_it(here):
    assert run("exp(a) * 1e308", "--at", "a=1000", "-o", "x.svg").exit_code == 0
    assert ">inf</text>" in (here / "x.svg").read_text("utf-8")
