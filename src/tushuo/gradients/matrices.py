r"""Gradients of a matrix product, derived, and what the derivative of a matrix by a matrix is.

**The derivation.** Let D = W X with W (m, n), X (n, p), D (m, p), and let a loss L depend on D; dD
stands for the matrix of the derivatives of L by the elements of D, of D's shape. By definition

    D[k, l] = sum over s of W[k, s] X[s, l].

W[i, j] occurs in the row i of D alone, each time with the factor X[j, l]:

    dD[k, l] / dW[i, j] = X[j, l] if k = i, else 0.

Every element of D is a way from W[i, j] to L, and ways add up (the chain rule):

    dL / dW[i, j] = sum over k, l of dD[k, l] * (dD[k, l] / dW[i, j])
                  = sum over l of dD[i, l] X[j, l] = (dD X^T)[i, j].

So dW = dD X^T. In the same way X[i, j] occurs in the column j of D alone, with W[k, i], and
dX = W^T dD. The shapes leave no other order: (m, p) (p, n) = (m, n), and (n, m) (m, p) = (n, p).

**A matrix by a matrix.** The derivative of D by W is no matrix. It is the linear map that takes a
small change of W to the change of D, here V -> V X (Frechet); written out in numbers it has one for
each pair of elements, an array J of four axes with J[k, l, i, j] = dD[k, l] / dW[i, j], as above.
Laid out as a matrix of shape (m p, n m) it is the Jacobian of vec(D) by vec(W): with columns
stacked it is the Kronecker product of X^T with the identity (Magnus and Neudecker, "Matrix
Differential Calculus", 1988, chapter 9). A gradient is what remains when J is contracted with dD
over the axes of D: the transposed map applied to dD. Back-propagation computes that product at once
and never builds J, which has m p m n numbers, of which all but m n p are zero.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tushuo.errors import GradientError, ShapeError
from tushuo.gradients.calling import Array, point
from tushuo.graph import Tensor, jacobian, ops, vjp


def matmul_backward(W: Any, X: Any, dD: Any) -> tuple[Array, Array]:
    """The gradients of a loss by both factors of ``D = W @ X``.

    Args:
        W: Shape (m, n).
        X: Shape (n, p).
        dD: The gradient of the loss by the product, shape (m, p).

    Returns:
        ``dW = dD @ X.T``, shape (m, n), and ``dX = W.T @ dD``, shape (n, p), float64.

    Raises:
        ShapeError: The shapes do not fit; the message names all three.
        DTypeError: One does not hold real numbers.
    """
    w, x = _factors("matmul_backward", W, X)
    g = _upstream("matmul_backward", dD, (w.shape[0], x.shape[1]))
    return g @ x.T, w.T @ g


def matmul_jacobians(W: Any, X: Any) -> tuple[Array, Array]:
    """All derivatives of ``D = W @ X`` by its factors, from the formulas above.

    Returns:
        ``dD/dW``, shape (m, p, m, n), and ``dD/dX``, shape (m, p, n, p), float64.

    Raises:
        ShapeError: The shapes do not fit.
    """
    w, x = _factors("matmul_jacobians", W, X)
    rows, columns = np.eye(w.shape[0]), np.eye(x.shape[1])
    by_w = np.einsum("ki,jl->klij", rows, x)
    by_x = np.einsum("ki,lj->klij", w, columns)
    return by_w, by_x


def contract(upstream: Any, full: Any) -> Array:
    """A full Jacobian contracted with the gradient of a loss by the result.

    Args:
        upstream: The gradient by the result, shape (*result).
        full: The Jacobian, shape (*result, *argument), as of ``tushuo.jacobian``.

    Returns:
        The gradient by the argument, shape (*argument), float64.

    Raises:
        ShapeError: The first axes of the Jacobian are not those of the gradient.
    """
    g, j = point("contract", upstream), point("contract", full)
    if j.shape[: g.ndim] != g.shape:
        raise ShapeError(
            f"contract: the gradient has shape {g.shape}, the Jacobian {j.shape}",
            hint="the Jacobian's first axes are those of the result",
        )
    return np.tensordot(g, j, axes=g.ndim)


def kronecker_jacobian(W: Any, X: Any) -> Array:
    """``d vec(W @ X) / d vec(W)``, columns stacked: the Kronecker product of X^T and I_m.

    Returns:
        A matrix of shape (p m, n m).
    """
    w, x = _factors("kronecker_jacobian", W, X)
    return np.kron(x.T, np.eye(w.shape[0]))


def check_matmul(W: Any, X: Any, dD: Any, tolerance: float = 1e-12) -> tuple[Array, Array]:
    """``dW`` and ``dX`` after comparing three ways to them.

    The formulas, the full Jacobians of ``tushuo.jacobian`` contracted with ``dD``, and one reverse
    sweep must agree.

    Raises:
        GradientError: Two ways differ by more than the tolerance, relative to the largest element.
        ShapeError: The shapes do not fit.
    """
    dW, dX = matmul_backward(W, X, dD)
    w, x = _factors("check_matmul", W, X)
    g = point("check_matmul", dD)
    swept = vjp(ops.matmul, w, x)[1](Tensor(g))
    for i, (name, formula) in enumerate((("dW", dW), ("dX", dX))):
        contracted = contract(g, jacobian(ops.matmul, argnum=i)(w, x))
        for way, found in (("contracted", contracted), ("one sweep", swept[i].numpy())):
            scale = max(1.0, float(np.abs(formula).max()))
            if not np.abs(found - formula).max() <= tolerance * scale:
                raise GradientError(f"{name} {way} differs from the formula")
    return dW, dX


def _factors(name: str, W: Any, X: Any) -> tuple[Array, Array]:
    w, x = point(name, W), point(name, X)
    if w.ndim != 2 or x.ndim != 2 or w.shape[1] != x.shape[0]:
        raise ShapeError(
            f"{name}: W has shape {w.shape}, X has shape {x.shape}",
            hint="W @ X needs shapes (m, n) and (n, p)",
        )
    return w, x


def _upstream(name: str, dD: Any, shape: tuple[int, ...]) -> Array:
    g = point(name, dD)
    if g.shape != shape:
        raise ShapeError(
            f"{name}: dD has shape {g.shape}, W @ X has shape {shape}",
            hint="a gradient has the shape of what it is taken by",
        )
    return g
