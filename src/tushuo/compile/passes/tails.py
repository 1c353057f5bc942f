"""Tails: the loop that follows a product of matrices becomes a part of it.

A written-out product has whole vectors of its result in registers. Bias, activation, a factor of
the chain rule or the update of a weight are applied to them there, instead of to what was written
to memory and read again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tushuo.compile.codegen.product import takes_tail
from tushuo.compile.codegen.support import PRODUCTS, emits
from tushuo.compile.codegen.tail import follows
from tushuo.compile.direct import MAPS
from tushuo.compile.layout import View, layout, spread
from tushuo.compile.passes.fuse import Loop
from tushuo.compile.program import Instruction, Program, Value
from tushuo.graph.op import Op

_SOME = 4  # lanes: whether code can be written does not depend on how many there are


@dataclass(frozen=True, eq=False)
class Tailed(Loop):
    """A product and the loop after it; the first instruction of the program is the product."""


def tails(program: Program) -> Program:
    """The program with loops joined to the products that only they read."""
    views, uses, makers = layout(program), program.uses(), program.producers()
    joined: dict[Instruction, Instruction] = {}
    for step in program.body:
        product = _product(step, views, uses, makers)
        if product is not None:
            joined[product] = step
    loops = {loop: product for product, loop in joined.items()}
    body = [
        _joined(loops[step], step) if step in loops else step
        for step in program.body
        if step not in joined
    ]
    return program.with_body(body)


def _product(
    loop: Instruction,
    views: dict[Value, View],
    uses: dict[Value, int],
    makers: dict[Value, Instruction],
) -> Instruction | None:
    """The product that a loop can be the tail of."""
    for x in loop.operands:
        maker = makers.get(x)
        if maker is not None and not obstacle(loop, x, maker, views, uses):
            return maker
    return None


def obstacle(
    loop: Instruction,
    x: Value,
    maker: Instruction,
    views: Mapping[Value, View],
    uses: Mapping[Value, int],
) -> str:
    """Why a loop cannot be the tail of the product that makes ``x``, nothing if it can."""
    op = loop.op
    if not isinstance(op, Loop) or not isinstance(maker.op, (*PRODUCTS, *MAPS)):
        return "it is no loop after a product"
    if op.axes:
        return "a loop that sums is no tail"
    if not _vectors(op.program):
        return "not all of it can be computed on vectors"
    if uses[x] > 1:
        return "others read the product, too"
    if x.shape != op.shape:
        return "it does not run over the product's shape"
    factors = [views[y] for y in maker.operands]
    if isinstance(maker.op, PRODUCTS) and not takes_tail(maker.op, *factors):
        return "the product's vectors are not complete in registers"
    others = [views[y] for y in (*loop.operands, *loop.results) if y is not x]
    return "" if _along(maker.op, x, others) else "it reads or writes in another order"


def _along(op: Op, x: Value, others: Sequence[View]) -> bool:
    """Whether vectors of others can be read and written along those of a product."""
    ways = [spread(v.strides, v.shape, x.shape) for v in others]
    if isinstance(op, MAPS):
        ways = [way[:2] for way in ways]
    return all(map(follows, ways))


def _vectors(program: Program) -> bool:
    """Whether every operation can be computed on vectors."""
    return all(emits(s.op, tuple(x.spec for x in s.operands), _SOME) for s in program.body)


def _joined(product: Instruction, loop: Instruction) -> Instruction:
    inner: Program = loop.op.program  # type: ignore[attr-defined]
    others = dict(zip(loop.operands, inner.inputs, strict=True))
    made = others.pop(product.result)
    left, right = (Value(x.shape, x.dtype) for x in product.operands)
    first = Instruction(product.op, (left, right), (made,), product.source)
    inputs = (left, right, *others.values())
    program = Program(inputs, inner.constants, (first, *inner.body), inner.outputs)
    op = Tailed(made.shape, (), program)
    return Instruction(op, (*product.operands, *others), loop.results, loop.source)
