"""``compile``: from a function of trees of Tensors to machine code, once a signature."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Hashable, Iterable
from copy import deepcopy
from functools import update_wrapper
from types import MethodType
from typing import Any

import numpy as np

from tushuo.compile.calibration import Ranges
from tushuo.compile.call import traced_call
from tushuo.compile.check import compare
from tushuo.compile.collector import paused
from tushuo.compile.executable import Executable
from tushuo.compile.explain import Explanation, explanation, measured
from tushuo.compile.guard import assembler, guard, ordered
from tushuo.compile.made import Made, with_version
from tushuo.compile.naming import constants_of
from tushuo.compile.passes import optimise
from tushuo.compile.plan import planned
from tushuo.compile.precision import CALIBRATED, FULL, Precision
from tushuo.compile.program import Program
from tushuo.compile.scan import check_carry, check_pair, scanned, steps_of
from tushuo.compile.signature import Taken, data_of, take_apart, unboxed
from tushuo.compile.store import Store, default_store
from tushuo.compile.watch import watched
from tushuo.errors import CompileError, SignatureError
from tushuo.graph.backend import lock
from tushuo.graph.tensor import Tensor
from tushuo.graph.tree import leaves, rebuild

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

    Arrays, numbers and modules that ``f`` takes from elsewhere are constants of the program. Each
    call looks whether they are still the same objects with the same weights (:mod:`.watch`); after
    ``load_state_dict``, ``train()`` or ``eval()`` ``f`` is traced again, which takes milliseconds.
    So pass a model that changes at each step as an argument. Called with Tensors of a graph, as
    inside of ``grad``, it runs ``f`` itself. A deep copy is compiled anew.

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
            activations from: for each the tuple of its positional arguments, or the only one. They
            are kept, for weights that are replaced. Or these ranges, as :meth:`Compiled.ranges`
            gives them.

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
        self._made: dict[Hashable, list[Made]] = {}
        self._last: Made | None = None
        self._lock = threading.RLock()  # a function may call itself on what is known

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
            made = self._known(taken) or self._compiled(taken, args, kwargs)
            self._last = made
        if made.draws:
            arrays += [ordered(draw()) for draw in made.draws]
        outputs = made.executable(arrays)
        if self._verify:
            compare(made.program, arrays, outputs, self._precision.slack)
        return made.assemble(outputs)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """As a method of a class it gets the instance as its first argument."""
        return self if instance is None else MethodType(self, instance)

    def __deepcopy__(self, memo: dict[int, Any]) -> Compiled:
        """The same of a copy of the function, compiled anew: a method's instance is copied."""
        f, precision = deepcopy(self._f, memo), self._precision.anew()
        return Compiled(f, self._verify, self._without, self._store, precision)

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
        data = [np.asarray(data_of(x)) for x in leaves(rows)]
        steps = steps_of(data)
        first = rebuild(rows, [Tensor.of(x[0, ...]) for x in data])
        taken = take_apart(((carry, first), {}))
        if taken.graph:
            raise CompileError("scan inside of a derivative", hint="write the loop out")
        made = self._known(taken) or self._compiled(taken, (carry, first), {})
        count = len(taken.arrays) - len(data)
        check_pair(carry, made.result, count)
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
        return explanation(_name(self._f), [made.executable for made in self._all()])

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
        """The programs as traced, for each signature those of its versions, the oldest first."""
        return [made.program for made in self._all()]

    def _all(self) -> list[Made]:
        return [made for versions in self._made.values() for made in versions]

    def _found(self, args: Any, kwargs: Any) -> tuple[Taken, Made]:
        args, kwargs = unboxed((args, kwargs))
        taken = take_apart((args, kwargs))
        return taken, self._known(taken) or self._compiled(taken, args, kwargs)

    def _known(self, taken: Taken) -> Made | None:
        versions = self._made.get(taken.key, ())
        return next((made for made in versions if made.fits(taken.cells)), None)

    def _compiled(self, taken: Taken, args: Any, kwargs: Any) -> Made:
        with self._lock:
            made = self._known(taken)
            if made is None:
                if taken.key not in self._made and len(self._made) >= SIGNATURES:
                    raise SignatureError(
                        f"{_name(self._f)} was called with {SIGNATURES} different signatures",
                        hint="pass numbers that change as Tensors, pad to equal shapes, and pass "
                        "the same generator each time",
                    )
                with paused():
                    made = self._make(taken, args, kwargs)
                self._made[taken.key] = with_version(self._made.get(taken.key, ()), made)
            return made

    def _make(self, taken: Taken, args: Any, kwargs: Any) -> Made:
        program, draws, result = traced_call(self._f, taken, args, kwargs)
        watch = watched(self._f, (args, kwargs))
        program = self._precision.lowered(program, self._example, self._names())
        executable = Executable(planned(optimise(program, self._without)), self._store)
        recognise, assemble = guard((args, kwargs), watch), assembler(result)
        return Made(program, draws, executable, result, recognise, assemble, taken.cells, watch)

    def _names(self) -> dict[int, str]:
        """The paths of weights by their addresses, where the precision asks for them."""
        if self._precision.name not in CALIBRATED:
            return {}
        self._precision.forget(watched(self._f))
        return constants_of(self._f)

    def _example(self, args: tuple[Any, ...]) -> tuple[Hashable, Program, list[np.ndarray]]:
        """The signature and the program of an example for calibration, and its inputs."""
        call: Any = unboxed((args, {}))
        taken = take_apart(call)
        program, draws, _ = traced_call(self._f, taken, *call)
        inputs = (*taken.arrays, *(draw() for draw in draws))
        return taken.key, program, [ordered(x) for x in inputs]


def _name(f: Callable[..., Any]) -> str:
    return getattr(f, "__qualname__", repr(f))
