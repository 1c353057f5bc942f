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
# # 04 Back-propagation: four equations and a demon
#
# **You will be able to** say what the error of a neuron is, derive and write the four equations BP1
# to BP4, and check a gradient of your own against numeric differences and the engine.
#
# **In the article:** part III, sections 2.2.5 and 2.2.6.

# %%
import numpy as np

import tushuo
from tushuo.data.mnist import load_mnist
from tushuo.draw import draw
from tushuo.lessons import check, images, language, plot, show
from tushuo.models.network import Network, sigmoid, sigmoid_prime

language("en")

# %% [markdown]
# ## Names
#
# Layer $l$ takes the activations $a^{l-1}$ of the layer before and computes
# $$z^l = w^l a^{l-1} + b^l, \qquad a^l = \sigma(z^l).$$
# $w^l_{jk}$ leads from neuron $k$ to neuron $j$: a row for each neuron, a column for each input, so
# that $w a$ is a plain matrix product. A small network will do: 2 inputs, 3 hidden neurons, 2
# outputs, cost $C = \frac12 \sum_j (a^L_j - y_j)^2$. (With several examples the cost is the mean of
# theirs, and so is its gradient, so one example is all we need. The article has met no cost that is
# not such a mean; there are some, such as contrastive losses, and back-propagation does not mind:
# it needs one number at the end.)

# %%
rng = np.random.default_rng(4)
w2, b2 = rng.standard_normal((3, 2)), rng.standard_normal((3, 1))
w3, b3 = rng.standard_normal((2, 3)), rng.standard_normal((2, 1))
x, y = np.array([[0.5], [-1.0]]), np.array([[0.0], [1.0]])

z2 = w2 @ x + b2
a2 = sigmoid(z2)
z3 = w3 @ a2 + b3
a3 = sigmoid(z3)
print("outputs", a3.ravel().round(4), "cost", round(float(((a3 - y) ** 2).sum() / 2), 6))

# %% [markdown]
# ## The demon
#
# A demon sits at a neuron. When the weighted input $z$ comes in, he adds a little: $z + \Delta z$.
# The change runs through the rest of the network, and the cost changes by about
# $$\Delta C \approx \frac{\partial C}{\partial z^l_j}\, \Delta z.$$
# That derivative is the neuron's **error**, $\delta^l_j$. He means well and pushes against it. If
# the error is large, a small push helps a lot; if it is about zero, the neuron is not to blame. Why
# does he not push hard? Measure what the product misses:


# %%
def cost_of(z2):  # by the weighted inputs of the hidden neurons
    a3 = tushuo.sigmoid(w3 @ tushuo.sigmoid(z2) + b3)
    return tushuo.sum((a3 - y) ** 2) * 0.5


error = tushuo.grad(cost_of)(z2).numpy()  # one number for each hidden neuron
j = int(np.abs(error).argmax())
unit = np.eye(3)[:, [j]]
pushes = 2.0 ** -np.arange(-1, 11)
changes = np.array([(cost_of(z2 - np.sign(error) * p * unit) - cost_of(z2)).item() for p in pushes])
promised = -abs(error[j, 0]) * pushes
missed = np.abs(changes - promised)
for p, change, promise in list(zip(pushes, changes, promised, strict=True))[::3]:
    print(f"push {p:8.4f}: promised {promise:9.6f}, came {change:9.6f}")
lines = {"promised": -promised, "missed": missed}
show(plot(pushes, lines, "what a push brings", "push", log="xy"))

# %% [markdown]
# Half the push, half the gain, but a quarter of the miss: the second line is twice as steep. The
# promise holds for small pushes, and a learning rate is nothing else than how hard one dares to
# push.
#
# ## BP1: the error of the last layer
#
# The cost depends on $z^L_j$ through $a^L_j$ only, so two slopes are multiplied:
# $$\delta^L = \nabla_a C \odot \sigma'(z^L) = (a^L - y) \odot \sigma'(z^L)$$
# The circle stands for multiplying element by element (Hadamard product).

# %%
delta3 = (a3 - y) * sigmoid_prime(z3)
print(delta3.ravel())

# %% [markdown]
# ## BP2: the error of the layer before
#
# A hidden neuron $j$ reaches the cost along one way through each neuron $k$ of the next layer. Each
# way multiplies its slopes, and the ways are added:
# $$\delta^l_j = \sum_k w^{l+1}_{kj}\, \delta^{l+1}_k\, \sigma'(z^l_j), \qquad \delta^l = \left((w^{l+1})^T \delta^{l+1}\right) \odot \sigma'(z^l)$$
# The sum runs over $k$, the row index of $w$; that is why $w$ is transposed. The shapes: $(3, 2)$ times
# $(2, 1)$ is $(3, 1)$. (The article's shapes are mixed up here.)

# %%
delta2 = (w3.T @ delta3) * sigmoid_prime(z2)
print("by BP2:       ", delta2.ravel())
print("by the engine:", error.ravel())

# %% [markdown]
# ## BP3 and BP4: what we wanted
#
# A bias adds to $z$ directly; a weight adds its multiple of the activation from which its edge
# comes:
# $$\frac{\partial C}{\partial b^l_j} = \delta^l_j, \qquad \frac{\partial C}{\partial w^l_{jk}} = \delta^l_j\, a^{l-1}_k$$
# The error of the neuron into which the edge leads, times the activation from which it comes. For
# all edges of a layer at once this is the outer product $\delta^l (a^{l-1})^T$. Two judges: the
# engine, and a numeric difference, here for two weights that are pushed together.


# %%
def cost(w2, b2, w3, b3):
    a3 = tushuo.sigmoid(w3 @ tushuo.sigmoid(w2 @ x + b2) + b3)
    return tushuo.sum((a3 - y) ** 2) * 0.5


ours = (delta2 @ x.T, delta2, delta3 @ a2.T, delta3)
engine = tushuo.grad(cost, argnums=(0, 1, 2, 3))(w2, b2, w3, b3)
for name, mine, theirs in zip(("w2", "b2", "w3", "b3"), ours, engine, strict=True):
    print(name, mine.shape, "differs by at most", np.abs(mine - theirs.numpy()).max())
nudge = 1e-6 * np.eye(3, 2)
numeric = (cost(w2 + nudge, b2, w3, b3) - cost(w2 - nudge, b2, w3, b3)).item() / 2e-6
print("numeric, w2[0, 0] and w2[1, 1] together:", numeric, "ours:", ours[0][0, 0] + ours[0][1, 1])

# %% [markdown]
# In the drawing of the last layer you find them all, in red below the edges and in the nodes: BP1
# before the sigmoid, BP4 at `w` (as a mean and a histogram), and at `a` the part of BP2 that the
# next layer sends back, $w^T \delta$.


# %%
def last_layer(w, a):
    return tushuo.mean((tushuo.sigmoid(w @ a + b3) - y) ** 2)  # the mean of two: half their sum


show(draw(last_layer)(w3, a2))

# %% [markdown]
# ## On a real digit
#
# `Network.backprop` is these four lines. For one picture, BP4 says that the gradient by the weights
# of a hidden neuron is the picture itself, times one number: the error of the neuron. So learning
# from one example adds a trace of it to each neuron's weights, or takes it away. Over a batch the
# traces add up.

# %%
digits = load_mnist().train
inputs, targets = digits[:100].inputs(np.float64).T, digits[:100].targets().T
network = Network([784, 30, 10], rng=0)
one = network.backprop(inputs[:, :1], targets[:, :1])[1][0].reshape(30, 28, 28)
many = network.backprop(inputs, targets)[1][0].reshape(30, 28, 28)
titles = ["x", *["1 digit"] * 4, *["100 digits"] * 4]
show(images([digits.images[0], *one[:4], *many[:4]], titles, columns=9))

# %% [markdown]
# ## Why deep sigmoid networks learn slowly
#
# BP2 multiplies by $\sigma'$, at most 1/4, once a layer. Go back through eight layers of 30
# neurons, with weights of the usual size $1/\sqrt{30}$, and measure the error:

# %%
deep = Network([30] * 9, rng=0)
deep.weights = [w / np.sqrt(30) for w in deep.weights]
nabla_b, _ = deep.backprop(rng.standard_normal((30, 50)), rng.random((30, 50)))
lines = {"length of the error": [np.linalg.norm(b) for b in nabla_b]}  # the errors, by BP3
show(plot(np.arange(2, 10), lines, "errors fade on the way back", "layer", log="y"))

# %% [markdown]
# ## Exercises
#
# Replace each `...`, and run the cell below it to have the answer checked; each failure earns a
# plainer hint. Or work in a file: `tushuo check lesson-04 --start` begins one,
# `tushuo check lesson-04` checks it.

# %% [markdown]
# **1. `output_error`** BP1: the error of the last layer, from its activations a (sigmoid) and the
# targets y, both (n, 1), for the cost sum((a - y)**2) / 2.


# %%
def output_error(a, y):
    return ...


# %%
check("lesson-04", output_error=output_error)

# %% [markdown]
# **2. `error_before`** BP2: the error (n, 1) of a layer with activations a (n, 1), from the error
# delta (m, 1) of the next layer and the weights w (m, n) between them.


# %%
def error_before(w, delta, a):
    return ...


# %%
check("lesson-04", error_before=error_before)

# %% [markdown]
# **3. `backpropagate`** The whole: two lists (nabla_b, nabla_w), shaped like biases and weights,
# for one example x, y (columns), any number of sigmoid layers, and the cost sum((a - y)**2) / 2.


# %%
def backpropagate(weights, biases, x, y):
    return ...


# %%
check("lesson-04", backpropagate=backpropagate)

# %% [markdown]
# **4. `push`** The demon: what to add to the weighted inputs of a layer with the errors delta
# (n, 1), at most `most` to each up or down, so that the cost falls as far as the errors promise?


# %%
def push(delta, most):
    return ...


# %%
check("lesson-04", push=push)
