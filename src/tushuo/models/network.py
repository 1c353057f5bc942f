"""Nielsen's network: sigmoid layers, quadratic cost, stochastic gradient descent, in NumPy alone.

To be read beside M. Nielsen, "Neural networks and deep learning" (2015), chapters 1 and 2, whose
names it keeps: in layer l the weighted input is ``z^l = w^l a^(l-1) + b^l``, the activation
``a^l = sigmoid(z^l)``, the error ``delta^l = dC/dz^l``. A vector is a column (n, 1); a mini-batch
is a matrix with one example a column, (n, m), and every line below serves both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tushuo.errors import ShapeError
from tushuo.models.network_checks import (
    check_settings,
    checked_sizes,
    columns,
    one_hot,
    pairs_of,
    rows_of,
    seed_of,
)

__all__ = ["Network", "epoch_order", "sigmoid", "sigmoid_prime"]

Array: TypeAlias = npt.NDArray[Any]
Data: TypeAlias = Sequence[tuple[Any, Any]]
"""Examples ``(x, y)``: x of shape (sizes[0], 1), y of shape (sizes[-1], 1) or a class from 0."""


def sigmoid(z: Array) -> Array:
    """``1 / (1 + exp(-z))``, element by element."""
    with np.errstate(over="ignore"):  # exp(-z) = inf for very negative z gives the right 0
        a: Array = 1.0 / (1.0 + np.exp(-z))
    return a


def sigmoid_prime(z: Array) -> Array:
    """The derivative of the sigmoid, ``sigmoid(z) (1 - sigmoid(z))``."""
    a = sigmoid(z)
    slope: Array = a * (1 - a)
    return slope


def epoch_order(n: int, seed: int, epoch: int) -> npt.NDArray[np.int64]:
    """The order of ``n`` examples in an epoch (from 0), known from seed and epoch alone."""
    return np.random.default_rng([seed, epoch]).permutation(n)


class Network:
    """A fully connected network that learns by stochastic gradient descent.

    Args:
        sizes: Neurons of each layer, from the input to the output, as ``[784, 30, 10]``.
        rng: Seed or generator of the initial parameters (standard normal) and of the order of the
            examples; None for fresh entropy.

    Attributes:
        biases: A float64 array (n, 1) for each layer after the first.
        weights: Likewise (n, k): ``weights[0][j, k]`` leads from neuron k to neuron j.

    Raises:
        ShapeError: There are not at least two sizes, each a whole number from 1.
        UsageError: ``rng`` is neither a seed from 0, a generator nor None.
    """

    def __init__(self, sizes: Sequence[int], rng: np.random.Generator | int | None = None) -> None:
        self.sizes = checked_sizes(sizes)
        self.num_layers = len(self.sizes)
        self.seed = seed_of(rng)
        draw = np.random.default_rng(self.seed).standard_normal
        pairs = list(zip(self.sizes[:-1], self.sizes[1:], strict=True))
        self.biases: list[Array] = [draw((n, 1)) for _, n in pairs]
        self.weights: list[Array] = [draw((n, k)) for k, n in pairs]

    def feedforward(self, a: Any) -> Array:
        """The output for inputs ``a``.

        Args:
            a: Shape (sizes[0], m): m examples, one a column.

        Returns:
            Shape (sizes[-1], m).

        Raises:
            ShapeError: ``a`` has another shape.
            DTypeError: ``a`` is not numbers.
        """
        activation = columns("the input", a, self.sizes[0])
        for b, w in zip(self.biases, self.weights, strict=True):
            activation = sigmoid(w @ activation + b)
        return activation

    def SGD(  # noqa: N802  (the name in the article)
        self,
        training_data: Data,
        epochs: int,
        mini_batch_size: int,
        eta: float,
        test_data: Data | None = None,
        *,
        by_example: bool = False,
        report: Callable[[str], object] = print,
    ) -> list[int]:
        """Learn from examples in mini-batches.

        Args:
            training_data: Examples ``(x, y)``.
            epochs: How often all examples are gone through, in a new order each time.
            mini_batch_size: Examples a step; the last step of an epoch may have fewer.
            eta: The learning rate.
            test_data: Examples to count right answers on after each epoch.
            by_example: Whether back-propagation takes one example at a time, as in the article,
                or a whole mini-batch as a matrix: the same to rounding, and many times faster.
            report: Takes a line after each epoch, as ``Epoch 0: 9012 / 10000``.

        Returns:
            The number of right answers after each epoch; empty without ``test_data``.

        Raises:
            ShapeError: The network does not match the data.
            DTypeError: The data are not numbers.
            UsageError: A number is out of range, or there is no example.
        """
        check_settings(epochs, mini_batch_size, eta)
        x, y = self.stack(training_data)
        tests = None if test_data is None else self.stack(test_data)
        counts = []
        for epoch in range(epochs):
            self.train_epoch(x, y, epoch, mini_batch_size, eta, by_example=by_example)
            if tests is None:
                report(f"Epoch {epoch} complete")
            else:
                counts.append(self.count_right(*tests))
                report(f"Epoch {epoch}: {counts[-1]} / {len(tests[0])}")
        return counts

    def train_epoch(
        self,
        x: Array,
        y: Array,
        epoch: int,
        mini_batch_size: int,
        eta: float,
        *,
        by_example: bool = False,
    ) -> None:
        """One epoch of ``SGD`` on examples as ``stack`` returns them, one a row."""
        order = epoch_order(len(x), self.seed, epoch)
        for start in range(0, len(x), mini_batch_size):
            rows = order[start : start + mini_batch_size]
            if by_example:
                examples = [(x[i, :, np.newaxis], y[i, :, np.newaxis]) for i in rows]
                self.update_mini_batch(examples, eta)
            else:
                self._step(*self._gradient(x[rows].T, y[rows].T), eta / len(rows))

    def update_mini_batch(self, mini_batch: Data, eta: float) -> None:
        """One step down the mean gradient of some examples, taken one at a time."""
        nabla_b = [np.zeros_like(b) for b in self.biases]
        nabla_w = [np.zeros_like(w) for w in self.weights]
        pairs = pairs_of(mini_batch)
        for x, y in pairs:
            delta_b, delta_w = self.backprop(x, y)
            nabla_b = [nb + db for nb, db in zip(nabla_b, delta_b, strict=True)]
            nabla_w = [nw + dw for nw, dw in zip(nabla_w, delta_w, strict=True)]
        self._step(nabla_b, nabla_w, eta / len(pairs))

    def backprop(self, x: Any, y: Any) -> tuple[list[Array], list[Array]]:
        """The gradient of the cost ``|a^L - y|^2 / 2``, summed over the examples.

        Args:
            x: Inputs, (sizes[0], m).
            y: Desired outputs, (sizes[-1], m).

        Returns:
            ``(nabla_b, nabla_w)``, arrays like ``biases`` and ``weights``.

        Raises:
            ShapeError: A shape does not fit the network, or there are not as many x as y.
            DTypeError: ``x`` or ``y`` is not numbers.
        """
        x, y = columns("x", x, self.sizes[0]), columns("y", y, self.sizes[-1])
        if x.shape[1] != y.shape[1]:
            raise ShapeError(f"x has {x.shape[1]} columns and y {y.shape[1]}, expected as many")
        return self._gradient(x, y)

    def evaluate(self, test_data: Data) -> int:
        """How many examples the most active output neuron names rightly.

        Raises:
            ShapeError: The network does not match the data.
            DTypeError: The data are not numbers.
            UsageError: There is no example.
        """
        return self.count_right(*self.stack(test_data))

    def cost(self, data: Data) -> float:
        """The quadratic cost, ``sum |a^L - y|^2 / 2n`` over n examples; raises as ``evaluate``."""
        x, y = self.stack(data)
        return float(np.square(self.feedforward(x.T) - y.T).sum() / (2 * len(x)))

    def stack(self, data: Data) -> tuple[Array, Array]:
        """Examples as rows: x (N, sizes[0]) and y (N, sizes[-1]); raises as ``evaluate``."""
        pairs = pairs_of(data)
        x = rows_of("x", [x for x, _ in pairs], self.sizes[0])
        targets = [y for _, y in pairs]
        if np.ndim(targets[0]) == 0:
            return x, one_hot(targets, self.sizes[-1])
        return x, rows_of("y", targets, self.sizes[-1])

    def _gradient(self, x: Array, y: Array) -> tuple[list[Array], list[Array]]:
        """Back-propagation; the four equations are those of Nielsen's chapter 2."""
        activations: list[Array] = [x]
        zs: list[Array] = []
        for b, w in zip(self.biases, self.weights, strict=True):
            zs.append(w @ activations[-1] + b)
            activations.append(sigmoid(zs[-1]))
        # BP1: delta^L = dC/da^L * sigmoid'(z^L), and dC/da^L = a^L - y
        delta = (activations[-1] - y) * sigmoid_prime(zs[-1])
        deltas = [delta]
        for w, z in zip(self.weights[:0:-1], zs[-2::-1], strict=True):
            # BP2: delta^l = (w^(l+1))^T delta^(l+1) * sigmoid'(z^l)
            delta = (w.T @ delta) * sigmoid_prime(z)
            deltas.insert(0, delta)
        # BP3: dC/db^l = delta^l, here summed over the columns
        nabla_b = [delta.sum(axis=1, keepdims=True) for delta in deltas]
        # BP4: dC/dw^l_jk = delta^l_j a^(l-1)_k; the matrix product sums over the columns
        nabla_w = [delta @ a.T for delta, a in zip(deltas, activations[:-1], strict=True)]
        return nabla_b, nabla_w

    def _step(self, nabla_b: list[Array], nabla_w: list[Array], rate: float) -> None:
        self.biases = [b - rate * nb for b, nb in zip(self.biases, nabla_b, strict=True)]
        self.weights = [w - rate * nw for w, nw in zip(self.weights, nabla_w, strict=True)]

    def count_right(self, x: Array, y: Array) -> int:
        """``evaluate`` for examples as ``stack`` returns them."""
        answers = self.feedforward(x.T).argmax(axis=0)
        return int(np.count_nonzero(answers == y.argmax(axis=1)))
