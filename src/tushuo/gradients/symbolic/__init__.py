"""Symbolic derivatives: an expression in, a simplified derivative out, as text and LaTeX."""

from __future__ import annotations

from tushuo.gradients.symbolic.derivative import differentiate
from tushuo.gradients.symbolic.evaluate import evaluate, function_of
from tushuo.gradients.symbolic.expression import Expression, Symbol, count_nodes, symbols
from tushuo.gradients.symbolic.functions import FUNCTIONS, call
from tushuo.gradients.symbolic.growth import (
    Growth,
    composition_growth,
    derivative_growth,
    substitute,
)
from tushuo.gradients.symbolic.latex import latex
from tushuo.gradients.symbolic.parser import parse
from tushuo.gradients.symbolic.simplify import simplify
from tushuo.gradients.symbolic.text import text

__all__ = [
    "FUNCTIONS",
    "Expression",
    "Growth",
    "Symbol",
    "call",
    "composition_growth",
    "count_nodes",
    "derivative_growth",
    "differentiate",
    "evaluate",
    "function_of",
    "latex",
    "parse",
    "simplify",
    "substitute",
    "symbols",
    "text",
]
