"""The operations, by kind; every public function here is also ``tushuo.<name>``."""

from __future__ import annotations

from tushuo.graph.ops.activations import relu, sigmoid, softplus
from tushuo.graph.ops.arithmetic import (
    add,
    divide,
    maximum,
    minimum,
    multiply,
    negative,
    pow,
    subtract,
)
from tushuo.graph.ops.compare import (
    equal,
    greater,
    greater_equal,
    less,
    less_equal,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    not_equal,
    where,
)
from tushuo.graph.ops.conv import conv2d, conv_transpose2d
from tushuo.graph.ops.creation import (
    arange,
    eye,
    full,
    full_like,
    linspace,
    ones,
    ones_like,
    zeros,
    zeros_like,
)
from tushuo.graph.ops.gather import put_along_axis_add, scatter_add, take, take_along_axis
from tushuo.graph.ops.index import getitem
from tushuo.graph.ops.joining import concat, repeat, roll, split, stack, tile, unstack
from tushuo.graph.ops.math import (
    erf,
    exp,
    expm1,
    log,
    log1p,
    log2,
    log10,
    logaddexp,
    reciprocal,
    rsqrt,
    sqrt,
    square,
)
from tushuo.graph.ops.matmul import inner, matmul, matrix_transpose, tensordot, vecdot
from tushuo.graph.ops.moments import mean, norm, std, var
from tushuo.graph.ops.movement import (
    astype,
    broadcast_to,
    expand_dims,
    flip,
    moveaxis,
    pad,
    permute_dims,
    reshape,
    squeeze,
    sum_to,
)
from tushuo.graph.ops.pool import avg_pool2d, fold, max_pool2d, unfold
from tushuo.graph.ops.reduce import (
    all,
    any,
    argmax,
    argmin,
    cumulative_sum,
    max,
    min,
    prod,
    sum,
)
from tushuo.graph.ops.rounding import abs, ceil, clip, floor, round, sign, trunc
from tushuo.graph.ops.softmax import log_softmax, logsumexp, softmax
from tushuo.graph.ops.trigonometry import (
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cos,
    cosh,
    sin,
    sinh,
    tan,
    tanh,
)
