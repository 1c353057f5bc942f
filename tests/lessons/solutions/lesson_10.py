"""Answers to lesson 10, right and wrong."""

from __future__ import annotations

import numpy as np

import tushuo
from tushuo.graph.op import Elementwise, Linear, Op


class LogCosh(Elementwise):
    def forward(self, xp, x):
        return xp.abs(x) + xp.log1p(xp.exp(-2 * xp.abs(x))) - np.log(2)

    def slopes(self, out, x):
        return (lambda t: t * tushuo.tanh(x),)


class Overflowing(LogCosh):
    def forward(self, xp, x):
        return xp.log(xp.cosh(x))


class SlopeOfCosh(LogCosh):
    def slopes(self, out, x):
        return (lambda t: t * tushuo.sinh(x) / 2,)


class Difference(Linear):
    def forward(self, xp, x):
        return x[1:] - x[:-1]

    def transpose(self, g, x):
        return (tushuo.concat([-g[:1], g[:-1] - g[1:], g[-1:]]),)


class Backwards(Difference):
    def forward(self, xp, x):
        return x[:-1] - x[1:]


class NoTuple(Difference):
    def transpose(self, g, x):
        return super().transpose(g, x)[0]


class OtherSign(Difference):
    def transpose(self, g, x):
        return (-super().transpose(g, x)[0],)


class Lambert(Elementwise):
    def forward(self, xp, x):
        w = xp.log1p(x)
        for _ in range(30):
            w = w - (w * xp.exp(w) - x) / (xp.exp(w) * (1 + w))
        return w

    def slopes(self, out, x):
        return (lambda t: t / (tushuo.exp(out) * (1 + out)),)


class TooFewSteps(Lambert):
    def forward(self, xp, x):
        return xp.log1p(x)


class ForgottenFactor(Lambert):
    def slopes(self, out, x):
        return (lambda t: t / tushuo.exp(out),)


class NoSlopes(Elementwise):
    def forward(self, xp, x):
        return Lambert().forward(xp, x)


class Unfinished(Op):
    pass


RIGHT = {"log_cosh": LogCosh(), "difference": Difference(), "lambert": Lambert()}
WRONG = {
    "log_cosh": [
        (Overflowing(), "log_cosh([1000]) is"),
        (SlopeOfCosh(), "the slope of log_cosh at 1000"),
        (LogCosh, "log_cosh is a class"),
        (np.cosh, "log_cosh is a ufunc"),
        (Unfinished(), "it stops with GraphError: Unfinished has no value"),
    ],
    "difference": [
        (Backwards(), "difference([3.0, -1.0, 4.0, 1.0, 5.0])"),
        (NoTuple(), "transpose should return a tuple"),
        (OtherSign(), "the transpose of difference at [1, 10, 100, 1000]"),
    ],
    "lambert": [
        (TooFewSteps(), "w * exp(w) of w = lambert"),
        (ForgottenFactor(), "the derivatives do not hold"),
        (NoSlopes(), "the derivatives do not hold: NoSlopes has no gradient"),
    ],
}
