"""The base of the update rules: trees in, trees out, and nothing kept in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, TypeVar

from tushuo.errors import UsageError
from tushuo.graph.ops.creation import full_like, zeros, zeros_like
from tushuo.graph.tensor import Tensor
from tushuo.graph.tree import rebuild
from tushuo.optim.blocks import blockwise
from tushuo.optim.checking import Named, check_range, floating_leaves, matching_leaves
from tushuo.optim.schedule import Schedule

T = TypeVar("T")
State = dict[str, Any]
"""``step``, the number of updates made (int64), and by name the trees that a rule keeps."""


@dataclass(frozen=True)
class Optimizer:
    """Base of the optimisers: settings that never change, and pure functions.

    A subclass says in ``slots`` what it keeps beside the parameters, and in ``rule`` how one
    parameter moves. Both are written with Tensor operations, so that a whole training step can be
    traced::

        state = optimizer.init(params)
        params, state = optimizer.update(params, grads, state)

    Args:
        lr: Learning rate: a number, or a schedule that takes the number of updates made before.
        weight_decay: Factor of the penalty ``weight_decay / 2 * sum(x**2)`` whose gradient is added
            to the loss's.

    Raises:
        UsageError: A setting is out of range.
    """

    lr: float | Schedule = 1e-3
    _: KW_ONLY
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        if not callable(self.lr):
            check_range("lr", self.lr, 0)
        check_range("weight_decay", self.weight_decay, 0)

    def slots(self) -> tuple[str, ...]:
        """The names of the trees that the rule keeps from step to step."""
        return ()

    def start(self, slot: str, x: Tensor) -> Tensor:
        """What a slot holds for the parameter ``x`` before the first step: zeros."""
        return zeros_like(x.detach())

    def scalars(self, lr: Tensor, step: Tensor) -> Sequence[Tensor]:
        """The numbers that the rule shares among all parameters, from ``lr`` and ``step``.

        Both are float64 without axes; ``step`` counts from 1.
        """
        return (lr,)

    def rule(self, at: Sequence[Tensor], x: Tensor, g: Tensor, *kept: Tensor) -> Sequence[Tensor]:
        """The update of one parameter, element by element.

        Args:
            at: The ``scalars``, in the parameter's data type.
            x: The parameter.
            g: Its gradient, weight decay included.
            kept: What the slots hold for it.

        Returns:
            The new parameter, and the new contents of the slots.
        """
        raise NotImplementedError(f"{type(self).__name__} defines no rule")

    def decayed(self, x: Tensor, g: Tensor) -> Tensor:
        """The gradient with that of the weight decay."""
        return g + self.weight_decay * x if self.weight_decay else g

    def init(self, params: Any) -> State:
        """The state before the first step.

        Args:
            params: A tree of floating-point Tensors: a module, a dict, a list, ...

        Returns:
            A dict of ``step`` (int64, zero) and, for each slot, a tree like ``params``.

        Raises:
            DTypeError: A parameter is not floating-point.
        """
        own = list(floating_leaves(params).values())
        step = zeros((), like=own[0] if own else None).astype("int64")
        trees = {s: rebuild(params, [self.start(s, x) for x in own]) for s in self.slots()}
        return {"step": step, **trees}

    def update(self, params: T, grads: Any, state: Mapping[str, Any]) -> tuple[T, State]:
        """One step.

        Args:
            params: The parameters. A Tensor that stands in two places stays one Tensor.
            grads: A tree like them, as ``grad`` returns it.
            state: The state that ``init`` or the last ``update`` returned.

        Returns:
            The new parameters and the new state; the old ones are as they were.

        Raises:
            ShapeError: The trees or shapes differ; the message names the path.
            DTypeError: Data types differ.
            UsageError: The state is another optimiser's.
        """
        own = floating_leaves(params)
        columns = [matching_leaves("gradients", grads, own), *self._kept(state, own)]
        step = state["step"]
        at = self.scalars(self._rate(step), _real(step + 1))
        moved = self._moved(at, own, columns)
        new, *kept = [list(column) for column in zip(*moved, strict=True)] or [[]]
        trees = {s: rebuild(params, tree) for s, tree in zip(self.slots(), kept, strict=False)}
        return rebuild(params, new), {**state, "step": step + 1, **trees}

    def _kept(self, state: Mapping[str, Any], own: Named) -> list[Sequence[Tensor]]:
        missing = {"step", *self.slots()} - state.keys()
        if missing:
            raise UsageError(
                f"the state lacks {', '.join(sorted(missing))}, which {type(self).__name__} keeps",
                hint="make it with init() of the same optimiser",
            )
        return [matching_leaves(f"{slot} of the state", state[slot], own) for slot in self.slots()]

    def _rate(self, step: Tensor) -> Tensor:
        lr = self.lr(step) if callable(self.lr) else self.lr
        return lr.astype("float64") if isinstance(lr, Tensor) else full_like(_real(step), lr)

    def _moved(
        self, at: Sequence[Tensor], own: Named, columns: Sequence[Sequence[Tensor]]
    ) -> list[Sequence[Tensor]]:
        """For each parameter, its new value and slots; one that stands in two places moves once."""
        done: dict[int, Sequence[Tensor]] = {}
        for x, g, *kept in zip(own.values(), *columns, strict=True):
            if id(x) not in done:
                done[id(x)] = self._move(at, x, g, *kept)
        return [done[id(x)] for x in own.values()]

    def _move(self, at: Sequence[Tensor], x: Tensor, *rest: Tensor) -> Sequence[Tensor]:
        numbers = [number.astype(x.dtype) for number in at]

        def rule(x: Tensor, g: Tensor, *kept: Tensor) -> Sequence[Tensor]:
            return self.rule(numbers, x, self.decayed(x, g), *kept)

        return blockwise(rule, x, *rest)


def _real(x: Tensor) -> Tensor:
    return x.astype("float64")
