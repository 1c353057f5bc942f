"""The options of a command that say how sentences are searched for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tushuo.caption.options import DecodingOptions

__all__ = ["Sentences"]

_PANEL = "Sentences"
_CHANCE = "Sentences by chance"


@dataclass(frozen=True, kw_only=True)
class Sentences:
    """What is asked of the search; None leaves it to the bundle."""

    max_words: Annotated[
        int | None,
        typer.Option(
            help="The longest sentence.", show_default="the bundle's", rich_help_panel=_PANEL
        ),
    ] = None
    min_words: Annotated[
        int | None,
        typer.Option(help="The shortest.", show_default="the bundle's", rich_help_panel=_PANEL),
    ] = None
    include: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WORD",
            help="Every sentence has this word; may be repeated.",
            rich_help_panel=_PANEL,
        ),
    ] = None
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WORD",
            help="No sentence has this word; may be repeated.",
            rich_help_panel=_PANEL,
        ),
    ] = None
    no_repeat_ngram_size: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Runs of N words occur once in a sentence.",
            show_default="the bundle's",
            rich_help_panel=_PANEL,
        ),
    ] = None
    num_beam_groups: Annotated[
        int | None,
        typer.Option(
            metavar="G",
            help="Divide the beams into groups that avoid each other's words (diverse beam "
            "search).",
            rich_help_panel=_PANEL,
        ),
    ] = None
    diversity_penalty: Annotated[
        float | None,
        typer.Option(
            help="What a word of an earlier group costs, in nats.", rich_help_panel=_PANEL
        ),
    ] = None
    patience: Annotated[
        float | None,
        typer.Option(
            help="Search on until there are so many times as many sentences as beams to choose "
            "from.",
            show_default="the bundle's",
            rich_help_panel=_PANEL,
        ),
    ] = None
    phrase_weight: Annotated[
        float | None,
        typer.Option(
            help="How much the phrases that people would use count in ranking the sentences; 0 "
            "ranks by likelihood alone.",
            show_default="the bundle's",
            rich_help_panel=_PANEL,
        ),
    ] = None
    match_weight: Annotated[
        float | None,
        typer.Option(
            help="How much their likeness to the photograph in the joint space counts.",
            show_default="the bundle's",
            rich_help_panel=_PANEL,
        ),
    ] = None
    sample: Annotated[
        bool,
        typer.Option(
            "--sample",
            help="Draw sentences by chance, as many as there are beams; one is written, with "
            "--json the others, too. The next four options imply it.",
            rich_help_panel=_CHANCE,
        ),
    ] = False
    temperature: Annotated[
        float | None,
        typer.Option(help="Below 1 more careful, above 1 more daring.", rich_help_panel=_CHANCE),
    ] = None
    top_k: Annotated[
        int | None,
        typer.Option(
            metavar="K", help="Draw among the K likeliest words.", rich_help_panel=_CHANCE
        ),
    ] = None
    top_p: Annotated[
        float | None,
        typer.Option(
            metavar="P",
            help="Draw among the likeliest words that together have probability P.",
            rich_help_panel=_CHANCE,
        ),
    ] = None
    seed: Annotated[
        int | None,
        typer.Option(help="Another seed draws other sentences.", rich_help_panel=_CHANCE),
    ] = None

    @property
    def by_chance(self) -> bool:
        """Whether sentences are to be drawn."""
        chance = (self.temperature, self.top_k, self.top_p, self.seed)
        return self.sample or any(x is not None for x in chance)

    def several(self, beams: int | None) -> bool:
        """Whether more sentences than the best were asked for, rather than the bundle's beams."""
        return self.by_chance or self.num_beam_groups is not None or (beams or 1) > 1

    def options(self, beams: int | None) -> DecodingOptions:
        """The same for `Captioner`, with the width of the search."""
        return {
            "beams": beams,
            "max_words": self.max_words,
            "min_words": self.min_words,
            "include": self.include or None,
            "exclude": self.exclude or None,
            "no_repeat_ngram_size": self.no_repeat_ngram_size,
            "num_beam_groups": self.num_beam_groups,
            "diversity_penalty": self.diversity_penalty,
            "patience": self.patience,
            "phrase_weight": self.phrase_weight,
            "match_weight": self.match_weight,
            "do_sample": self.by_chance or None,
            "temperature": self.temperature,
            "top_k": self.top_k,
            "top_p": self.top_p,
            "seed": self.seed,
        }
