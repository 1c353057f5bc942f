# ---
# jupyter:
#   jupytext:
#     formats: py:percent,ipynb
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 06 Four ways to a derivative
#
# **You will be able to** find the same slope by hand, from differences, from a formula that the
# machine derives, and from the graph of the computation; and to say what each of them costs and
# how exact it is.
#
# **In the article:** part II, section 2.2.3, "four ways to find a gradient", 1 to 4.

# %%
import numpy as np

import tushuo
from tushuo.gradients import (
    central,
    compare_gradients,
    differentiate,
    forward_mode,
    latex,
    parse,
    reverse_mode,
    step_size_errors,
)
from tushuo.gradients.symbolic import growth
from tushuo.lessons import check, language, plot, show

language("en")

# %% [markdown]
# ## By hand
#
# The derivative of $x^2$ is $2x$, so at $x = 1.5$ the slope is 3: one formula, found once, exact
# everywhere. It also is the way that goes wrong most often. For the rest of the lesson we take a
# function where a slip of the pen is likely,
#
# $$f(x, y) = \frac{x\,y + \sin x}{1 + y^2},$$
#
# and write its gradient down as one would on paper.

# %%
formula = "(x*y + sin(x)) / (1 + y**2)"
here = np.array([1.5, -0.5])


def f(v):
    x, y = v[0], v[1]
    return (x * y + tushuo.sin(x)) / (1 + y**2)


def by_hand(v):
    x, y = v
    below = 1 + y**2
    above = x * y + np.sin(x)
    return np.array([(y + np.cos(x)) / below, x / below - above * 2 * y / below**2])


print("by hand:", by_hand(here))

# %% [markdown]
# ## From differences
#
# A derivative is the limit of $(f(x + h) - f(x)) / h$. A computer cannot go to the limit, but it
# can take a small $h$. Looking to both sides, $(f(x + h) - f(x - h)) / 2h$, cancels the largest
# part of the error: it then falls with $h^2$ rather than $h$.
#
# How small should $h$ be? Try them all. At the right end of the picture the step is long and the
# curve bends away from the chord. At the left end $f(x + h)$ and $f(x - h)$ agree in nearly all of
# their 16 digits, and their difference consists of rounding. The best step lies between, and even
# there a few digits are lost.

# %%
errors = step_size_errors(f, here, exact=by_hand(here))
show(errors.chart())
for way in errors.errors:
    step, error = errors.best(way)
    print(f"{way:>12}: best step {step:.0e}, error {error:.0e}")

# %% [markdown]
# The third curve does without a difference. Step by $ih$ into the complex plane: the imaginary part
# of $f(x + ih)$ is $h f'(x)$ up to $h^3$, nothing is subtracted, and $h$ can be as small as $10^{-20}$.
# It needs an $f$ that takes complex numbers and has no kinks, `max` or `abs`.
#
# ## From a formula
#
# A program can apply the rules of calculus as you did: the sum rule, the product rule, the chain
# rule. What goes in is an expression and what comes out is one too. The article asks whether the machine
# tidies up: for $x^2 + 2xy + y^2$ it finds $2x + 2y$, but $2(x + y)$ saves a multiplication. See the
# last line.

# %%
e = parse(formula)
for name in "xy":
    slope = differentiate(e, name)
    print(f"df/d{name} =", slope)
    print("   in LaTeX:", latex(slope))
print("the article's example:", differentiate(parse("x**2 + 2*x*y + y**2"), "x"))

# %% [markdown]
# The price shows when functions are nested, as the layers of a network are. Below, $4x(1-x)$ is put
# into itself again and again. Written out, each derivative repeats the pieces that it is made of:
# their number explodes. A *graph* that keeps every piece once grows by the same amount each time.
# This is what separates "symbolic" from "automatic". (Not TensorFlow from Theano, as the article has
# it: both extended a graph by the graph of its gradient.)

# %%
sizes = growth.composition_growth("4*x*(1 - x)", "x", times=7)
pieces = {
    "written out": [s.raw for s in sizes],
    "simplified": [s.simplified for s in sizes],
    "shared in a graph": [s.shared for s in sizes],
}
times = [s.step for s in sizes]
show(plot(times, pieces, "Pieces of the derivative", "times nested", "pieces", log="y"))

# %% [markdown]
# ## From the graph
#
# The fourth way never writes a formula for the whole. It runs `f`, notes each operation, and applies
# the chain rule to *numbers*, operation by operation: forward, along one direction at a time, or in
# reverse, from the result back to all inputs at once (lesson 07). Both are exact to rounding.

# %%
print("forward:", forward_mode(f, here))
print("reverse:", reverse_mode(f, here))
print("central:", central(f, here))

# %% [markdown]
# ## All of them side by side
#
# One call runs every way that applies. Read the columns: which are exact, and how often is the
# function evaluated?

# %%
show(compare_gradients(f, here, analytic=by_hand, expression=formula, symbols=["x", "y"]))

# %% [markdown]
# With two inputs there is little between them. A network has thousands: watch the evaluations as n
# grows. Reverse mode alone stays at one, and that is why networks are trained with it.

# %%
counts = {"central": [], "forward mode": [], "reverse mode": []}
inputs = [2, 8, 32, 128]
for n in inputs:
    table = compare_gradients(lambda v: tushuo.sum(tushuo.sin(v) * v), np.linspace(0, 1, n))
    for way, values in counts.items():
        values.append(table[way].evaluations)
show(plot(inputs, counts, "Evaluations for a whole gradient", "inputs n", "", log="xy"))

# %% [markdown]
# ## The way to check a gradient
#
# Numeric differences are slow and inexact, but they know nothing of your formulas, so they are the
# judge. Here a sign has been lost in the second part. Do not compare differences with a fixed
# number: 0.001 is nothing beside 1,000 and everything beside 0.0001. The *relative* error
# $|a - b| / \max(|a|, |b|)$ of a right gradient is far below $10^{-9}$ here.


# %%
def slipped(v):
    right = by_hand(v)
    return np.array([right[0], -right[1]])


judge = central(f, here)
for name, found in (("right", by_hand(here)), ("slipped", slipped(here))):
    error = np.abs(found - judge) / np.maximum(np.abs(found), np.abs(judge))
    print(f"{name:>8}: relative errors {error[0]:.0e} and {error[1]:.0e}")

# %% [markdown]
# ## Exercises
#
# Put your answer in place of `...` and run the cell. A wrong answer gets a hint, and the next one a
# plainer hint. (In a terminal: `tushuo check lesson-06 --start`, then `tushuo check lesson-06`.)
#
# **1. `slope`** By hand: the derivative of $f(x) = x\,e^{-x^2}$, as a function of a number.


# %%
def slope(x):
    return ...


# %% [markdown]
# **2. `two_sided`** Numeric: the central difference of a function `f` of one number, at `x` with step
# `h`.


# %%
def two_sided(f, x, h):
    return ...


# %% [markdown]
# **3. `best_step`** A step $h$ for which the central difference of $e^x$ at $x = 1$ is right to 10
# digits.

# %%
best_step = ...

# %% [markdown]
# **4. `evaluations`** A function of 1,000 numbers: how often is it evaluated for its whole gradient,
# by central differences, by forward mode and by reverse mode? (One forward sweep along one direction
# is one evaluation.)

# %%
evaluations = {"central": ..., "forward": ..., "reverse": ...}

# %%
check("lesson-06", slope=slope, two_sided=two_sided, best_step=best_step, evaluations=evaluations)
