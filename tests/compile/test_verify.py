"""Broken programs are found, and the pass that broke them is named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import tushuo
from compile.programs import f32, traced
from tushuo.compile import compile, passes
from tushuo.compile.program import Instruction, Value
from tushuo.compile.verify import verify
from tushuo.errors import CompileError


def program():
    return traced(lambda x, y: tushuo.exp(x) + y, f32(3), f32(3))


def test_a_sound_program_passes():
    verify(program())


def test_a_use_before_the_definition():
    good = program()
    with pytest.raises(CompileError, match=r"Add reads a value that is not defined yet"):
        verify(replace(good, body=good.body[::-1]))


def test_a_value_defined_twice():
    good = program()
    with pytest.raises(CompileError, match="is defined twice"):
        verify(replace(good, body=(*good.body, good.body[0])))


def test_a_result_of_the_wrong_type():
    good = program()
    step = good.body[0]
    wrong = Instruction(step.op, step.operands, (Value((4,), np.dtype("float32")),))
    with pytest.raises(CompileError, match=r"Exp of \[float32\[3\]\] gives"):
        verify(replace(good, body=(wrong,), outputs=wrong.results))


def test_an_output_that_nothing_defines():
    good = program()
    with pytest.raises(CompileError, match="an output is not defined"):
        verify(replace(good, body=good.body[:1]))


def test_a_constant_of_another_type():
    good = traced(lambda x: x + 1, f32(3))
    wrong = {x: np.zeros(2) for x in good.constants}
    with pytest.raises(CompileError, match=r"a constant float32\[\] holds float64\(2,\)"):
        verify(replace(good, constants=wrong))


def test_the_pass_at_fault_is_named(monkeypatch):
    monkeypatch.setitem(passes.PASSES, "share", lambda p: replace(p, body=p.body[1:]))
    with pytest.raises(CompileError, match=r"after the pass 'share': .*(?s:.*)program\("):
        compile(lambda x: tushuo.exp(x) + 1, cache=False)(np.ones(3))


@pytest.mark.parametrize("name", passes.PASSES)
def test_a_program_is_checked_after_every_pass(name, monkeypatch):
    monkeypatch.setitem(passes.PASSES, name, lambda p: replace(p, body=p.body[1:]))
    with pytest.raises(CompileError, match=f"after the pass '{name}': "):
        passes.optimise(program())


def test_a_wrong_result_is_traced_to_its_line(monkeypatch):
    """A pass that breaks the meaning, but no rule."""
    from tushuo.compile.passes.rewrite import rewritten
    from tushuo.graph.ops.math import Exp

    def wrong(p):
        def rule(tracer, op, operands):
            return tushuo.exp(operands[0] * 1.001) if isinstance(op, Exp) else None

        return rewritten(p, rule)

    monkeypatch.setitem(passes.PASSES, "expand", wrong)
    f = compile(lambda x: tushuo.exp(x + 1) * 2, verify=True, cache=False)
    with pytest.raises(CompileError, match=r"differs from the interpreter: Exp -> .*test_verify"):
        f(np.ones(3))


def test_verified_calls_return_the_result():
    f = compile(lambda x: tushuo.exp(x) * 2, verify=True, cache=False)
    np.testing.assert_allclose(f(np.zeros(3)).numpy(), [2, 2, 2])
