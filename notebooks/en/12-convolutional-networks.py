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
# # 12 A convolutional network, its filters, and transfer learning
#
# **You will be able to** say what a convolution computes and why it suits pictures; train a small
# convolutional network and compare it with the article's network; look at its filters; and use what
# one network has learnt for a task it has never seen.
#
# **In the article:** part II, section 2.2.1: features from strokes to parts to things, lower ones
# being of more general use, "transfer learning, when we come to CNN". The article ends before that;
# here it is. Part I names CNN as one of the three things in a captioner.

# %%
import numpy as np

import tushuo
from tushuo import nn, optim
from tushuo.data import Preprocessing, load_image, load_mnist
from tushuo.digits import load_digit_classifier
from tushuo.lessons import check, images, language, plot, sample, show
from tushuo.models import MLP, LeNet, load_efficientnet

language("en")

# %% [markdown]
# ## A small window, moved over the picture
#
# A convolution lays a small kernel of weights over each place of the picture, multiplies and adds.
# The kernel is a question, asked everywhere: "how much does it look like me here?" These two ask for
# edges: bright below dark, and bright right of dark.

# %%
digits = load_mnist()
five = digits.train.images[0] / 256
level = np.array([[-1.0, -1.0, -1.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
kernels = np.stack([level, level.T])[:, None]  # (2, 1, 3, 3)
answers = tushuo.conv2d(five[None, None], kernels, padding=1).numpy()[0]
shown = [five, np.pad(level, 1), answers[0], np.pad(level.T, 1), answers[1]]
show(images(shown, ["digit", "kernel", "answer", "kernel", "answer"]))

# %% [markdown]
# A fully connected layer would need a weight from every pixel to every result and would have to learn
# the edge anew at each place. The convolution has nine weights, the same everywhere, and if the digit
# moves, the answer moves along.
#
# ## LeNet against the article's network
#
# Both see the same 6,000 digits in the same order, 200 mini-batches of 50, and have about as many
# weights. Then the test digits are also shown to them shifted to the right, which neither was taught.

# %%
few, test = digits.train[:6000], digits.test[:1000]
inputs, labels = few.inputs(), few.labels.astype(np.int64)
derive = tushuo.value_and_grad(lambda net, x, y: nn.cross_entropy(net(x), y))


def trained(net, steps=200):
    rule, rng = optim.Adam(2e-3), np.random.default_rng(0)
    state = rule.init(net)
    for _ in range(steps):
        rows = rng.integers(0, len(inputs), 50)
        _, slopes = derive(net, inputs[rows], labels[rows])
        net, state = rule.update(net, slopes, state)
    return net.eval()


def accuracy(net, shift):
    moved = np.roll(test.inputs().reshape(-1, 28, 28), shift, axis=2).reshape(-1, 784)
    return float(np.mean(net(moved).numpy().argmax(1) == test.labels))


nets = {
    "784-30-10": trained(MLP((784, 30, 10), "relu", rng=0)),
    "LeNet": trained(LeNet(channels=(8, 16), hidden=64, dropout=0.0, rng=0)),
}
shifts = np.arange(6)
scores = {name: [accuracy(net, s) for s in shifts] for name, net in nets.items()}
for name, net in nets.items():
    count = sum(p.size for p in net.parameters())
    print(
        f"{name:10} {count} weights, right: {scores[name][0]:.1%}, shifted by 3: {scores[name][3]:.1%}"
    )
show(plot(shifts, scores, "Digits that are shifted", "pixels to the right", "share right"))

# %% [markdown]
# With as many weights, the convolutional network is better, and much better where the digits are not
# where they used to be. The knowledge that pictures look the same everywhere was built in, so it did
# not have to be learnt from data.
#
# ## Looking at filters
#
# The classifier shipped with tushuo has learnt from all 50,000 digits, and names more than 99 % of
# the test digits. These are its 16 kernels of 5 by 5, and what they answer to one digit.

# %%
lenet = load_digit_classifier().network
show(images(list(lenet.conv1.weight.numpy()[:, 0]), columns=8))
first = nn.relu(lenet.conv1(five[None, None].astype(np.float32)))
second = nn.relu(lenet.conv2(lenet.pool(first)))
show(images([five, *first.numpy()[0]], columns=9))
show(images([five, *second.numpy()[0]], columns=11))

# %% [markdown]
# The first kernels are strokes and edges of several directions: nobody drew them, they came from the
# gradient. In the second layer most maps are dark: each answers to something rarer, made of strokes.
#
# Photographs have colours, and so have the first kernels of EfficientNet, which was trained on a
# million photographs of a thousand kinds of things:

# %%
eye = load_efficientnet().folded()
stem = eye.stem.conv.weight.numpy().transpose(0, 2, 3, 1)  # (32, 3, 3, RGB)
show(images([0.5 + 0.5 * k / max(np.abs(k).max(), 1e-6) for k in stem], columns=16, size=48))

# %% [markdown]
# ## Transfer: how general is each layer?
#
# The claim was that lower features serve other tasks too. Measure it. EfficientNet has never seen a
# digit as such. Show it 100 of them (ten of each kind, more or less), take the mean answer of every
# channel after each of its blocks, and fit a linear classifier on those numbers alone, by least
# squares. Then ask about 300 digits that it has not seen. The network itself stays as it is.


# %%
def by_depth(pictures):
    """For each depth the mean answer of each channel, from digits as large as small photographs."""
    large = pictures.repeat(2, axis=1).repeat(2, axis=2)  # (N, 56, 56)
    pixels = ((large.astype(np.float32) - 127) / 128)[:, None].repeat(3, axis=1)
    x = nn.relu6(eye.stem(tushuo.asarray(pixels)))
    features = [x.numpy().mean((2, 3))]
    for block in eye.blocks:
        x = block(x)
        features.append(x.numpy().mean((2, 3)))
    return [*features, nn.relu6(eye.head(x)).numpy().mean((2, 3))]


def linear_score(known, asked):
    """Least squares on 100 examples with a small penalty; the share of 300 that it gets right."""
    centre, spread = known.mean(0), known.std(0) + 1e-3
    a, b = (known - centre) / spread, (asked - centre) / spread
    targets = np.eye(10)[digits.train.labels[:100]] - 0.1
    fit = np.linalg.solve(a @ a.T + 0.1 * a.shape[1] * np.eye(100), targets)
    return float(np.mean((b @ (a.T @ fit)).argmax(1) == digits.test.labels[:300]))


known, asked = by_depth(digits.train.images[:100]), by_depth(digits.test.images[:300])
by_layer = [linear_score(a, b) for a, b in zip(known, asked)]
pixels = linear_score(digits.train.inputs()[:100], digits.test.inputs()[:300])
depth = np.arange(len(by_layer))
lines = {"features of EfficientNet": by_layer, "pixels alone": np.full(len(depth), pixels)}
show(plot(depth, lines, "A linear classifier from 100 digits", "depth in the network", "right"))
print(
    f"pixels {pixels:.0%}, middle layers up to {max(by_layer):.0%}, last layer {by_layer[-1]:.0%}"
)

# %% [markdown]
# So the claim holds with a correction. The very first layer alone is too simple to name digits by;
# the middle layers, which never were taught digits, lift a classifier from 100 examples far above
# what it makes of pixels; and the last layer, which has specialised in dogs and dishes, is worse
# again. What transfers best lies in the middle, if the new task is far from the old one.
#
# For a task near the old one, the last layers are right. Here are the samples, and how alike their
# last features are (white is most alike). Eight photographs prove nothing; but see whom each one is
# nearest to.

# %%
names = ("cow", "sheep", "horses", "moose", "dog", "kitten", "photographer", "astronaut")
photographs = [load_image(sample(f"{name}.jpg")) for name in names]
seen = tushuo.asarray(Preprocessing().batch(photographs))
vectors = eye.features(seen).numpy().mean((2, 3))
vectors -= vectors.mean(0)
vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
alike = vectors @ vectors.T - 2 * np.eye(8)
shown = [np.asarray(Preprocessing(128).square(photograph)) for photograph in photographs]
show(images(shown, list(names)), images([alike], size=240))
for name, row in zip(names, alike):
    print(f"{name:12} is most like {names[row.argmax()]}")

# %% [markdown]
# Animals that graze are near each other, and dog and cat are. The two people are not: ImageNet has
# more than a hundred breeds of dogs among its classes, and hardly one for people. Features keep what
# their first task asked for.
#
# The captioner of lesson 14 begins in this way: first only the part that writes was trained, on 6,000
# photographs, with EfficientNet's features as they are. Then the last blocks of EfficientNet learned
# on with it, slowly, while the first ones kept what ImageNet had taught them.
#
# ## Exercises
#
# 1. `out_size(size, kernel, stride, padding)`: the side of a convolution's result.
# 2. `weights`: how many numbers are learnt in a convolution from 1 to 16 channels with 5 by 5 kernels
#    and biases; and in a fully connected layer, with biases, from 28 by 28 pixels to a result of
#    the same size as that convolution's, 16 by 24 by 24?
# 3. `edge_kernel`: a 3 by 3 kernel that answers nothing to flat pictures and to pictures that only
#    change from top to bottom, but something to every step from left to right.
# 4. `correlate(x, w)`: the convolution of one grey picture (H, W) with one kernel (kh, kw), without
#    padding, with loops and NumPy alone.


# %%
def out_size(size, kernel, stride, padding):
    return ...


# %%
weights = {"convolution": ..., "connected": ...}

# %%
edge_kernel = ...


# %%
def correlate(x, w):
    return ...


# %%
check("lesson-12", out_size=out_size, weights=weights)
check("lesson-12", edge_kernel=edge_kernel, correlate=correlate)
