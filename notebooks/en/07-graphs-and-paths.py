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
# # 07 Graphs, sums over paths, forward against reverse
#
# **You will be able to** read a computation as a graph, find a derivative as a sum over paths, and
# say why one sweep back does the same work as all the paths together, and when a sweep forward is
# the better choice.
#
# **In the article:** part IV, all of it.

# %%
import numpy as np

import tushuo
from tushuo.draw import draw
from tushuo.gradients import Stages
from tushuo.gradients.gates import ADD, MULTIPLY
from tushuo.gradients.paths import (
    count_paths,
    forward_sweep,
    layered,
    paths,
    reverse_sweep,
    sum_over_paths,
)
from tushuo.lessons import check, language, plot, show

language("en")

# %% [markdown]
# ## A computation is a graph
#
# $e = (a + b)(b + 1)$ is three operations. Give each result a name, and draw an arrow from what an
# operation reads to what it makes: $c = a + b$, $d = b + 1$, $e = c\,d$. No arrow can lead back, for
# nothing can be computed from what comes after it. So there is an order in which every value is
# known before it is needed.
#
# In the picture, values are green and stand above the arrows; the gradients, in red below, are
# derivatives of the *last* value. Each box also shows the slopes of its own small operation.

# %%


def e(a, b):
    c = a + b
    d = b + 1
    return c * d


show(draw(e)(2.0, 1.0))

# %% [markdown]
# ## A slope on every arrow
#
# Forget about the whole and look at one arrow. How fast does $e$ change with $c$, if $d$ stands
# still? As fast as $d$ is large: the slope of that arrow is 2. A sum has slopes of 1, whatever its
# inputs are.

# %%
s = Stages(a=2.0, b=1.0)
s.run("c", ADD, "a", "b")
s.run("d", ADD, "b", 1.0)
s.run("e", MULTIPLY, "c", "d")
edges = s.edges()
for source, target, slope in edges:
    print(f"{source} -> {target}: slope {slope:g}")

# %% [markdown]
# ## The sum over all paths
#
# How does a push at $b$ arrive at $e$? Along a path it is multiplied by one slope after the other.
# Over several paths it arrives several times, and the pushes add up. That is the whole chain rule:
#
# $$\frac{\partial e}{\partial b} = \sum_{\text{paths } b \to e}\ \prod_{\text{edges}} \text{slope}.$$

# %%
for name in "ab":
    for path in paths(edges, name, "e"):
        product = " * ".join(f"{edge.slope:g}" for edge in path)
        print(f"{' -> '.join([name, *(edge.target for edge in path)])}:  {product}")
print("sums:", sum_over_paths(edges, ["a", "b"], "e").gradients)

# %% [markdown]
# ## Too many paths
#
# The rule is right, but do not compute by it. In a network of layers every node of one layer leads
# to every node of the next, and each layer multiplies the number of paths. Below are layers of 4.
# The number of *edges* grows by 16 with each layer, the number of paths is multiplied by 4.

# %%
depths = np.arange(1, 13)
networks = [layered([4] * int(depth)) for depth in depths]
counts = {
    "paths": [sum(count_paths(g, name, out) for name in names) for g, names, out in networks],
    "edges": [len(g) for g, _, _ in networks],
}
show(plot(depths, counts, "Layers of four", "layers", "number", log="y"))

# %% [markdown]
# Paths share most of their edges. So take out what is common: if $p$ and $q$ both go on to $r$, then
# $p\,r + q\,r = (p + q)\,r$, one product in place of two. Done everywhere, this is the reverse sweep.
# Every node keeps one number, the sum over all paths *from it to the output*. Starting with 1 at the
# output and going back, each edge is passed once.

# %%
graph, names, out = layered([4, 4, 4, 4, 4, 4])
for way in (sum_over_paths, reverse_sweep, forward_sweep):
    gradients, multiplications, visits = way(graph, names, out)
    print(
        f"{way.__name__:>15}: d/d{names[0]} = {gradients[names[0]]:.6f},"
        f" {multiplications} multiplications, {visits} edges passed"
    )

# %% [markdown]
# ## Forward against reverse
#
# One can factor from the other end too, as the last line above did, once for each of the four
# inputs. Start with 1 at *one input*; every node keeps the sum over
# all paths from that input to it. A forward sweep finds how everything depends on one input. A
# reverse sweep finds how one output depends on everything. So the count decides:
#
# - many inputs and one output (a loss that depends on all weights): one reverse sweep;
# - one input and many outputs (a curve's speed, in all its coordinates): one forward sweep.
#
# In tushuo `grad` sweeps in reverse and `jvp` forward. Here is a point that runs along a curve in
# 1,000 dimensions, and a loss that depends on 1,000 numbers.

# %%
rates = np.linspace(0.1, 2.0, 1000)


def curve(t):
    return tushuo.sin(rates * t)


def loss(v):
    return tushuo.sum(v * v) / 2


position, speed = tushuo.jvp(curve, (0.7,), (1.0,))
print(
    "one forward sweep, all speeds right:", np.allclose(speed.numpy(), rates * np.cos(rates * 0.7))
)
point = np.sin(rates)
print("one reverse sweep, all slopes right:", np.allclose(tushuo.grad(loss)(point).numpy(), point))

# %% [markdown]
# Nothing is free: a reverse sweep needs the values of the forward pass, the slopes depend on them.
# They stay in memory until the sweep has passed. A forward sweep can forget at once.
#
# The two can be combined. The derivative along $v$ of a gradient is a forward sweep over a reverse
# one; it gives the product of the matrix of second derivatives with $v$ without building the matrix.


# %%
def bowl(v):
    return tushuo.sum(v**4)


at, along = np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.0, -1.0])
_, bent = tushuo.jvp(tushuo.grad(bowl), (at,), (along,))
print("second derivatives times v:", bent.numpy(), "by hand:", 12 * at**2 * along)

# %% [markdown]
# ## Exercises
#
# **1. `slopes`** On paper: the derivatives of $e = (a + b)(b + 1)$ at $a = 3$, $b = -2$, as sums over
# paths.

# %%
slopes = {"a": ..., "b": ...}

# %% [markdown]
# **2. `ways`** Count the paths from one node to another without walking them one by one: there may be
# millions. `edges` is a list of `(source, target, slope)`; edges into a node come before those out of
# it.


# %%
def ways(edges, source, target):
    return ...


# %% [markdown]
# **3. `sweep`** Write the reverse sweep: return a dictionary with the derivative of `output` by each of
# `inputs` (0 if no path leads there). The edges are ordered as before.


# %%
def sweep(edges, inputs, output):
    return ...


# %% [markdown]
# **4. `sweeps`** A function takes 3 numbers and returns 1,000. How many sweeps does its whole Jacobian
# take, forward and in reverse?

# %%
sweeps = {"forward": ..., "reverse": ...}

# %%
check("lesson-07", slopes=slopes, ways=ways, sweep=sweep, sweeps=sweeps)
