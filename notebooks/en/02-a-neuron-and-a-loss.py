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
# # 02 A neuron, a loss, and why not the error rate
#
# A network is made of one simple part, used many times. Here you build that part, put it to work on
# a small problem, and see why it learns from a loss that nobody is interested in, instead of the
# number of mistakes that everybody is interested in.
#
# **You will be able to** compute a neuron by hand, give the slope of the sigmoid, count a network's
# parameters, and explain what a loss must have that the error rate has not.
#
# **In the article:** part II, sections 2.1, 2.2.1 (the linear model) and 2.2.2.

# %%
import numpy as np

import tushuo
from tushuo.draw import draw
from tushuo.errors import TushuoError
from tushuo.lessons import check, language, plot, show
from tushuo.models.network import Network

language("en")

# %% [markdown]
# ## One neuron
#
# A neuron weighs its inputs, adds them up together with a bias $w_0$, and bends the sum with an
# activation function:
# $$z = w_0 + w_1 x_1 + w_2 x_2 + \dots, \qquad a = \sigma(z) = \frac{1}{1 + e^{-z}}$$
# The weights say what the neuron pays attention to, the bias how easily it fires. The drawing shows
# one computation: values in green above the edges, below them in red how the output changes with
# each. (The violet numbers in the boxes are the slopes of that one operation; lesson 07 needs them.)


# %%
def neuron(w0, w1, w2, x1, x2):
    return tushuo.sigmoid(w0 + w1 * x1 + w2 * x2)


show(draw(neuron)(-1.0, 2.0, 1.0, 0.5, -1.0))

# %% [markdown]
# ## The sigmoid and its slope
#
# The first artificial neurons, perceptrons, jumped: 0 below the threshold, 1 above it. The sigmoid
# is that step made smooth. Its slope is worth learning by heart:
# $$\sigma'(z) = \sigma(z)\,(1 - \sigma(z))$$
# To derive it, write $\sigma = (1 + e^{-z})^{-1}$. The chain rule gives
# $$\sigma'(z) = \frac{e^{-z}}{(1 + e^{-z})^2} = \frac{1}{1 + e^{-z}} \cdot \frac{e^{-z}}{1 + e^{-z}},$$
# and the last fraction is $1 - \sigma(z)$. The slope takes nothing but the output, which is known anyway. It is largest in the middle, 1/4, and dies
# out on both sides.

# %%
z = np.linspace(-6, 6, 121)
a = tushuo.sigmoid(z).numpy()
slope = tushuo.grad(lambda v: tushuo.sum(tushuo.sigmoid(v)))(z).numpy()
print("largest difference from a (1 - a):", np.abs(slope - a * (1 - a)).max())
curves = {"sigmoid": a, "its slope": slope, "step": np.where(z > 0, 1.0, 0.0)}
show(plot(z, curves, "activations", "z", "a"))

# %% [markdown]
# The step has the slope 0 everywhere but at 0, where it jumps and has none. (The article says that
# it is infinite there; what stops learning is the 0 everywhere else: a small change of a weight
# changes nothing.)
#
# ## Layers
#
# Neurons side by side form a layer, layers one after another a network. With 784 pixels, 15 hidden
# neurons and 10 outputs, each neuron has a weight for every neuron before it and one bias.

# %%
network = Network([784, 15, 10], rng=0)
for w, b in zip(network.weights, network.biases, strict=True):
    print("weights", w.shape, "biases", b.shape)
print(sum(p.size for p in (*network.weights, *network.biases)), "parameters in all")

# %% [markdown]
# ## From ten numbers to an answer
#
# The answer is the output that is largest. If the outputs are to be read as shares that sum to one,
# softmax makes them so; which one is the largest does not change.

# %%
outputs = np.arange(10.0, 20.0)
shares = tushuo.softmax(outputs, axis=-1).numpy()
print(
    "answer:",
    outputs.argmax(),
    "and with softmax:",
    shares.argmax(),
    "sum:",
    shares.sum().round(12),
)

# %% [markdown]
# ## Why not minimise the mistakes?
#
# Here are sixty points of two classes, and a neuron is to tell them apart. We turn one knob, $w_0$,
# and watch two measures of how wrong it is: the share of mistakes, and the mean squared error (MSE)
# $$C = \frac{1}{2n} \sum_x (a(x) - y(x))^2$$
# where $a$ is what the neuron says and $y$ what it should say. (In this section of the article the
# two letters stand the other way round, later as here.)

# %%
rng = np.random.default_rng(1)
y = np.repeat([0.0, 1.0], 30)
x = rng.standard_normal((60, 2)) + np.where(y[:, None] > 0, [1.5, 1.0], [-0.5, -0.5])


def output(w):
    return tushuo.sigmoid(w[0] + x @ w[1:])


def mse(w):
    return tushuo.mean((output(w) - y) ** 2) * 0.5


def error_rate(w):
    wrong = (output(w) > 0.5) != (y > 0.5)
    return tushuo.mean(tushuo.where(wrong, 1.0, 0.0))


knob = np.linspace(-6, 4, 201)
sweep = {f.__name__: [f(np.array([w0, 1.0, 1.0])).item() for w0 in knob] for f in (error_rate, mse)}
show(plot(knob, sweep, "two measures of being wrong", "w0"))

# %% [markdown]
# The error rate is a staircase: flat, then a jump, when some point changes sides. So its gradient
# is zero, and tells nothing about where to go. The squared error answers to every small turn. Ask
# the engine for both gradients:

# %%
start = np.array([-3.0, 0.2, -1.0])
try:
    print("error rate:", tushuo.grad(error_rate)(start))
except TushuoError as error:
    print("error rate:", error)
print("MSE:       ", tushuo.grad(mse)(start))

# %% [markdown]
# ## Learn
#
# Go a small step against the gradient, many times. The neuron never sees the error rate, and yet
# that goes down.

# %%
w = start
for step in range(401):
    if step % 100 == 0:
        print(f"step {step:3}: MSE {mse(w).item():.4f}, mistakes {error_rate(w).item():.0%}")
    w = w - 2.0 * tushuo.grad(mse)(w).numpy()

# %% [markdown]
# ## They agree roughly, not always
#
# When the MSE is 0, there is no mistake. On the way there the two can disagree: one answer that is
# badly wrong costs more than two that are a little wrong. Here all three targets are 1, and above
# one half is right.

# %%
for outputs in ([0.9, 0.9, 0.0], [0.4, 0.4, 0.9]):
    a = np.array(outputs)
    print(a, "mistakes:", (a <= 0.5).sum(), "MSE:", round(((a - 1) ** 2).mean() / 2, 4))

# %% [markdown]
# ## Exercises
#
# Replace each `...`, and run the cell below it to have the answer checked; each failure earns a
# plainer hint. Or work in a file: `tushuo check lesson-02 --start` begins one,
# `tushuo check lesson-02` checks it.

# %% [markdown]
# **1. `activation`** The output of a sigmoid neuron for inputs x (a NumPy array). w[0] is the bias,
# w[1:] are the weights.


# %%
def activation(w, x):
    return ...


# %%
check("lesson-02", activation=activation)

# %% [markdown]
# **2. `sigmoid_slope`** The slope of the sigmoid at the place where its value is a, from a alone.


# %%
def sigmoid_slope(a):
    return ...


# %%
check("lesson-02", sigmoid_slope=sigmoid_slope)

# %% [markdown]
# **3. `parameters`** How many weights and biases has a fully connected network with layers of these
# sizes? 11,935 for [784, 15, 10].


# %%
def parameters(sizes):
    return ...


# %%
check("lesson-02", parameters=parameters)

# %% [markdown]
# **4. `rivals`** Two lists of five outputs from 0 to 1, whose targets are all 1; above one half is
# right. The first has one mistake and the second four, but the second has the smaller MSE.

# %%
rivals = {"first": ..., "second": ...}

# %%
check("lesson-02", rivals=rivals)
