"""What becomes of scored captions: lines or JSON, a page, a record in the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from tushuo.cli.faces import write, write_json
from tushuo.errors import UsageError

if TYPE_CHECKING:
    from tushuo.caption import Caption, Captioner, Decoding
    from tushuo.caption.metrics import Intervals, Scores
    from tushuo.data import Example

__all__ = ["Scored", "check_new", "signature"]


@dataclass(frozen=True, eq=False)
class Scored:
    """The captions of a split, and how near they come to those that people wrote.

    Attributes:
        examples: The photographs with their captions.
        made: What the captioner wrote about each.
        scores: How good that is.
        intervals: How certain the scores are.
        signature: How they were made.
    """

    examples: Sequence[Example]
    made: Sequence[Caption]
    scores: Scores
    intervals: Intervals
    signature: str

    def tell(self, as_json: bool) -> None:
        """Write the scores."""
        scores, by_name = self.scores, self.intervals.by_name
        named, varied = scores.as_dict(), scores.diversity.as_dict()
        if as_json:
            more = {"intervals": by_name, "diversity": varied}
            images = len(scores.cider_d_by_image)
            write_json({**named, **more, "images": images, "signature": self.signature})
            return
        for name, value in named.items():
            low, high = by_name.get(name, (None, None))
            ends = "" if low is None else f"  {low:.4f} to {high:.4f}"
            write(f"{name:<10} {value:.4f}{ends}")
        for name, value in varied.items():
            write(f"{name:<10} {value}" if name == "vocabulary" else f"{name:<10} {value:.4f}")
        write(self.signature)

    def record(self, model: str) -> None:
        """Write the scores into a model's config.json."""
        from tushuo.caption.bundle_config import MODEL_TYPE
        from tushuo.caption.evaluation import Evaluation, record
        from tushuo.models import find_model

        rounded = {name: round(value, 6) for name, value in self.scores.as_dict().items()}
        record(find_model(model, MODEL_TYPE), Evaluation(self.signature, rounded))

    def save_page(self, html: Path, captioner: Captioner, split: str, images: int) -> None:
        """Write a page about so many of the photographs."""
        from tushuo.caption.report import Reported, caption_report

        by_image = self.scores.cider_d_by_image.values()
        page = caption_report(
            [
                Reported(example.image, caption, example.captions, score)
                for example, caption, score in zip(self.examples, self.made, by_image, strict=True)
            ],
            self.scores,
            self.intervals,
            title=f"{captioner.bundle.name}: {len(self.examples)} photographs of {split}",
            signature=self.signature,
            preprocessing=captioner.preprocessing,
            language=captioner.bundle.vocabulary.language,
            images=images,
        )
        try:
            with html.open("x", encoding="utf-8", errors="replace") as file:
                file.write(page)
        except OSError as error:
            raise UsageError(f"{html}: cannot be written ({error.strerror or error})") from None


def signature(
    scores: Scores,
    intervals: Intervals,
    captioner: Captioner,
    split: str,
    settings: Decoding,
    precision: str,
) -> str:
    """How scores were made: only those with equal lines compare."""
    parts = [
        scores.signature(),
        intervals.signature(),
        f"model:{captioner.bundle.name}",
        f"split:{split}",
        *_settings(settings),
    ]
    if precision != "float32":
        parts.append(f"precision:{precision}")
    return "|".join(parts)


def _settings(settings: Decoding) -> list[str]:
    """The settings of the search that scores depend on."""
    changed = [
        f"{field.name}:{getattr(settings, field.name)}"
        for field in fields(settings)
        if field.name not in ("beams", "length_penalty", "max_words")
        and getattr(settings, field.name) != field.default
    ]
    return [f"beam:{settings.beams}", f"length-penalty:{settings.length_penalty:g}", *changed]


def check_new(html: Path | None) -> None:
    """Whether a page can be written, before the work is done."""
    if html is None:
        return
    if html.exists() or html.is_symlink():
        raise UsageError(f"{html}: exists already", hint="choose another name or remove it")
    if not html.absolute().parent.is_dir():
        raise UsageError(f"{html}: there is no folder {str(html.parent)!r}")
