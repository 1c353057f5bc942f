"""A function is run and differentiated once, and all that a drawing shows is written down."""

from __future__ import annotations

from typing import Any

import numpy as np

from tushuo.draw.arguments import prepared, title
from tushuo.draw.model import Graph
from tushuo.draw.moments import Moments
from tushuo.draw.sweep import Gradients, gradients
from tushuo.draw.watch import Watch
from tushuo.draw.writer import Writer
from tushuo.errors import GraphError
from tushuo.graph import asarray
from tushuo.graph.tree import named_leaves


def record(f: Any, args: tuple[Any, ...], kwargs: dict[str, Any], gradient: bool) -> Graph:
    """Run a function on variables made from its arguments, and note its graph.

    Raises:
        UsageError: ``f`` is no function, or the arguments do not fit it.
        GraphError: Its result holds no Tensor.
    """
    arguments = prepared(f, args, kwargs)
    given = [x.node for x in arguments.variables if x.node is not None]
    with np.errstate(all="ignore"), Watch(given) as watch:  # NaN and Inf are drawn
        result = arguments.call()
    outputs = {path: asarray(x) for path, x in named_leaves(result)}
    if not outputs:
        raise GraphError(
            f"{title(f)} returned {type(result).__name__}, in which there is no Tensor to draw",
            hint="return the result of its operations",
        )
    moments = Moments(watch, list(outputs.values()))
    found = Gradients()
    if gradient:
        found = gradients(moments.order, list(outputs.values()), moments.sources)
    return Writer(title(f), arguments, moments, found).graph(outputs)
