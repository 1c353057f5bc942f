"""The model card of a trained captioner: what it is, what it was trained on, how good it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tushuo.caption.training.recipe import Recipe
    from tushuo.caption.training.task import CaptionTask

__all__ = ["model_card"]

_CARD = """---
language: {language}
library_name: tushuo
pipeline_tag: image-to-text
---
# A captioner trained with tushuo

{encoder} at {size} x {size} pixels (photographs are squashed to the square), its last feature map,
and an LSTM with soft attention (Xu et al., "Show, attend and tell", 2015) with {parameters:.1f} M
parameters and a vocabulary of {words} words.

Trained on {photographs} photographs with their captions for {epochs} epochs{more}.
The epoch with the best CIDEr-D was kept. Greedy captions of the {dev} photographs of the dev split
score there:

{scores}

## Settings

{settings}
"""


def model_card(task: CaptionTask, scores: Mapping[str, float]) -> str:
    """The text of a bundle's README.md.

    Args:
        task: What was trained.
        scores: Those of the epoch that was kept.
    """
    decoder = task.decoder()
    return _CARD.format(
        language=task.vocabulary.language,
        encoder=task.encoder.name,
        size=task.recipe.size,
        parameters=sum(x.size for x in decoder.parameters()) / 1e6,
        words=len(task.vocabulary),
        photographs=len(task.train),
        epochs=task.recipe.epochs,
        more=_more(task.recipe),
        dev=len(task.dev),
        scores=_table(scores),
        settings=_table({**task.recipe.config(task.part), "encoder": task.encoder.name}),
    )


def _more(recipe: Recipe) -> str:
    tuned, critical = recipe.tuned_epochs, recipe.self_critical_epochs
    blocks = f", then for {tuned} together with the encoder's last {recipe.tuned_blocks} blocks"
    scores = f", then for {critical} on the scores of its own captions"
    return (blocks if tuned else "") + (scores if critical else "")


def _table(values: Mapping[str, Any]) -> str:
    rows = [f"| {name} | {_number(value)} |" for name, value in values.items()]
    return "\n".join(["| | |", "|---|---|", *rows])


def _number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
