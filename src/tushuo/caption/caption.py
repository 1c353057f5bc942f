"""A caption: a sentence about a photograph, and what the model made of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Caption"]


@dataclass(frozen=True, eq=False)
class Caption:
    """A sentence about a photograph.

    Attributes:
        text: The sentence, fit for print.
        words: Its words, in lower case.
        logprob: The logarithm of the probability that the model gives it, its end included.
        score: What the sentences of a beam are ranked by: the log-probability over a power of the
            length, and what people would probably say (see `Decoding`).
        attention: Where the model looked for each word, (len(words), h, w); each map sums to 1.
            Row 0 is the top of the photograph.
        alternatives: The other sentences of the beam, best first; theirs are empty.
        confidence: The probability that the caption is good, as fitted on photographs with known
            captions (see `Calibration`); None where the bundle has no such fit.
    """

    text: str
    words: tuple[str, ...]
    logprob: float
    score: float
    attention: npt.NDArray[np.float32]
    alternatives: tuple[Caption, ...] = ()
    confidence: float | None = None

    def __str__(self) -> str:
        return self.text
