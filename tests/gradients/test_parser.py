"""Text is read by a list of what is allowed; hostile text is refused in plain words."""

from __future__ import annotations

import pytest

from tushuo.errors import UsageError
from tushuo.gradients import parse, simplify
from tushuo.gradients.symbolic import Symbol, evaluate, symbols

HOSTILE = {
    "__import__('os').system('id')": "cannot have a part of kind Call",
    "__import__(x)": "unknown function '__import__'",
    "__builtins__": "'__builtins__' is no name",
    "x.__class__": "kind Attribute",
    "x[0]": "kind Subscript",
    "(lambda: 1)()": "kind Call",
    "[x for x in y]": "kind ListComp",
    "x if y else 1": "kind IfExp",
    "x := 1": "invalid syntax",
    "x < 1": "kind Compare",
    "x and y": "kind BoolOp",
    "x // 2": "kind BinOp",
    "f'{x}'": "kind JoinedStr",
    "'x'": "the str 'x'",
    "True": "the bool True",
    "1j": "the complex 1j",
    "1e999": "a number beyond float64",
    "9" * 400: "a number beyond float64",
    "9" * 4001: "4001 characters, the limit is 4000",
    "9" * 3999 + "x": "invalid decimal literal",
    "sin(x, y)": "other than one argument",
    "sin(x=1)": "other than one argument",
    "sin(*x)": "kind Starred",
    "sin": "sin is a function; write sin",
    "": "cannot read the expression",
    "x +": "cannot read the expression",
    "x; y": "cannot read the expression",
    "x\0": "null bytes",
    "(" * 3000 + "x" + ")" * 900: "cannot read",
    "(" * 150 + "x" + ")" * 150 + "+": "cannot read",
    "-" * 3000 + "x": "nested",
    "+".join("x" * 500): "nested 101 deep, the limit is 100",
    "sin(" * 190 + "x" + ")" * 190: "nested 101 deep",
    "x^2": "write ** for powers",
}


@pytest.mark.parametrize("text", HOSTILE, ids=lambda t: t[:20])
def test_refused(text):
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert HOSTILE[text] in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("text", ["9**9**9**9", "2**100000000", "(10**300)**60", "10**-5000"])
def test_huge_powers_are_not_worked_out(text):
    e = simplify(parse(text))
    assert len(str(e)) < 1000
    assert evaluate(e, {}).item() in (float("inf"), 0.0)


def test_numbers_are_exact():
    assert str(simplify(parse("0.1 + 0.2"))) == "3/10"
    assert evaluate(parse("0.1"), {}).item() == 0.1


def test_symbols_can_be_named():
    assert parse("x*y", symbols=["x", "y"]) == Symbol("x") * Symbol("y")
    with pytest.raises(UsageError, match="unknown symbol 'z' in an expression; use x, y"):
        parse("x*z", symbols=["x", "y"])


def test_operators_build_the_same_as_text():
    x, y = Symbol("x"), Symbol("y")
    assert (2 - x) / y**2 + 3 == parse("(2 - x)/y**2 + 3")
    assert 2**x * (1 / x) - -y == parse("2**x * (1/x) - -y")
    assert symbols(x * y - x) == ["x", "y"]


def test_only_numbers_and_expressions_can_be_joined():
    for wrong in ("x", None, [1], float("nan"), float("inf")):
        with pytest.raises(UsageError, match="expected an expression or a finite number"):
            Symbol("x") + wrong
    with pytest.raises(UsageError, match="must be text, got int"):
        parse(3)
    with pytest.raises(UsageError, match="is no name for a symbol"):
        Symbol("a b")
