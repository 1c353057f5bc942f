"""Recurrent cells: one step of a sequence."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from tushuo.errors import ShapeError, UsageError
from tushuo.graph import ops
from tushuo.graph.tensor import Tensor, asarray
from tushuo.nn import checks, init
from tushuo.nn.linear import linear
from tushuo.nn.module import Module

States = tuple[Tensor, ...]
"""What a step hands to the next: the hidden state, then whatever else; each (N, H)."""
State = Tensor | tuple[Tensor, Tensor]
"""The same as users see it: h of an RNN or GRU, (h, c) of an LSTM."""


class Recurrence(Module):
    """The mathematics of a kind of recurrence, which its cell and its sequence module share."""

    gates: ClassVar[int] = 1
    """How many vectors of H numbers a step computes from its input."""
    carried: ClassVar[int] = 1
    """How many states it hands on."""
    additive: ClassVar[bool] = True
    """Whether both products are only ever added, so that their biases can be added beforehand."""

    hidden_size: int

    def step(self, inputs: Tensor, recurrent: Tensor, states: States) -> States:
        """The next states.

        Args:
            inputs: ``W_ih x + b_ih``, shape (N, gates H).
            recurrent: ``W_hh h + b_hh``, shape (N, gates H).
            states: The states before.
        """
        raise NotImplementedError

    def initial(self, like: Tensor) -> States:
        """Zeros, for the sequences whose number and data type ``like`` (N, ...) shows."""
        zeros = ops.zeros((like.shape[0], self.hidden_size), like=like)
        return (zeros,) * self.carried


class ElmanStep(Recurrence):
    """``h' = tanh(W_ih x + b_ih + W_hh h + b_hh)``, or relu instead of tanh.

    Elman, "Finding structure in time" (1990).
    """

    nonlinearity: str = "tanh"

    def step(self, inputs: Tensor, recurrent: Tensor, states: States) -> States:
        """The next hidden state."""
        f = ops.tanh if self.nonlinearity == "tanh" else ops.relu
        return (f(inputs + recurrent),)

    def nonlinearity_repr(self) -> str:
        """What ``repr`` shows of the nonlinearity."""
        return "" if self.nonlinearity == "tanh" else f", nonlinearity={self.nonlinearity!r}"


class LSTMStep(Recurrence):
    """Long short-term memory with a forget gate; gates in PyTorch's order i, f, g, o.

    Hochreiter and Schmidhuber (1997); Gers, Schmidhuber and Cummins, "Learning to forget" (2000)::

        i, f, o = sigmoid(...)    g = tanh(...)    c' = f c + i g    h' = o tanh(c')
    """

    gates = 4
    carried = 2

    def step(self, inputs: Tensor, recurrent: Tensor, states: States) -> States:
        """The next hidden state and cell."""
        i, f, g, o = ops.split(inputs + recurrent, 4, axis=-1)
        c = ops.sigmoid(f) * states[1] + ops.sigmoid(i) * ops.tanh(g)
        return ops.sigmoid(o) * ops.tanh(c), c


class GRUStep(Recurrence):
    """Gated recurrent unit; gates in PyTorch's order r, z, n.

    Cho et al., "Learning phrase representations using RNN encoder-decoder" (2014), section 2.3, in
    PyTorch's form, where the reset gate acts on the product ``W_hn h + b_hn``::

        r, z = sigmoid(...)    n = tanh(W_in x + b_in + r (W_hn h + b_hn))    h' = (1 - z) n + z h
    """

    gates = 3
    additive = False

    def step(self, inputs: Tensor, recurrent: Tensor, states: States) -> States:
        """The next hidden state."""
        (r_in, z_in, n_in), (r_hh, z_hh, n_hh) = (
            ops.split(x, 3, axis=-1) for x in (inputs, recurrent)
        )
        r, z = ops.sigmoid(r_in + r_hh), ops.sigmoid(z_in + z_hh)
        n = ops.tanh(n_in + r * n_hh)
        return (n + z * (states[0] - n),)


class Cell(Recurrence):
    """One step of a recurrence, for loops that decide at each step what comes next.

    Args:
        input_size: Length I of inputs.
        hidden_size: Length H of the states.
        bias: Whether biases are added.
        rng: Generator or seed of the initial values, uniform within ±1/sqrt(H).
        dtype: Data type of the parameters.

    Attributes:
        weight_ih: Shape (gates H, I).
        weight_hh: Shape (gates H, H).
        bias_ih: Shape (gates H,), or None.
        bias_hh: Shape (gates H,), or None.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        *,
        rng: init.Rng = None,
        dtype: Any = np.float32,
    ) -> None:
        self.input_size, self.hidden_size = input_size, hidden_size
        values = parameters(self, input_size, bias, init.generator(rng), dtype)
        self.weight_ih: Tensor = values["weight_ih"]
        self.weight_hh: Tensor = values["weight_hh"]
        self.bias_ih: Tensor | None = values["bias_ih"]
        self.bias_hh: Tensor | None = values["bias_hh"]

    def project(self, x: Any) -> Tensor:
        """The share of the inputs, (..., I) to (..., gates H), for many steps at once."""
        return linear(checks.features(self._name, x, self.input_size), self.weight_ih, self.bias_ih)

    def advance(self, inputs: Tensor, state: State) -> State:
        """One step from inputs that went through :meth:`project`, shape (N, gates H)."""
        states = as_states(state)
        recurrent = linear(states[0], self.weight_hh, self.bias_hh)
        return as_state(self.step(inputs, recurrent, states))

    def forward(self, x: Any, state: State | None = None) -> State:
        """One step.

        Args:
            x: Inputs, shape (N, I).
            state: The state before, each (N, H); zeros by default.

        Returns:
            The state after.

        Raises:
            ShapeError: The input or the state has another shape.
        """
        t = asarray(x)
        if t.ndim != 2:
            raise ShapeError(f"{self._name} needs inputs (N, {self.input_size}), got {t.shape}")
        inputs = self.project(t)
        states = self.initial(inputs) if state is None else as_states(state)
        check_states(self._name, states, self.carried, (t.shape[0], self.hidden_size), "(N, H)")
        return self.advance(inputs, as_state(states))

    @property
    def _name(self) -> str:
        return f"{type(self).__name__}({self.input_size}, {self.hidden_size})"

    def extra_repr(self) -> str:
        """Sizes."""
        bias = ", bias=False" if self.bias_ih is None else ""
        return f"{self.input_size}, {self.hidden_size}{bias}"


class RNNCell(ElmanStep, Cell):
    """A step of the plain recurrence, ``h' = tanh(W_ih x + b_ih + W_hh h + b_hh)``.

    As :class:`Cell`; ``nonlinearity`` is "tanh" or "relu".
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        *,
        rng: init.Rng = None,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, rng=rng, dtype=dtype)
        self.nonlinearity = check_nonlinearity("RNNCell", nonlinearity)

    def extra_repr(self) -> str:
        """Sizes, and the nonlinearity if it is not tanh."""
        return super().extra_repr() + self.nonlinearity_repr()


class LSTMCell(LSTMStep, Cell):
    """A step of an LSTM: ``cell(x, (h, c))`` is ``(h', c')``. As :class:`Cell`, with 4 gates."""


class GRUCell(GRUStep, Cell):
    """A step of a GRU: ``cell(x, h)`` is ``h'``. As :class:`Cell`, with 3 gates."""


def parameters(
    kind: Recurrence, input_size: int, bias: bool, rng: np.random.Generator, dtype: Any
) -> dict[str, Any]:
    """The four parameters of a layer, by PyTorch's names, drawn within ±1/sqrt(H)."""
    name, hidden = type(kind).__name__, kind.hidden_size
    checks.positive(name, input_size=input_size, hidden_size=hidden)
    rows = kind.gates * hidden
    shapes: dict[str, tuple[int, ...]] = {
        "weight_ih": (rows, input_size),
        "weight_hh": (rows, hidden),
    }
    if bias:
        shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
    drawn: dict[str, Any] = {
        name: init.scaled_uniform(shape, hidden, rng=rng, dtype=dtype)
        for name, shape in shapes.items()
    }
    return drawn if bias else drawn | {"bias_ih": None, "bias_hh": None}


def as_states(state: State) -> States:
    """A user's state as a tuple."""
    return tuple(map(asarray, state)) if isinstance(state, tuple | list) else (asarray(state),)


def as_state(states: States) -> State:
    """A tuple of one or two states as users see it."""
    return states[0] if len(states) == 1 else (states[0], states[1])


def check_states(name: str, states: States, count: int, shape: tuple[int, ...], axes: str) -> None:
    """Refuse states of another number or shape.

    Raises:
        ShapeError: The message names the layer.
    """
    got = [x.shape for x in states]
    if got != [shape] * count:
        wanted = "h" if count == 1 else "(h, c), each"
        raise ShapeError(
            f"{name} needs a state {wanted} {axes} = {shape}, got {', '.join(map(str, got))}"
        )


def check_nonlinearity(name: str, nonlinearity: str) -> str:
    """The name itself, which must be tanh or relu.

    Raises:
        UsageError: It is something else.
    """
    if nonlinearity not in ("tanh", "relu"):
        raise UsageError(f"{name}: nonlinearity is {nonlinearity!r}", hint="use 'tanh' or 'relu'")
    return nonlinearity
