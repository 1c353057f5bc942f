"""What an engine gives to be measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np


def _nothing() -> None:
    """Nothing to set back, or to compare with."""


class Job(NamedTuple):
    """A workload on an engine.

    Attributes:
        run: So many steps from the start; when it returns, they are done. Its results (a loss and
            some weights, logits, a sentence) are what the engines have to agree about.
        reset: Sets back what `run` changed in place; it is not timed.
        agreement: In low precision, the share of other inputs for which it says what float32 does.
    """

    run: Callable[[int], Sequence[Any]]
    reset: Callable[[], None] = _nothing
    agreement: Callable[[], float | None] = _nothing


def fingerprint(results: Sequence[Any], most: int = 400) -> list[list[float]]:
    """Of each array of results some elements, evenly spread."""
    arrays = [np.asarray(x, np.float64).ravel() for x in results]
    return [x[:: max(1, -(-len(x) // most))].tolist() for x in arrays]
