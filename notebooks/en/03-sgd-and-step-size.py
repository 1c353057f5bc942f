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
# # 03 SGD and the step size, on MNIST
#
# **You will be able to** train a network on handwritten digits, say what a learning rate that is
# too long or too short does, and why a handful of examples is enough for a step.
#
# **In the article:** part II, sections 2.2.1 (MNIST), 2.2.3 (stochastic gradient descent), 2.2.4
# and section 3 (the code of `network.py`).

# %%
import numpy as np

from tushuo.data.mnist import load_mnist
from tushuo.lessons import check, images, language, plot, show
from tushuo.models.network import Network

language("en")

# %% [markdown]
# ## The digits
#
# MNIST holds 70,000 digits of 28 by 28 grey values: 50,000 to learn from, 10,000 to choose by
# (validation), 10,000 to measure with at the end (test). The article says that there are 6,000 of
# each digit; count them.

# %%
mnist = load_mnist()
show(images(mnist.train.images[:20], [str(n) for n in mnist.train.labels[:20]]))
print("of each digit in the training set:", *np.bincount(mnist.train.labels))
print(mnist.train.images[0, 7:12, 8:20])

# %% [markdown]
# ## Downhill, one step at a time
#
# The gradient points uphill, so a step goes against it: $w \leftarrow w - \eta\, C'(w)$. How long
# may it be? Take a valley with one parameter, $C(w) = w^2$, whose slope is $2w$. A step multiplies
# $w$ by $1 - 2\eta$: short steps creep, a good one arrives, and beyond $\eta = 1$ each step ends
# farther from the bottom than it began.

# %%
steps = np.arange(21)
walks = {f"eta {eta}": [abs((1 - 2 * eta) ** n) for n in steps] for eta in (0.03, 0.3, 0.9, 1.1)}
show(plot(steps, walks, "the distance from the bottom", "steps", "|w|", log="y"))

# %% [markdown]
# In a network no one knows the curvature of the valley, and it differs with the direction. So one
# tries: if the loss falls too slowly, take a larger $\eta$; if it leaps about, a smaller one.
#
# ## A few examples point the way
#
# The loss is a mean over all examples, and so is its gradient. The mean over a small random sample,
# a **mini-batch**, costs a fraction, and on average it is the same. How well does a single one
# agree? Below is the cosine of its angle with the gradient of all 5,000 examples: 1 is the same
# direction, 0 at a right angle, below 0 uphill.

# %%
x, y = mnist.train[:5000].inputs(np.float64), mnist.train[:5000].targets()  # one example a row
valid_x, valid_y = mnist.valid[:2000].inputs(np.float64), mnist.valid[:2000].targets()


def gradient(network, rows):
    nabla_b, nabla_w = network.backprop(x[rows].T, y[rows].T)  # one example a column
    return np.concatenate([g.ravel() for g in (*nabla_b, *nabla_w)]) / len(rows)


network, rng = Network([784, 30, 10], rng=1), np.random.default_rng(0)
for when in ("before training", "after an epoch"):
    whole = gradient(network, np.arange(5000))
    for size in (1, 10, 100, 1000):
        parts = [gradient(network, rng.choice(5000, size, replace=False)) for _ in range(100)]
        cosines = [p @ whole / np.linalg.norm(p) / np.linalg.norm(whole) for p in parts]
        uphill = np.mean(np.array(cosines) < 0)
        print(f"{when}, {size:4} examples: cosine {np.mean(cosines):.2f}, {uphill:.0%} uphill")
    network.train_epoch(x, y, 0, 10, 3.0)

# %% [markdown]
# At first all examples want the same, and ten of them know the way. Later each has wishes of its
# own: then a small batch may well go uphill, which the article rules out, and is right on average
# only. It still pays: a hundred steps of ten examples cost as much as one of a thousand. Here each
# size of batch sees the same examples, three times over:

# %%
for size in (1, 10, 100, 1000):
    network = Network([784, 30, 10], rng=1)
    for epoch in range(3):
        network.train_epoch(x, y, epoch, size, 3.0)
    print(f"batches of {size:4}: {network.count_right(valid_x, valid_y) / 2000:.1%} right")

# %% [markdown]
# ## The article's network
#
# Weights from a normal distribution, 30 hidden neurons, batches of 10, and $\eta = 3$. The article
# trains 30 epochs on 50,000 images and gets about 95 %; to be quick, we take 5,000 images.
# (`tushuo train mnist` does the whole job in your terminal; `tushuo.data.mnist.load_data_wrapper()`
# gives the article's three lists.) An image is a column of shape (784, 1), its target a column
# (10, 1). This is the article's call:

# %%
training_data = list(zip(x[:, :, None], y[:, :, None], strict=True))
valid_data = list(zip(valid_x[:, :, None], mnist.valid.labels[:2000], strict=True))
Network([784, 30, 10], rng=1).SGD(training_data, 3, 10, 3.0, test_data=valid_data)

# %% [markdown]
# The step is $\eta$ times the *mean* gradient of a batch. Who takes the sum instead makes it ten
# times as long, and would set $\eta$ to 0.3. Now eight epochs with different $\eta$, a curve for
# each:

# %%
curves, trained = {}, {}
for eta in (0.03, 0.3, 3.0, 30.0, 300.0):
    network = trained[eta] = Network([784, 30, 10], rng=1)
    curve = curves[f"eta {eta:g}"] = []
    for epoch in range(8):
        network.train_epoch(x, y, epoch, 10, eta)
        curve.append(network.count_right(valid_x, valid_y) / 2000)
show(plot(np.arange(8), curves, "validation images named rightly", "epoch", "share"))

# %% [markdown]
# Too small a step has not arrived yet. Too large a one has thrown the neurons to their ends, where
# the sigmoid is flat and hardly learns any more. The best lies in between, and you find it on
# validation images; the test images are looked at once, at the end. The last picture shows some of
# those that were misread: the true digit, and the answer.

# %%
test = mnist.test[:2000]
answers = trained[3.0].feedforward(test.inputs(np.float64).T).argmax(axis=0)
print(f"test images named rightly: {np.mean(answers == test.labels):.1%}")
misread = np.flatnonzero(answers != test.labels)[:20]
show(images(test.images[misread], [f"{test.labels[i]}, not {answers[i]}" for i in misread]))

# %% [markdown]
# ## Exercises
#
# Replace each `...`, and run the cell below it to have the answer checked; each failure earns a
# plainer hint. Or work in a file: `tushuo check lesson-03 --start` begins one,
# `tushuo check lesson-03` checks it.

# %% [markdown]
# **1. `step`** One step of gradient descent: the new parameters, an array like w. w itself stays as
# it is.


# %%
def step(w, gradient, eta):
    return ...


# %%
check("lesson-03", step=step)

# %% [markdown]
# **2. `batches`** An epoch: a list of arrays of row numbers, together 0 to n - 1 once each,
# shuffled by the generator rng; each has `size` of them, the last perhaps fewer.


# %%
def batches(n, size, rng):
    return ...


# %%
check("lesson-03", batches=batches)

# %% [markdown]
# **3. `longest_step`** In the valley C(w) = curvature / 2 * w**2, steps shorter than which eta come
# nearer to the bottom, and longer ones go away from it?


# %%
def longest_step(curvature):
    return ...


# %%
check("lesson-03", longest_step=longest_step)

# %% [markdown]
# **4. `settings`** Settings with which [784, 30, 10] names at least 86% of 2,000 validation images rightly
# after three epochs on 5,000 images. Search as you like.

# %%
settings = {"eta": ..., "mini_batch_size": ...}

# %%
check("lesson-03", settings=settings)
