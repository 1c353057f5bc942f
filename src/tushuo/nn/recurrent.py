"""Recurrent layers over whole sequences, with masks for sequences of unequal length."""

from __future__ import annotations

from typing import Any

import numpy as np

from tushuo.errors import ShapeError
from tushuo.graph import ops
from tushuo.graph.tensor import Tensor, asarray
from tushuo.nn import checks, init
from tushuo.nn.cells import (
    ElmanStep,
    GRUStep,
    LSTMStep,
    Recurrence,
    State,
    States,
    as_state,
    as_states,
    check_nonlinearity,
    check_states,
    parameters,
)
from tushuo.nn.linear import linear


class RecurrentLayers(Recurrence):
    """Layers of a recurrence, each over the whole sequence of the one below.

    The products of all inputs with ``weight_ih`` are one product of matrices; a step is left with
    one product, ``weight_hh h``.

    Args:
        input_size: Length I of the inputs.
        hidden_size: Length H of the states.
        num_layers: How many layers.
        bias: Whether biases are added.
        batch_first: Whether arrays are (N, T, ...), as by default, or (T, N, ...), as PyTorch's.
        rng: Generator or seed of the initial values, uniform within ±1/sqrt(H).
        dtype: Data type of the parameters.

    Attributes:
        weight_ih_l0: Shape (gates H, I); from layer 1 on (gates H, H).
        weight_hh_l0: Shape (gates H, H).
        bias_ih_l0: Shape (gates H,), or None.
        bias_hh_l0: Shape (gates H,), or None.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = True,
        *,
        rng: init.Rng = None,
        dtype: Any = np.float32,
    ) -> None:
        checks.positive(type(self).__name__, num_layers=num_layers)
        self.input_size, self.hidden_size = input_size, hidden_size
        self.num_layers, self.batch_first = num_layers, batch_first
        rng = init.generator(rng)
        for k in range(num_layers):
            size = hidden_size if k else input_size
            for name, value in parameters(self, size, bias, rng, dtype).items():
                setattr(self, f"{name}_l{k}", value)

    def forward(self, x: Any, state: State | None = None, mask: Any = None) -> tuple[Tensor, State]:
        """Run over sequences.

        Args:
            x: Inputs, shape (N, T, I).
            state: Initial state of all layers, each (num_layers, N, H); zeros by default.
            mask: Booleans (N, T), False where a sequence is padded: such a step keeps the state
                and repeats the output before it, so that padding changes nothing and the final
                state is that of each sequence's last real step.

        Returns:
            The hidden states of the last layer at all steps, (N, T, H), and the final state of all
            layers, each (num_layers, N, H). With ``batch_first=False`` N and T change places.

        Raises:
            ShapeError: The inputs, the state or the mask have another shape, or T is 0.
        """
        y = self._checked(x)
        if not self.batch_first:
            y = ops.moveaxis(y, 0, 1)
        kept = None if mask is None else self._kept(mask, y)
        last = []
        for k, states in enumerate(self._initial_states(y, state)):
            y, states = self._layer(k, y, states, kept)
            last.append(states)
        final = tuple(ops.stack(layers) for layers in zip(*last, strict=True))
        return y if self.batch_first else ops.moveaxis(y, 0, 1), as_state(final)

    def _layer(
        self, k: int, x: Tensor, states: States, kept: Tensor | None
    ) -> tuple[Tensor, States]:
        """One layer over (N, T, ...): its hidden states (N, T, H), and its final states."""
        bias_ih, bias_hh = self._of_layer("bias_ih", k), self._of_layer("bias_hh", k)
        if self.additive and bias_ih is not None:
            bias_ih, bias_hh = bias_ih + bias_hh, None
        inputs = linear(x, self._of_layer("weight_ih", k), bias_ih)  # (N, T, gates H)
        weight = self._of_layer("weight_hh", k).mT
        outputs = []
        for t in range(x.shape[1]):
            recurrent = ops.matmul(states[0], weight)
            recurrent = recurrent if bias_hh is None else recurrent + bias_hh
            new = self.step(inputs[:, t], recurrent, states)
            states = new if kept is None else _chosen(kept[:, t], new, states)
            outputs.append(states[0])
        return ops.stack(outputs, axis=1), states

    def _of_layer(self, name: str, k: int) -> Any:
        return getattr(self, f"{name}_l{k}")

    def _initial_states(self, x: Tensor, state: State | None) -> list[States]:
        """For each layer its states."""
        if state is None:
            return [self.initial(x)] * self.num_layers
        states = as_states(state)
        shape = (self.num_layers, x.shape[0], self.hidden_size)
        check_states(self._name, states, self.carried, shape, "(num_layers, N, H)")
        return [tuple(x[k] for x in states) for k in range(self.num_layers)]

    def _checked(self, x: Any) -> Tensor:
        t = asarray(x)
        if t.ndim != 3 or t.shape[2] != self.input_size or 0 in t.shape[:2]:
            axes = "N, T" if self.batch_first else "T, N"
            raise ShapeError(
                f"{self._name} needs inputs ({axes}, {self.input_size}) of at least one step, "
                f"got {t.shape}"
            )
        return t

    def _kept(self, mask: Any, x: Tensor) -> Tensor:
        """The mask as (N, T, 1)."""
        n, t = x.shape[:2]
        shape, axes = ((n, t), "(N, T)") if self.batch_first else ((t, n), "(T, N)")
        kept = checks.boolean(self._name, mask, shape, axes)
        return ops.expand_dims(kept if self.batch_first else kept.mT, -1)

    @property
    def _name(self) -> str:
        return f"{type(self).__name__}({self.input_size}, {self.hidden_size})"

    def extra_repr(self) -> str:
        """Sizes, and the settings that are not the default ones."""
        layers = f", num_layers={self.num_layers}" if self.num_layers > 1 else ""
        bias = ", bias=False" if self._of_layer("bias_ih", 0) is None else ""
        order = "" if self.batch_first else ", batch_first=False"
        return f"{self.input_size}, {self.hidden_size}{layers}{bias}{order}"


class RNN(ElmanStep, RecurrentLayers):
    """The plain recurrence over sequences, ``h' = tanh(W_ih x + b_ih + W_hh h + b_hh)``.

    As :class:`RecurrentLayers`; ``nonlinearity`` is "tanh" or "relu".
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = True,
        *,
        rng: init.Rng = None,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__(
            input_size, hidden_size, num_layers, bias, batch_first, rng=rng, dtype=dtype
        )
        self.nonlinearity = check_nonlinearity("RNN", nonlinearity)

    def extra_repr(self) -> str:
        """Sizes, and the settings that are not the default ones."""
        return super().extra_repr() + self.nonlinearity_repr()


class LSTM(LSTMStep, RecurrentLayers):
    """An LSTM over sequences, with state ``(h, c)``. As :class:`RecurrentLayers`, with 4 gates."""


class GRU(GRUStep, RecurrentLayers):
    """A GRU over sequences, with state ``h``. As :class:`RecurrentLayers`, with 3 gates."""


def _chosen(kept: Tensor, new: States, old: States) -> States:
    """The new states, and the old ones where a step is padding; ``kept`` is (N, 1)."""
    return tuple(ops.where(kept, a, b) for a, b in zip(new, old, strict=True))
