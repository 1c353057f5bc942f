"""Functions compiled with a lower precision, and numbers for them."""

from __future__ import annotations

import numpy as np

from tushuo.compile import compile

RNG = np.random.default_rng(0)


def normal(*shape):
    """float32 of a shape, others each time."""
    return RNG.standard_normal(shape).astype("float32")


def compiled(f, precision, *examples, **options):
    """A function compiled with a precision, calibrated with the examples if it has to be."""
    calibration = list(examples) if precision != "bfloat16" else None
    options = {"cache": False, "verify": True, **options}
    return compile(f, precision=precision, calibration=calibration, **options)
