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
# # 08 Gates and staging
#
# **You will be able to** take any expression apart into gates, send the gradient back through them
# by hand, and choose gates that make this cheap.
#
# **In the article:** part V, from "simple expressions and their gradients" to "staged computation".

# %%
import tushuo
from tushuo.draw import draw
from tushuo.gradients import CIRCUITS, Stages, compare_sigmoids
from tushuo.gradients.circuits import STAGING_EXERCISE
from tushuo.gradients.gates import ADD, MAX, MULTIPLY
from tushuo.lessons import check, language, plot, show

language("en")

# %% [markdown]
# ## A gate knows its neighbours only
#
# A gate takes a few numbers and makes one. It can tell how its output changes with each input; that
# is its *local* gradient. Later it is told one number more, the gradient that arrives at its output,
# and multiplies. It never learns what circuit it is part of. Three gates, three characters:
#
# - **add** hands the gradient on to both inputs, unchanged;
# - **multiply** hands it on times the *other* input: it swaps;
# - **max** sends all of it to the larger input and nothing to the other. ReLU is `max(x, 0)`.

# %%
for gate in (ADD, MULTIPLY, MAX):
    x, y = 4.0, -3.0
    out = gate.forward(x, y)
    local, back = gate.local(out, x, y), gate.backward(10.0, out, x, y)
    print(f"{gate.name:>8}: forward {out:g}, local {local}, gets 10 and hands on {back}")

# %% [markdown]
# What a slope means: at $x = 4$, $y = -3$ the product is $-12$ and its slope by $x$ is $-3$. Push $x$
# up by a little, and the product goes *down* by three times as much.
#
# ## Two gates
#
# $f = (x + y)\,z$ at $(-2, 5, -4)$. The sum is $q = 3$. Backwards: the multiplication swaps, so $q$
# gets $z = -4$ and $z$ gets $q = 3$; the addition hands $-4$ on to $x$ and to $y$. Compare with the red
# numbers: that is all there is to back-propagation.

# %%


def two_gates(x, y, z):
    q = x + y
    return q * z


show(draw(two_gates)(-2.0, 5.0, -4.0))

# %% [markdown]
# ## A neuron, and how large a gate is
#
# A neuron with two inputs: $f = \sigma(w_0 x_0 + w_1 x_1 + w_2)$. The sigmoid
# $\sigma(x) = 1 / (1 + e^{-x})$ can be four gates (times $-1$, exp, plus 1, reciprocal), each easy.

# %%


def neuron(w0, x0, w1, x1, w2):
    return 1 / (1 + tushuo.exp(-(w0 * x0 + w1 * x1 + w2)))


show(draw(neuron)(2.0, -1.0, -3.0, -2.0, -3.0))

# %% [markdown]
# Or one gate. For the four multiply out to $\sigma'(x) = (1 - \sigma)\,\sigma$, which needs the output
# alone. What is a gate and what is a circuit is for you to choose: a fused gate has fewer steps,
# keeps fewer values, and is more exact where $e^{-x}$ overflows.

# %%


def fused(w0, x0, w1, x1, w2):
    return tushuo.sigmoid(w0 * x0 + w1 * x1 + w2)


show(draw(fused)(2.0, -1.0, -3.0, -2.0, -3.0))
show(compare_sigmoids(size=100_000))

# %% [markdown]
# Look at $(1 - \sigma)\,\sigma$ as a curve: it is never larger than 1/4 and almost nothing beyond
# $\pm 6$. A neuron that is sure of itself hands hardly any gradient on, be it right or wrong.

# %%
xs = [i / 10 for i in range(-80, 81)]
values = tushuo.sigmoid(tushuo.asarray(xs))
curves = {"sigmoid": values.numpy(), "its slope": (values * (1 - values)).numpy()}
show(plot(xs, curves, "The sigmoid and its slope", "x"))

# %% [markdown]
# ## Staging
#
# Nobody needs a formula for the gradient of
#
# $$f(x, y) = \frac{x + \sigma(y)}{\sigma(x) + (x + y)^2}.$$
#
# Break it into stages that you can differentiate at sight, and give each a name. Then go back over the
# lines, last first. For each line `u = ...` there is a line with `d_u`, the gradient that has arrived
# at `u`. The first time a name is reached it is assigned; **from the second time on it is added**.
# Forgetting that `+=` is the classic mistake, for the variable reaches the result on several ways and
# all of them count.

# %%
stages = STAGING_EXERCISE.gates(**STAGING_EXERCISE.inputs)
stages.backward("f")
print(stages)

# %% [markdown]
# Find the lines with `+=` above: `both` is used twice in its own square, and x and y arrive by three
# ways and by two. In the picture these are the values with several arrows going out.

# %%


def f(x, y):
    above = x + tushuo.sigmoid(y)
    below = tushuo.sigmoid(x) + (x + y) ** 2
    return above / below


show(draw(f)(3.0, -4.0))

# %% [markdown]
# ## Trust, but compare
#
# Each circuit of the article stands in tushuo in three forms: written by hand, built from gates, and
# as a function of which the graph finds the gradient. `check` compares them.

# %%
for circuit in CIRCUITS:
    value, gradients = circuit.check()
    shown = ", ".join(f"d/d{name} = {g:.4g}" for name, g in gradients.items())
    print(f"{circuit.expression} = {value:.4g}\n    {shown}")

# %% [markdown]
# What is forgotten without the `+=`: $x$ in $x \cdot x$ gets only one of its two contributions.

# %%
s = Stages(x=3.0)
s.run("square", MULTIPLY, "x", "x")
s.backward("square")
print(s)

# %% [markdown]
# ## Exercises
#
# **1. `gates`** Gate by gate and without a library: the four derivatives of
# $2\,(x\,y + \max(z, w))$ by $x$, $y$, $z$ and $w$, as a tuple.


# %%
def gates(x, y, z, w):
    return ...


# %% [markdown]
# **2. `staged`** In stages, without a library: the derivatives of $\sigma(x)\,y / (x^2 + y^2)$ by $x$
# and $y$, as a tuple.


# %%
def staged(x, y):
    return ...


# %% [markdown]
# **3. `tanh_slope`** A fused gate keeps its output only. Write the local gradient of $\tanh$ as a
# function of $out = \tanh x$; you are not given $x$.


# %%
def tanh_slope(out):
    return ...


# %% [markdown]
# **4. `factor`** A linear classifier's score is $w\,x$. All inputs $x$ are multiplied by 1,000 (metres
# become millimetres). By which factor does the gradient by $w$ change, for the same gradient at the
# score?

# %%
factor = ...

# %%
check("lesson-08", gates=gates, staged=staged, tanh_slope=tanh_slope, factor=factor)
