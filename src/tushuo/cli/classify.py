"""`tushuo classify`: what ImageNet's classes say about each photograph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from tushuo.cli.cores import divide_cores
from tushuo.cli.faces import one_line, tell_error, write, write_json
from tushuo.cli.options import BatchSize, Json
from tushuo.cli.progress import progress
from tushuo.cli.sources import Paths, count, photographs

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from tushuo.caption import Outcome
    from tushuo.data import Preprocessing
    from tushuo.models.efficientnet import EfficientNetLite

    Pixels: TypeAlias = npt.NDArray[np.float32]

__all__ = ["classify", "preprocessing"]

Label: TypeAlias = tuple[str, float]
"""The name of a class and its probability."""

_TOP = 5
_EAGER_BATCHES = 4  # before the network is compiled, which takes seconds
_MARGIN = 32  # pixels that the published preprocessing resizes to beyond those that it keeps

Classifier = Annotated[
    str, typer.Option(help="The name of an installed classifier, a folder, or a .pth file.")
]

Precision = Annotated[
    str,
    typer.Option(
        metavar="KIND",
        help="Of the network: float32, or bfloat16, which is faster on processors that have it.",
    ),
]


def classify(
    paths: Paths,
    model: Classifier = "efficientnet-lite2",
    as_json: Json = False,
    batch_size: BatchSize = 4,
    precision: Precision = "float32",
) -> None:
    """Name the five likeliest ImageNet classes of each photograph.

    The exit status is that of `tushuo caption`.
    """
    workers = divide_cores()
    from tushuo.caption import process
    from tushuo.data import load_image
    from tushuo.models.pretrained import load_efficientnet

    network = load_efficientnet(model).folded()
    prepare = preprocessing(network)
    failed = False

    def load(path: Path) -> Pixels:
        return prepare(load_image(path, at_least=prepare.at_least))

    with progress(lambda: count(paths)) as advance:
        found, work = photographs(paths), _classifier(network, precision)
        for outcome in process(found, load, work, batch_size, workers):
            _tell(outcome, network.name, as_json)
            failed |= outcome.error is not None
            advance()
    if failed:
        raise typer.Exit(1)


def preprocessing(network: EfficientNetLite) -> Preprocessing:
    """The published preprocessing: the middle of the photograph, without a margin."""
    from tushuo.data import Preprocessing

    size = network.scale.resolution
    return Preprocessing(size=size, resize_mode="crop", crop_fraction=size / (size + _MARGIN))


def _classifier(
    network: EfficientNetLite, precision: str
) -> Callable[[Sequence[Pixels]], list[list[Label]]]:
    import numpy as np

    from tushuo.graph import asarray, ops
    from tushuo.models.pretrained import imagenet_classes
    from tushuo.native import native

    names = imagenet_classes()
    logits_of = native(lambda x: network(x), _EAGER_BATCHES, precision)

    def work(batch: Sequence[Pixels]) -> list[list[Label]]:
        logits = logits_of(asarray(np.stack(batch)))  # (N, 1000)
        probabilities = ops.softmax(logits, axis=-1).numpy()
        best = np.argsort(-probabilities, axis=-1, kind="stable")[:, :_TOP]
        rows = zip(best, probabilities, strict=True)
        return [[(names[i], float(row[i])) for i in places] for places, row in rows]

    return work


def _tell(outcome: Outcome[Any, list[Label]], model: str, as_json: bool) -> None:
    path = str(outcome.path)
    if outcome.error is not None:
        tell_error(outcome.path, outcome.error, as_json)
        return
    labels = outcome.result or []
    if as_json:
        classes = [{"label": name, "probability": value} for name, value in labels]
        write_json({"path": path, "classes": classes, "model": model})
    else:
        rows = (f"  {value:6.1%}  {name}" for name, value in labels)
        write("\n".join([one_line(path), *rows]))
