"""The rules that every program keeps, checked after every pass."""

from __future__ import annotations

from weakref import WeakSet

from tushuo.compile.program import Instruction, Program, Value, describe
from tushuo.errors import CompileError
from tushuo.graph.op import Spec


def verify(program: Program, after: str = "") -> None:
    """Require a program whose values are defined once, before they are used, and of right types.

    Args:
        program: The program.
        after: The name of the pass that made it, for the error.

    Raises:
        CompileError: A rule is broken; this is a fault of the compiler, and the message says where.
    """
    try:
        _check(program)
    except CompileError as error:
        blame = f"after the pass {after!r}: " if after else ""
        raise CompileError(
            f"{blame}{error.problem}\n{program}",
            hint="switch the pass off with compile(f, without=[...]), and report this",
        ) from None


_CHECKED: WeakSet[Instruction] = WeakSet()
"""Instructions of right types."""


def _check(program: Program) -> None:
    defined: set[Value] = set()
    for value in (*program.inputs, *program.constants):
        _define(value, defined)
    for value, array in program.constants.items():
        if Spec(array.shape, array.dtype) != value.spec:
            raise CompileError(f"a constant {value!r} holds {array.dtype}{array.shape}")
    for step in program.body:
        for operand in step.operands:
            if operand not in defined:
                raise CompileError(f"{describe(step.op)} reads a value that is not defined yet")
        if step not in _CHECKED:  # it never changes, and most passes leave it as it is
            _check_types(step)
            _CHECKED.add(step)
        for result in step.results:
            _define(result, defined)
    if any(value not in defined for value in program.outputs):
        raise CompileError("an output is not defined")


def _define(value: Value, defined: set[Value]) -> None:
    if value in defined:
        raise CompileError(f"a value {value!r} is defined twice")
    defined.add(value)


def _check_types(step: Instruction) -> None:
    inner = getattr(step.op, "program", None)
    if isinstance(inner, Program):
        _check(inner)
        given, wanted = [x.spec for x in step.operands], [x.spec for x in inner.inputs]
        found, results = [x.spec for x in inner.outputs], [x.spec for x in step.results]
    else:
        given = wanted = []
        found = [step.op.infer(*(x.spec for x in step.operands))]
        results = [x.spec for x in step.results]
    if given != wanted or found != results:
        raise CompileError(
            f"{describe(step.op)} of {list(step.operands)} gives {found}, not {list(step.results)}"
        )
