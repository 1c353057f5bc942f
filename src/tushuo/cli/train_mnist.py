"""`tushuo train mnist`: the article's first network, and better ones."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

import typer

from tushuo.cli.faces import guarded, write
from tushuo.cli.options import Overwrite
from tushuo.errors import UsageError

__all__ = ["mnist"]

Model = Annotated[
    Literal["mlp", "cnn"], typer.Option(help="Fully connected layers, or a LeNet-style CNN.")
]
Layers = Annotated[
    str | None,
    typer.Option(metavar="N-N-N", help="Neurons of an mlp.", show_default="784-30-10"),
]
Activation = Annotated[
    Literal["sigmoid", "tanh", "relu", "silu", "gelu"] | None,
    typer.Option(help="Of the hidden layers.", show_default="sigmoid; cnn: relu"),
]
Loss = Annotated[
    Literal["quadratic", "binary-cross-entropy", "cross-entropy"] | None,
    typer.Option(
        help="The first two over ten sigmoids, the last over a softmax.",
        show_default="quadratic; cnn: cross-entropy",
    ),
]
Rule = Annotated[
    Literal["sgd", "momentum", "nesterov", "adagrad", "adadelta", "rmsprop", "adam", "adamw"]
    | None,
    typer.Option(help="Update rule.", show_default="sgd; cnn: adam"),
]
Schedule = Annotated[
    Literal["constant", "step", "cosine", "warmup-cosine"] | None,
    typer.Option(help="Of the learning rate.", show_default="constant; cnn: cosine"),
]
Rate = Annotated[
    float | None,
    typer.Option(
        "--lr", "--eta", help="Learning rate.", show_default="3.0; others by loss and optimizer"
    ),
]
Epochs = Annotated[
    int | None, typer.Option(help="Passes over the images.", show_default="30; cnn: 10")
]
BatchSize = Annotated[int | None, typer.Option(help="Images a step.", show_default="10; cnn: 64")]
Init = Annotated[
    Literal["normal", "scaled"] | None,
    typer.Option(
        help="Initial weights of an mlp.", show_default="normal with sigmoid, else scaled"
    ),
]
Shift = Annotated[
    int | None,
    typer.Option(help="Move images by up to so many pixels.", show_default="0; cnn: 2"),
]
Dropout = Annotated[float | None, typer.Option(help="Of a cnn.", show_default="0.25")]
WeightDecay = Annotated[float | None, typer.Option(help="Of the optimizer.", show_default="0")]
Engine = Annotated[
    bool, typer.Option("--engine", help="Do the article's job on the graph engine: slower.")
]
Data = Annotated[
    Path | None,
    typer.Option(
        metavar="PATH",
        help="A folder of IDX files, or mnist.pkl.gz.",
        show_default="the package's copy",
    ),
]


@guarded
def mnist(
    model: Model = "mlp",
    layers: Layers = None,
    activation: Activation = None,
    loss: Loss = None,
    optimizer: Rule = None,
    schedule: Schedule = None,
    lr: Rate = None,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    weight_decay: WeightDecay = None,
    init: Init = None,
    shift: Shift = None,
    dropout: Dropout = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    engine: Engine = False,
    data: Data = None,
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Where the model, curve and log go.")
    ] = Path("runs/mnist"),
    overwrite: Overwrite = False,
) -> None:
    """Train a network to read handwritten digits.

    Without options this is the article's job: 784-30-10 sigmoid neurons, quadratic cost, 30 epochs
    of SGD with batches of 10 and a rate of 3.0, about 95 % right. That kind of job runs on the
    NumPy network of the article; all others run on the graph engine, and go on where they stopped
    when the same command is given again. OUT/model is for `tushuo digit --model`.
    """
    from tushuo.data.mnist import load_mnist
    from tushuo.digits import DigitRecipe, train_digits

    recipe = DigitRecipe.of(
        model=model,
        layers=None if layers is None else _layers(layers),
        activation=activation,
        loss=loss,
        optimizer=optimizer,
        schedule=schedule,
        lr=lr,
        epochs=epochs,
        batch_size=batch_size,
        weight_decay=weight_decay,
        init=init,
        shift=shift,
        dropout=dropout,
        seed=seed,
        engine=engine,
    )
    trained = train_digits(recipe, load_mnist(data), out, report=_tell, overwrite=overwrite)
    if trained is None:
        raise typer.Exit(130)
    write(f"model: {trained.model}")
    write(f"curve: {trained.curve}")


def _layers(text: str) -> tuple[int, ...]:
    """The numbers of 784-30-10, 784,30,10 or [784, 30, 10]."""
    parts = re.split(r"\s*[-,x]\s*", text.strip(" []"))
    if not all(re.fullmatch("[0-9]{1,9}", part) for part in parts):
        raise UsageError(f"layers: got {text!r:.60}", hint="give whole numbers, as 784-30-10")
    return tuple(map(int, parts))


def _tell(epoch: int, right: int, total: int) -> None:
    write(f"Epoch {epoch}: {right} / {total}")
