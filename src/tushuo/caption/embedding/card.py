"""What a bundle's model card says of its embedder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tushuo.caption.embedding.embedder import Embedder
    from tushuo.caption.embedding.recall import Recall
    from tushuo.caption.embedding.task import EmbedderTask

__all__ = ["embedder_card", "score_table", "with_section"]

_TITLE = "## Finding photographs by words"
_CARD = """{title}

`embedder.safetensors` puts photographs and sentences into one space of {dimensions} dimensions: the
mean of the encoder's feature map, projected, and the words (Chinese: characters; it knows
{pieces:,}) of a sentence, averaged with learned weights and projected. {parameters:.1f} M
parameters, trained with a contrastive loss on {photographs:,} photographs with their captions for
{epochs} epochs; the epoch with the best mean recall was kept. On the {dev:,} photographs of the dev
split, with 95 % intervals:

{scores}

Settings: {settings}.
"""


def embedder_card(task: EmbedderTask, embedder: Embedder, recalls: Mapping[str, Recall]) -> str:
    """The section of a bundle's README.md about its embedder.

    Args:
        task: What was trained.
        embedder: What came out.
        recalls: How well it ranks the dev split, by language.
    """
    settings = ", ".join(f"{name} {value}" for name, value in task.recipe.config().items())
    return _CARD.format(
        title=_TITLE,
        dimensions=embedder.dimensions,
        pieces=len(embedder.pieces),
        parameters=sum(x.size for x in embedder.network.parameters()) / 1e6,
        photographs=len(task.train.described),
        epochs=task.recipe.epochs,
        dev=len(task.dev.described),
        scores=score_table(recalls),
        settings=settings,
    )


def score_table(recalls: Mapping[str, Recall]) -> str:
    """A table of recalls in percent with their 95 % intervals, a column a language."""
    columns = {
        language: (found.as_dict(), found.intervals()) for language, found in recalls.items()
    }
    rows = [f"| | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]
    for name in next(iter(columns.values()))[1]:
        cells = [
            f"{100 * scores[name]:.1f} ({100 * ends[name][0]:.1f} to {100 * ends[name][1]:.1f})"
            for scores, ends in columns.values()
        ]
        rows.append(f"| {name}, % | {' | '.join(cells)} |")
    return "\n".join(rows)


def with_section(readme: str, section: str) -> str:
    """A model card with the section about the embedder, in place of an older one."""
    old = re.compile(rf"^{re.escape(_TITLE)}$.*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)
    return old.sub("", readme).rstrip() + "\n\n" + section
