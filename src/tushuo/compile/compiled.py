"""``compile``: from a function of trees of Tensors to machine code, once a signature."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import replace
from functools import update_wrapper
from typing import Any, NamedTuple

import numpy as np

from tushuo.compile.calibration import Ranges
from tushuo.compile.check import compare
from tushuo.compile.collector import paused
from tushuo.compile.executable import Executable
from tushuo.compile.explain import Explanation, explanation, measured
from tushuo.compile.guard import Assembler, assembler, guard, ordered
from tushuo.compile.naming import constants_of, names_of
from tushuo.compile.passes import optimise
from tushuo.compile.plan import planned
from tushuo.compile.precision import CALIBRATED, FULL, Precision
from tushuo.compile.program import Program
from tushuo.compile.scan import check_carry, scanned, steps_of
from tushuo.compile.signature import Taken, take_apart, unboxed
from tushuo.compile.store import Store, default_store
from tushuo.compile.trace import trace
from tushuo.compile.verify import verify as check_rules
from tushuo.errors import CompileError, SignatureError
from tushuo.graph.backend import is_array, lock
from tushuo.graph.op import Spec
from tushuo.graph.tensor import Tensor
from tushuo.graph.tree import leaves, named_leaves, rebuild, tree_map

SIGNATURES = 64
"""How many programs a function may have; more mean that something should be a Tensor."""


def compile(
    f: Callable[..., Any],
    *,
    verify: bool = False,
    without: Collection[str] = (),
    cache: bool = True,
    precision: str = FULL,
    calibration: Iterable[Any] | Ranges | None = None,
) -> Compiled:
    """The function as machine code, with the same results.

    It is run once for each signature of its arguments: the shapes and data types of Tensors and
    arrays, the structure of dicts, lists, tuples and modules, and all other values (numbers, words,
    flags), which become part of the program. So ``f`` must compute with Tensors only, without
    asking for their values; derivatives (``tushuo.grad``) and updates of optimisers may be part of
    it::

        @tushuo.compile
        def step(model, x, y):
            loss, gradient = tushuo.value_and_grad(loss_of)(model, x, y)
            return tushuo.tree_map(lambda w, g: w - 0.1 * g, model, gradient), loss

    Arrays that ``f`` takes from elsewhere are constants of the program. Called with Tensors of a
    graph, as inside of ``grad``, it runs ``f`` itself.

    Args:
        f: A function of trees that returns a tree.
        verify: Whether each call is compared with the interpreter; slow, to find faults.
        without: Names of passes to leave out; see :data:`tushuo.compile.passes.PASSES`.
        cache: Whether machine code is kept on disk for other processes; see :mod:`.store`.
        precision: Of convolutions and products of matrices whose weights are constants:
            "float32", as they are; "bfloat16", operands of 8 significant bits; "int16", steps of
            a 4095th of the largest activation, with weights as fine as exact sums allow; or
            "int8", a 255th, with weights of 8 bits. All else, and sums, have 32 bits.
        calibration: For "int16" and "int8" examples of calls, some dozens, to learn the range of
            activations from: for each the tuple of its positional arguments, or the only one. Or
            these ranges, as :meth:`Compiled.ranges` gives them.

    Returns:
        A function with ``f``'s arguments. Elementwise arithmetic gives the interpreter's results to
        the bit; sums and products of matrices are added up in another order, exponentials and the
        like are rounded differently (:mod:`.codegen.functions`).

    Raises:
        UsageError: The precision is unknown, or there are examples for one that needs none, or no
            examples for one that needs them, or a range is none.
        CompileError: At the first call: ``f`` asks for a value, and the message says where; or the
            examples or ranges do not fit the call.
    """
    store = default_store() if cache else None
    return Compiled(f, verify, without, store, Precision(precision, calibration, without, store))


class _Made(NamedTuple):
    """What one signature was compiled to."""

    program: Program
    draws: Sequence[Callable[[], np.ndarray]]
    executable: Executable
    result: Any
    recognise: Callable[[Any], list[np.ndarray] | None]
    assemble: Assembler


class Compiled:
    """A function that is compiled when it is first called with a signature."""

    def __init__(
        self,
        f: Callable[..., Any],
        verify: bool,
        without: Collection[str],
        store: Store | None,
        precision: Precision | None = None,
    ) -> None:
        update_wrapper(self, f, updated=())
        self._f = f
        self._verify = verify
        self._without = frozenset(without)
        self._store = store
        self._precision = precision or Precision(FULL, None, without, store)
        self._made: dict[Hashable, _Made] = {}
        self._last: _Made | None = None
        self._lock = threading.Lock()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The result of the function, by machine code."""
        made = self._last
        arrays = made and made.recognise((args, kwargs))
        if made is None or arrays is None:
            args, kwargs = unboxed((args, kwargs))
            taken = take_apart((args, kwargs))
            if taken.graph:
                return self._f(*args, **kwargs)
            arrays = [ordered(x) for x in taken.arrays]
            made = self._made.get(taken.key) or self._compiled(taken, args, kwargs)
            self._last = made
        if made.draws:
            arrays += [ordered(draw()) for draw in made.draws]
        outputs = made.executable(arrays)
        if self._verify:
            compare(made.program, arrays, outputs, self._precision.slack)
        return made.assemble(outputs)

    def scan(self, carry: Any, rows: Any) -> tuple[Any, Any]:
        """Many steps in one call, for a function from (carry, row) to (carry, more).

        The same as this loop, but Python sees only its end::

            for i in range(steps):
                carry, more = f(carry, tree_map(lambda x: x[i], rows))

        Args:
            carry: A tree.
            rows: A tree of arrays whose first axis counts the steps.

        Returns:
            The last carry, and ``more`` of all steps, its arrays stacked along a new first axis.

        Raises:
            ShapeError: The first axes of ``rows`` differ.
            CompileError: The function does not return a carry like the one that it takes.
        """
        carry = unboxed(carry)
        data = [np.asarray(_data(x)) for x in leaves(rows)]
        steps = steps_of(data)
        first = rebuild(rows, [Tensor.of(x[0, ...]) for x in data])
        taken = take_apart(((carry, first), {}))
        if taken.graph:
            raise CompileError("scan inside of a derivative", hint="write the loop out")
        made = self._made.get(taken.key) or self._compiled(taken, (carry, first), {})
        count = len(taken.arrays) - len(data)
        _check_pair(carry, made.result, count)
        check_carry(made.program.inputs[:count], made.program.outputs[:count])
        if made.draws:
            raise CompileError("scan of a step with random numbers", hint="write the loop out")
        carried = [ordered(x) for x in taken.arrays[:count]]
        found = scanned(made.executable, carried, [np.ascontiguousarray(x) for x in data], steps)
        result: tuple[Any, Any] = made.assemble([lock(x) for x in (*found.carry, *found.stacked)])
        return result

    def explain(self, *args: Any, **kwargs: Any) -> Explanation:
        """What the programs compiled so far consist of: a table, a page, plain data, a drawing.

        Args:
            args: Arguments of the function; if there are any, its program for them is explained,
                its kernels are timed and held against what the machine reaches at most. A step with
                random numbers draws them once more.
            kwargs: The same.

        Raises:
            CompileError: The function was not called yet.
        """
        if args or kwargs:
            taken, made = self._found(args, kwargs)
            inputs = [ordered(x) for x in (*taken.arrays, *(draw() for draw in made.draws))]
            return measured(_name(self._f), made.executable, inputs, self._store)
        if not self._made:
            raise CompileError("nothing is compiled yet", hint="call the function first")
        return explanation(_name(self._f), [made.executable for made in self._made.values()])

    def program(self, *args: Any, optimised: bool = False, **kwargs: Any) -> Program:
        """The program for some arguments; ``print`` it to read it, ``draw()`` it to see it.

        Args:
            args: Arguments of the function.
            optimised: The program after all passes, instead of that which was traced.
            kwargs: More arguments.
        """
        made = self._found(args, kwargs)[1]
        return made.executable.plan.program if optimised else made.program

    def ranges(self) -> dict[str, tuple[float, float]]:
        """What calibration found, to be given as ``calibration`` when this is compiled again.

        Returns:
            For each product with constant weights, by the path of its weights, the least and the
            largest number that they were multiplied by in all examples. Without examples, empty.

        Raises:
            CompileError: There is no such product, or the examples do not fit each other.
        """
        return dict(self._precision.ranges(self._example, self._names()))

    def programs(self) -> list[Program]:
        """The programs as traced, one a signature."""
        return [made.program for made in self._made.values()]

    def _found(self, args: Any, kwargs: Any) -> tuple[Taken, _Made]:
        args, kwargs = unboxed((args, kwargs))
        taken = take_apart((args, kwargs))
        return taken, self._made.get(taken.key) or self._compiled(taken, args, kwargs)

    def _compiled(self, taken: Taken, args: Any, kwargs: Any) -> _Made:
        with self._lock:
            if taken.key not in self._made:
                if len(self._made) >= SIGNATURES:
                    raise SignatureError(
                        f"{_name(self._f)} was called with {SIGNATURES} different signatures",
                        hint="pass numbers that change as Tensors, and pad to equal shapes",
                    )
                with paused():
                    self._made[taken.key] = self._make(taken, args, kwargs)
            return self._made[taken.key]

    def _make(self, taken: Taken, args: Any, kwargs: Any) -> _Made:
        program, draws, result = self._traced(taken, args, kwargs)
        program = self._precision.lowered(program, self._example, self._names())
        executable = Executable(planned(optimise(program, self._without)), self._store)
        recognise, assemble = guard((args, kwargs)), assembler(result)
        return _Made(program, draws, executable, result, recognise, assemble)

    def _names(self) -> dict[int, str]:
        """The paths of weights by their addresses, where the precision asks for them."""
        return constants_of(self._f) if self._precision.name in CALIBRATED else {}

    def _example(self, args: tuple[Any, ...]) -> tuple[Hashable, Program, list[np.ndarray]]:
        """The signature and the program of an example for calibration, and its inputs."""
        call: Any = unboxed((args, {}))
        taken = take_apart(call)
        program, draws, _ = self._traced(taken, *call)
        inputs = (*taken.arrays, *(draw() for draw in draws))
        return taken.key, program, [ordered(x) for x in inputs]

    def _traced(self, taken: Taken, args: Any, kwargs: Any) -> tuple[Program, list[Any], Any]:
        """The program of a call, what draws its random numbers, and its result."""
        result: list[Any] = []

        def run(*tensors: Tensor) -> list[Any]:
            known = {id(x): t for x, t in zip(taken.arrays, tensors, strict=True)}
            traced_args, traced_kwargs = tree_map(
                lambda x: known[id(_data(x))] if _is_tensor(x) else x, (args, kwargs)
            )
            result.append(self._f(*traced_args, **traced_kwargs))
            return [_as_tensor(y) for y in leaves(result[0]) if _is_tensor(y)]

        specs = [Spec(x.shape, x.dtype) for x in taken.arrays]
        program, draws = trace(run, specs)
        names = names_of(self._f, args, kwargs, taken.arrays)
        program = replace(program, names=dict(zip(program.inputs, names, strict=False)))
        check_rules(program, after="trace")
        return program, draws, result[0]


def _check_pair(carry: Any, result: Any, count: int) -> None:
    """Require a result (carry, more) whose carry is a tree like the one given, of Tensors alone."""
    given = named_leaves(carry)
    if isinstance(result, tuple) and len(result) == 2:
        returned = named_leaves(result[0])
        tensors = all(_is_tensor(x) for _, x in (*given, *returned))
        if tensors and len(given) == count and [x for x, _ in given] == [x for x, _ in returned]:
            return
    raise CompileError(
        "scan needs a function from (carry, row) to (carry, more), the carries trees of the same "
        "structure, of Tensors that stand in one place each",
        hint="put numbers into Tensors, and return (carry, None) if there is nothing more",
    )


def _is_tensor(x: Any) -> bool:
    return isinstance(x, Tensor) or is_array(x)


def _data(x: Any) -> Any:
    return x.data if isinstance(x, Tensor) else x


def _as_tensor(x: Any) -> Tensor:
    return x if isinstance(x, Tensor) else Tensor(x)


def _name(f: Callable[..., Any]) -> str:
    return getattr(f, "__qualname__", repr(f))
