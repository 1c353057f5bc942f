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
# # 05 What back-propagation costs
#
# **You will be able to** count the multiplications of a forward and a backward pass, say what
# numeric differences would cost instead, check such claims with a clock, and use two passes to
# check a gradient of millions of numbers.
#
# **In the article:** part III, section 2.2.7.

# %%
import time
from itertools import pairwise

import numpy as np

from tushuo.data.mnist import load_mnist
from tushuo.gradients import gradient_cost
from tushuo.lessons import check, language, plot, show
from tushuo.models.network import Network

language("en")

# %% [markdown]
# ## Count
#
# A forward pass multiplies once for each weight: an edge of the network, a multiplication. The way
# back does it twice: BP4 makes one product for each weight (error times activation), and BP2 takes
# the error back through each weight, except for those of the first layer, behind which there is
# nothing to learn. So a gradient costs about as much as three forward passes, however many
# parameters there are.

# %%
sizes = [784, 30, 10]
edges = [n * m for n, m in pairwise(sizes)]
parameters = sum(edges) + sum(sizes[1:])
print(f"{parameters:,} parameters; forward {sum(edges):,} multiplications")
print(f"forward and backward: {sum(edges) * 3 - edges[0]:,}")
print(f"n + 1 forward passes: {sum(edges) * (parameters + 1):,}")

# %% [markdown]
# ## The other way
#
# Without back-propagation one can push each parameter a little and see how the cost changes:
# $$\frac{\partial C}{\partial w_j} \approx \frac{C(\dots, w_j + h, \dots) - C(\dots, w_j, \dots)}{h}$$
# That is one forward pass without a push, and one for **each** parameter. Let us do it for a few
# weights of the MNIST network, take the time, and reckon what all of them would take.

# %%
digits = load_mnist().train[:10]
x, y = digits.inputs(np.float64).T, digits.targets().T
network = Network(sizes, rng=0)


def cost():
    return 0.5 * ((network.feedforward(x) - y) ** 2).sum()


def seconds(run, times=50):
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return min(taken)  # the others were disturbed


slopes = network.backprop(x, y)[1][1]
for j, k in ((0, 0), (3, 7), (9, 29)):
    before = cost()
    network.weights[1][j, k] += 1e-6
    print(f"w[{j}, {k}]: {(cost() - before) / 1e-6:.6f} by a push, {slopes[j, k]:.6f} by BP4")
    network.weights[1][j, k] -= 1e-6
forward, backward = seconds(cost), seconds(lambda: network.backprop(x, y))
print(f"a pass {forward:.1e} s, a gradient by back-propagation {backward:.1e} s")
pushed = forward * (parameters + 1)
print(f"by pushes {pushed:.1f} s: {pushed / backward:,.0f} times as long")

# %% [markdown]
# ## As the network grows
#
# `gradient_cost` measures both on the engine for networks of growing width. (For large ones it runs
# 200 of the forward passes and multiplies.) Both axes are logarithmic, so a power of $n$ is a
# straight line and its slope is the power: 1 for back-propagation, 2 for the pushes.

# %%
costs = gradient_cost()
show(costs, costs.chart())

# %% [markdown]
# Small networks take the same time whatever their size, since starting an operation costs more than
# the multiplications in it; so the clock shows the powers late. The counts show them at once:

# %%
backprop_power, numeric_power = costs.powers()
print(f"multiplications grow with n^{backprop_power:.2f} and n^{numeric_power:.2f}")
n = np.array([c.parameters for c in costs])
counted = np.array([c.numeric_products / c.backprop_products for c in costs])
measured = np.array([c.ratio for c in costs])
lines = {"counted": counted, "measured": measured, "n / 3": n / 3}
show(plot(n, lines, "how many times dearer", "parameters", log="xy"))

# %% [markdown]
# (The MNIST network above does better than $n/3$, namely $n/2$: nearly all its weights are in the
# first layer, behind which BP2 is not needed.)
#
# The article concludes that a network of a million parameters takes a million times longer. The
# true factor is about $n/3$, since a sweep costs three passes: three hundred thousand. At a
# thousandth of a second a pass, that is 17 minutes for one step instead of three thousandths of a
# second. The conclusion stands.
#
# ## What it costs in memory
#
# Nothing is free: BP1 to BP4 need each layer's $z$ and $a$ from the forward pass, so all of them
# have to be kept until the way back. Memory grows with the depth and with the examples in a batch.

# %%
for batch in (1, 10, 100, 1000):
    kept = batch * (sizes[0] + 2 * sum(sizes[1:])) * 8
    print(f"{batch:5} examples: {kept / 1024:6,.0f} KiB are kept")
print(f"the parameters take {parameters * 8 / 1024:.0f} KiB")

# %% [markdown]
# ## What pushes are still good for
#
# They check. And it does not take $n$ of them: push all parameters at once along one random
# direction $v$. The cost must change as the gradient promises, $\nabla C \cdot v$. Two passes,
# whatever $n$ is; a mistake in any one number almost surely shows.

# %%
rng = np.random.default_rng(0)
_, nabla_w = network.backprop(x, y)
weights, v = network.weights, [rng.standard_normal(w.shape) for w in network.weights]
both = []
for h in (1e-5, -1e-5):
    network.weights = [w + h * d for w, d in zip(weights, v, strict=True)]
    both.append(cost())
network.weights = weights
promised = sum(float((g * d).sum()) for g, d in zip(nabla_w, v, strict=True))
print(f"measured {(both[0] - both[1]) / 2e-5:.8f}, promised {promised:.8f}")

# %% [markdown]
# ## Exercises
#
# Replace each `...`, and run the cell below it to have the answer checked; each failure earns a
# plainer hint. Or work in a file: `tushuo check lesson-05 --start` begins one,
# `tushuo check lesson-05` checks it.

# %% [markdown]
# **1. `forward_products`** The multiplications in the matrix products of a forward pass of one
# example, in a fully connected network with layers of these sizes.


# %%
def forward_products(sizes):
    return ...


# %%
check("lesson-05", forward_products=forward_products)

# %% [markdown]
# **2. `backprop_products`** The multiplications in the matrix products of a forward and a backward
# pass together. The gradient by the inputs is not wanted.


# %%
def backprop_products(sizes):
    return ...


# %%
check("lesson-05", backprop_products=backprop_products)

# %% [markdown]
# **3. `numeric_gradient`** The gradient of f at x (an array with one axis) by one-sided
# differences, with n + 1 evaluations of f for n numbers. x is the same afterwards.


# %%
def numeric_gradient(f, x):
    return ...


# %%
check("lesson-05", numeric_gradient=numeric_gradient)

# %% [markdown]
# **4. `agrees`** Whether an array is the gradient of f at x, with two evaluations of f: True or
# False. Both arrays have one axis, perhaps a long one.


# %%
def agrees(f, gradient, x):
    return ...


# %%
check("lesson-05", agrees=agrees)
