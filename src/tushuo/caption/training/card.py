"""The model card of a trained captioner: what it is, what it was trained on, how good it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tushuo.caption.embedding.card import embedder_card, with_section

if TYPE_CHECKING:
    from tushuo.caption.training.finishing import Finished
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

## How sentences are ranked

{ranking}

## Confidence

{confidence}

## Settings

{settings}
"""
_RANKING = """
A beam of {beams} finds sentences. They are ranked by how likely they are, by how well they agree
with the phrases that people would use of the photograph (`phrase_weight` {phrase_weight:g}), and
by their likeness to it in the joint space (`match_weight` {match_weight:g}). Of the weights that
were tried these served the dev photographs best, CIDEr-D {cider_d:.4f} and BLEU-4 {bleu_4:.4f},
which flatters them a little.
""".strip()
_CONFIDENCE = """
The probability that a caption is good, meaning that its CIDEr-D is at least {threshold:.3f}, half
of what people reach against each other on the dev photographs; {share:.0%} of the captions are. In
cross-validation there: area under the curve {auc:.2f}, Brier score {brier:.3f} against
{constant_brier:.3f} for a constant.
""".strip()
_NO_CONFIDENCE = """
None could be fitted: it takes good captions and bad ones that the captioner finds less likely, of
photographs with two captions or more.
""".strip()


def model_card(task: CaptionTask, done: Finished, scores: Mapping[str, float]) -> str:
    """The text of a bundle's README.md.

    Args:
        task: What was trained.
        done: What came out.
        scores: Greedy ones of the epoch that was kept.
    """
    card, space, embedder = _captioner(task, done, scores), done.joint, done.bundle.embedder
    if space is None or embedder is None:
        return card
    return with_section(card, embedder_card(space, embedder, space.recalls(embedder)))


def _captioner(task: CaptionTask, done: Finished, scores: Mapping[str, float]) -> str:
    decoder, sure = task.decoder(), done.confidence
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
        ranking=_ranking(done),
        confidence=_NO_CONFIDENCE if sure is None else _CONFIDENCE.format(**vars(sure)),
        settings=_table({**task.recipe.config(task.part), "encoder": task.encoder.name}),
    )


def _ranking(done: Finished) -> str:
    best = done.graded
    return _RANKING.format(
        beams=done.bundle.decoding.beams,
        **best.ranking._asdict(),
        cider_d=best.cider_d,
        bleu_4=best.bleu_4,
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
