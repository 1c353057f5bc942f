"""Matrices in memory, as machine code sees them."""

from __future__ import annotations

from typing import NamedTuple

from llvmlite import ir

from tushuo.compile.codegen.lane import INT64


class Matrix(NamedTuple):
    """A pointer to a matrix, and its steps from row to row and from column to column."""

    at: ir.Value
    row: int
    column: int


class Sizes(NamedTuple):
    """C (m, n) is the product of A (m, k) and B (k, n)."""

    m: int
    n: int
    k: int


def element(b: ir.IRBuilder, x: Matrix, row: ir.Value, column: ir.Value) -> ir.Value:
    """The pointer to an element."""
    down, along = (ir.Constant(INT64, step) for step in (x.row, x.column))
    return b.gep(x.at, [b.add(b.mul(row, down), b.mul(column, along))], inbounds=True)
