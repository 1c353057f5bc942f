"""`tushuo digit`: which digit a picture shows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tushuo.cli.faces import one_line, tell_error, write, write_json
from tushuo.cli.options import BatchSize, Json
from tushuo.cli.sources import Paths, photographs

if TYPE_CHECKING:
    from tushuo.caption import Outcome

__all__ = ["digit"]

Classifier = Annotated[
    str, typer.Option(help="The name of an installed classifier of digits, or a folder.")
]


def digit(
    paths: Paths,
    model: Classifier = "mnist-cnn",
    as_json: Json = False,
    batch_size: BatchSize = 8,
) -> None:
    """Read a handwritten digit in each picture.

    Pictures of any size, dark on light or light on dark, with one digit each; they are made like
    those of MNIST first. Prints path, digit and the probabilities of the digits from 0 to 9. The
    exit status is that of `tushuo caption`.
    """
    import numpy as np

    from tushuo.caption import process
    from tushuo.data import load_image
    from tushuo.data.mnist import normalize_digit
    from tushuo.digits import load_digit_classifier

    classifier = load_digit_classifier(model)
    failed = False

    def load(path: Path) -> Any:
        return normalize_digit(load_image(path))

    def work(batch: Sequence[Any]) -> list[list[float]]:
        rows: list[list[float]] = classifier(np.stack(batch)).tolist()
        return rows

    for outcome in process(photographs(paths), load, work, batch_size):
        _tell(outcome, classifier.name, as_json)
        failed |= outcome.error is not None
    if failed:
        raise typer.Exit(1)


def _tell(outcome: Outcome[Any, list[float]], model: str, as_json: bool) -> None:
    if outcome.error is not None:
        tell_error(outcome.path, outcome.error, as_json)
        return
    path, chances = str(outcome.path), outcome.result or []
    found = chances.index(max(chances))
    if as_json:
        write_json({"path": path, "digit": found, "probabilities": chances, "model": model})
    else:
        rows = (f"{p:6.1%}  {i}" for i, p in enumerate(chances))
        write("\n  ".join([f"{one_line(path)}\t{found}", *rows]))
