"""A picture of a run: its loss at each step, and its scores after each epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tushuo.train.atomic import replacing
from tushuo.train.log import read_log
from tushuo.train.plot import Plot, plot

__all__ = ["CURVES", "curves", "write_curves"]

CURVES = "curves.svg"
_POINTS = 300  # of a curve of losses; each is the mean of the steps that it stands for
_LOSSES = ("loss", "cross_entropy")
_REWARD = "cider_d"

Record = Mapping[str, Any]


def write_curves(out: Path, log: Path) -> Path | None:
    """Draw the log of a run into its folder; None where the log holds nothing to draw.

    Raises:
        CheckpointError: The log is damaged.
    """
    picture = curves(read_log(log)) if log.exists() else ""
    if not picture:
        return None
    with replacing(out / CURVES) as part:
        part.write_text(picture, "utf-8")
    return out / CURVES


def curves(records: Sequence[Record]) -> str:
    """The charts of a log, one below the other, as an SVG document; empty for an empty log.

    Args:
        records: The lines of `log.jsonl`: one a step, and one an epoch that has ``valid`` scores.
    """
    made = _losses(records), _rewards(records), _scores(records)
    charts = [chart for chart in made if chart is not None]
    if not charts:
        return ""
    width, height = charts[0].size
    inner = [
        chart.svg().replace("<svg ", f'<svg y="{i * height}" ', 1) for i, chart in enumerate(charts)
    ]
    total = height * len(charts)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {total}"'
    return "".join([f'{head} width="{width}" height="{total}">\n', *inner, "</svg>\n"])


def _losses(records: Sequence[Record]) -> Plot | None:
    """The losses of training on words; a self-critical loss says nothing by its height."""
    steps = [record for record in _steps(records) if _REWARD not in record]
    return _of_steps(steps, _LOSSES, "Training", "nats a word")


def _rewards(records: Sequence[Record]) -> Plot | None:
    """The scores of the sentences that self-critical training draws."""
    return _of_steps(_steps(records), (_REWARD,), "Self-critical training", "score of its samples")


def _steps(records: Sequence[Record]) -> list[Record]:
    return [record for record in records if "valid" not in record]


def _of_steps(steps: Sequence[Record], known: Sequence[str], title: str, unit: str) -> Plot | None:
    names = [name for name in known if any(name in record for record in steps)]
    lines = {name: _means([_number(record.get(name)) for record in steps]) for name in names}
    if not any(np.isfinite(values).any() for values in lines.values()):
        return None
    at = _means([float(record["step"]) for record in steps])
    return plot(at, lines, title, "step", unit)


def _scores(records: Sequence[Record]) -> Plot | None:
    epochs = [record for record in records if isinstance(record.get("valid"), Mapping)]
    names = dict.fromkeys(name for record in epochs for name in record["valid"])
    lines = {name: [_number(record["valid"].get(name)) for record in epochs] for name in names}
    if not any(math.isfinite(value) for values in lines.values() for value in values):
        return None
    at = [record.get("epoch", i) + 1 for i, record in enumerate(epochs)]
    return plot(at, lines, "Validation", "epoch", "score")


def _means(values: Sequence[float]) -> np.ndarray:
    """Means of neighbours, at most so many that each has a place of its own in the picture."""
    parts = np.array_split(np.array(values, float), min(_POINTS, max(1, len(values))))
    return np.array([part.mean() if len(part) else math.nan for part in parts])


def _number(value: Any) -> float:
    """A logged number; null stands for one that was not finite."""
    return float(value) if isinstance(value, int | float) else math.nan
