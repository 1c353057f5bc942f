"""Batch norm at inference: its factors become a part of the weights of the convolution before it.

``conv(x, w) * s`` is ``conv(x, w * s)`` if ``s`` has a number a channel, and so is
``(conv(x, w) + b) * s`` with ``b * s`` added. This is done where all of ``w``, ``b`` and ``s`` are
constants, and nothing else reads what is in between; what is added at the end stays, and becomes a
part of the convolution's kernel (:mod:`.tails`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tushuo.compile.program import Instruction, Program, Value
from tushuo.graph.ops.arithmetic import Add, Multiply
from tushuo.graph.ops.conv import Conv2d


def norms(program: Program) -> Program:
    """The program with factors in the weights where that is possible."""
    folder = _Folder(program)
    body: list[Instruction] = []
    for step in program.body:
        body += folder.steps(step)
    kept = [step for step in body if step.results[0] not in folder.gone]
    read = {x for step in kept for x in step.operands} | set(program.outputs)
    constants = {x: array for x, array in folder.constants.items() if x in read}
    return replace(program, constants=constants, body=tuple(kept))


class _Folder:
    def __init__(self, program: Program) -> None:
        self.constants = dict(program.constants)
        self.gone: set[Value] = set()
        self._uses = program.uses()
        self._makers = program.producers()

    def steps(self, step: Instruction) -> list[Instruction]:
        """An instruction, or those that compute its result with the factor in the weights."""
        if isinstance(step.op, Multiply):
            for x, factor in (step.operands, step.operands[::-1]):
                found = self._scaled(step, x, factor)
                if found:
                    return found
        return [step]

    def _scaled(self, step: Instruction, x: Value, factor: Value) -> list[Instruction]:
        conv, bias = self._convolution(x)
        if conv is None:
            return []
        maps, weights = conv.result, self.constants.get(conv.operands[1])
        scale = self._per_channel(factor, maps.shape[1])
        if weights is None or scale is None or step.result.spec != maps.spec:
            return []
        w = self._constant(weights * scale[:, None, None, None])
        self.gone |= {maps, x}
        scaled = step.result if bias is None else Value(maps.shape, maps.dtype)
        found = [Instruction(conv.op, (conv.operands[0], w), (scaled,), conv.source)]
        if bias is not None:
            shift = self._constant((bias * scale)[:, None, None])
            found.append(Instruction(Add(), (scaled, shift), (step.result,), step.source))
        for new in found:
            self._makers[new.result] = new
        return found

    def _convolution(self, x: Value) -> tuple[Instruction | None, np.ndarray | None]:
        """The convolution that makes a value, and the bias added to it if there is one."""
        maker = self._makers.get(x)
        if maker is None or self._uses.get(x, 1) > 1:
            return None, None
        if isinstance(maker.op, Conv2d):
            return maker, None
        if isinstance(maker.op, Add):
            for maps, other in (maker.operands, maker.operands[::-1]):
                conv, before = self._convolution(maps)
                bias = None if conv is None else self._per_channel(other, conv.result.shape[1])
                if bias is not None and before is None:
                    return conv, bias
        return None, None

    def _per_channel(self, x: Value, channels: int) -> np.ndarray | None:
        """A constant as a number a channel, shape (C,)."""
        array = self.constants.get(x)
        if array is None:
            return None
        try:
            return np.broadcast_to(array, (1, channels, 1, 1))[0, :, 0, 0]
        except ValueError:
            return None

    def _constant(self, array: np.ndarray) -> Value:
        value = Value(array.shape, array.dtype)
        self.constants[value] = array
        return value
