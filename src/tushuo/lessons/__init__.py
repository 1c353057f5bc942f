"""What the lessons in ``notebooks/`` use: exercises that are checked, and pictures.

``check("lesson-06", slope=slope)`` judges answers, as `tushuo check lesson-06` does for a file.
"""

from __future__ import annotations

from tushuo.lessons.notebook import check
from tushuo.lessons.pictures import images
from tushuo.lessons.samples import sample
from tushuo.lessons.show import show
from tushuo.lessons.text import language
from tushuo.train.plot import Plot, plot

__all__ = ["Plot", "check", "images", "language", "plot", "sample", "show"]
