"""The options of a command that say how sentences are searched for."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = [
    "BeamGroups",
    "DiversityPenalty",
    "Exclude",
    "Include",
    "MaxWords",
    "MinWords",
    "NoRepeat",
    "Sample",
    "Seed",
    "Temperature",
    "TopK",
    "TopP",
]

_PANEL = "Sentences"
_CHANCE = "Sentences by chance"

MaxWords = Annotated[
    int | None,
    typer.Option(help="The longest sentence.", show_default="the bundle's", rich_help_panel=_PANEL),
]
MinWords = Annotated[
    int | None,
    typer.Option(help="The shortest.", show_default="the bundle's", rich_help_panel=_PANEL),
]
Include = Annotated[
    list[str] | None,
    typer.Option(
        metavar="WORD",
        help="Every sentence has this word; may be repeated.",
        rich_help_panel=_PANEL,
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(
        metavar="WORD", help="No sentence has this word; may be repeated.", rich_help_panel=_PANEL
    ),
]
NoRepeat = Annotated[
    int | None,
    typer.Option(
        "--no-repeat-ngram-size",
        metavar="N",
        help="Runs of N words occur once in a sentence.",
        show_default="the bundle's",
        rich_help_panel=_PANEL,
    ),
]
BeamGroups = Annotated[
    int | None,
    typer.Option(
        "--num-beam-groups",
        metavar="G",
        help="Divide the beams into groups that avoid each other's words (diverse beam search).",
        rich_help_panel=_PANEL,
    ),
]
DiversityPenalty = Annotated[
    float | None,
    typer.Option(help="What a word of an earlier group costs, in nats.", rich_help_panel=_PANEL),
]
Sample = Annotated[
    bool,
    typer.Option(
        "--sample",
        help="Draw sentences by chance, as many as there are beams. The next four options imply "
        "it.",
        rich_help_panel=_CHANCE,
    ),
]
Temperature = Annotated[
    float | None,
    typer.Option(help="Below 1 more careful, above 1 more daring.", rich_help_panel=_CHANCE),
]
TopK = Annotated[
    int | None,
    typer.Option(metavar="K", help="Draw among the K likeliest words.", rich_help_panel=_CHANCE),
]
TopP = Annotated[
    float | None,
    typer.Option(
        metavar="P",
        help="Draw among the likeliest words that together have probability P.",
        rich_help_panel=_CHANCE,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(help="Another seed draws other sentences.", rich_help_panel=_CHANCE),
]
