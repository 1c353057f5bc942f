"""`tushuo evaluate --retrieval`: how well a bundle finds photographs by sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tushuo.cli.faces import write, write_json
from tushuo.cli.progress import progress

if TYPE_CHECKING:
    from pathlib import Path

    from tushuo.caption import Captioner
    from tushuo.caption.embedding import Recall
    from tushuo.caption.embedding.embedder import Floats
    from tushuo.data import Example

__all__ = ["evaluate_retrieval"]

_RESAMPLES, _SEED = 1000, 0


def evaluate_retrieval(
    captioner: Captioner,
    examples: Sequence[Example],
    split: str,
    *,
    batch_size: int,
    workers: int,
    as_json: bool,
) -> None:
    """Print recall at 1, 5 and 10 in both directions, for each language of the captions.

    Raises:
        BundleError: The bundle cannot compare photographs with sentences.
        ImageError: A photograph cannot be read.
    """
    import numpy as np

    from tushuo.caption.embedding import is_chinese, recall

    space = captioner.space  # before the work
    vectors = _vectors(captioner, [example.image for example in examples], batch_size, workers)
    found: dict[str, Recall] = {}
    for language in ("en", "zh"):
        pairs = [
            (text, i)
            for i, example in enumerate(examples)
            for text in example.captions
            if is_chinese(text) == (language == "zh")
        ]
        if pairs:
            shown, owners = np.unique([i for _, i in pairs], return_inverse=True)
            said = captioner.embed_texts([text for text, _ in pairs])
            found[language] = recall(vectors[shown], said, owners)
    signature = (
        f"recall|ties:half|bootstrap:n{_RESAMPLES},percentile95,seed{_SEED},queries"
        f"|space:{space.name}-{space.version}|split:{split}"
    )
    _tell(found, signature, as_json)


def _vectors(captioner: Captioner, images: Sequence[Path], batch_size: int, workers: int) -> Floats:
    """The vectors of photographs; the first that cannot be read ends it."""
    import numpy as np

    from tushuo.caption import process
    from tushuo.data import Found, load_image

    prepare = captioner.preprocessing

    def load(path: Path) -> Floats:
        return prepare(load_image(path, at_least=prepare.at_least))

    def work(batch: Sequence[Floats]) -> Sequence[Floats]:
        return [*captioner.embed_features(captioner.features(np.stack(batch)))]

    rows = []
    with progress(lambda: len(images), lines=False) as advance:
        for outcome in process(map(Found, images), load, work, batch_size, workers):
            if outcome.error is not None:
                raise outcome.error
            rows.append(outcome.result)
            advance()
    return np.stack([row for row in rows if row is not None])


def _tell(found: Mapping[str, Recall], signature: str, as_json: bool) -> None:
    scores = {language: each.as_dict() for language, each in found.items()}
    intervals = {
        language: each.intervals(_RESAMPLES, seed=_SEED) for language, each in found.items()
    }
    if as_json:
        by_language = {
            language: {
                **scores[language],
                "intervals": intervals[language],
                "photographs": len(each.sentence_ranks),
                "sentences": len(each.photograph_ranks),
            }
            for language, each in found.items()
        }
        write_json({**by_language, "signature": signature})
        return
    for language, each in found.items():
        sizes = f"{len(each.sentence_ranks)} photographs, {len(each.photograph_ranks)} sentences"
        write(f"{language}: {sizes}")
        for name, value in scores[language].items():
            low, high = intervals[language].get(name, (None, None))
            ends = "" if low is None else f"  {low:.4f} to {high:.4f}"
            write(f"{name:<26} {value:.4f}{ends}" if ends else f"{name:<26} {value:g}")
    write(signature)
