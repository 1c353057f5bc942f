"""The computational graph: tensors, operations, and derivatives in both modes."""

from __future__ import annotations

from tushuo.graph.op import Bilinear, Elementwise, Linear, Op, Spec, Stop, apply

from tushuo.graph.tensor import Tensor, asarray  # isort: skip
from tushuo.graph.check import check_grads
from tushuo.graph.matrices import hessian, jacobian
from tushuo.graph.nonfinite import check_finite, find_nonfinite
from tushuo.graph.origin import variable
from tushuo.graph.transforms import grad, gradient, jvp, value_and_grad, vjp
from tushuo.graph.tree import leaves, named_leaves, rebuild, tree_map

__all__ = [
    "Bilinear",
    "Elementwise",
    "Linear",
    "Op",
    "Spec",
    "Stop",
    "Tensor",
    "apply",
    "asarray",
    "check_finite",
    "check_grads",
    "find_nonfinite",
    "grad",
    "gradient",
    "hessian",
    "jacobian",
    "jvp",
    "leaves",
    "named_leaves",
    "rebuild",
    "tree_map",
    "value_and_grad",
    "variable",
    "vjp",
]
