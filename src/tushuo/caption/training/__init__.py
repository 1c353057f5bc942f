"""Training captioners: feature maps kept on disk, the recipe, the run."""

from __future__ import annotations

from tushuo.caption.training.embedder import train_embedder
from tushuo.caption.training.features import FeatureCache, default_cache
from tushuo.caption.training.forecast import Forecast
from tushuo.caption.training.recipe import Recipe
from tushuo.caption.training.run import forecast_captioner, train_captioner
from tushuo.caption.training.task import CaptionTask

__all__ = [
    "CaptionTask",
    "FeatureCache",
    "Forecast",
    "Recipe",
    "default_cache",
    "forecast_captioner",
    "train_captioner",
    "train_embedder",
]
