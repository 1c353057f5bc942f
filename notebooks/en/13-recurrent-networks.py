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
# # 13 RNN and LSTM, and how far back a gradient reaches
#
# **You will be able to** unroll a recurrent network into an ordinary graph; measure how a gradient
# fades on its way back through time; say what an LSTM changes about that; and build the captioning
# network of the course assignment that the article is about.
#
# **In the article:** part I, section 1 names RNN and LSTM among the models of a captioner and CS231n's
# assignment 3 as its aim; part II, section 2.1 mentions outputs that are sequences. The article ends
# before both; this lesson goes on.

# %%
import numpy as np

import tushuo
from tushuo import nn, optim
from tushuo.data import BOS, EOS, Vocabulary
from tushuo.draw import draw
from tushuo.lessons import check, language, plot, sample, show
from tushuo.models import CaptionRNN

language("en")

# %% [markdown]
# ## The same step again and again
#
# A recurrent network reads a sequence one element at a time and keeps a memory `h`:
#
# $$h_t = \tanh(W_{ih} x_t + W_{hh} h_{t-1} + b)$$
#
# The weights are the same at every step. Written out for three steps, with single numbers, it is a
# graph like any other. Follow the red numbers at `w`: each step adds its share (`+=`, lesson 08).


# %%
def three_steps(w, x1, x2, x3):
    h = tushuo.tanh(x1)
    h = tushuo.tanh(w * h + x2)
    return tushuo.tanh(w * h + x3)


show(draw(three_steps)(0.5, 1.0, -0.3, 0.8))
net, x = nn.RNN(3, 4, rng=0), np.random.default_rng(0).normal(size=(1, 5, 3))
h = np.zeros((1, 4))
for t in range(5):
    h = np.tanh(
        x[:, t] @ net.weight_ih_l0.numpy().T
        + net.bias_ih_l0.numpy()
        + h @ net.weight_hh_l0.numpy().T
        + net.bias_hh_l0.numpy()
    )
print("nn.RNN", net(x)[0].numpy()[0, -1].round(4), " the formula", h[0].round(4))

# %% [markdown]
# ## How far back does the gradient reach?
#
# On the way back each step multiplies by $W_{hh}^T$ and by the slope of tanh, which is at most 1. A
# product of many such factors shrinks or grows like a power. Here it is measured: the gradient of the
# last memory by the input at each step before, in a network with 32 units, for recurrent weights of
# different size (their largest eigenvalue), and for an LSTM.

# %%
LENGTH, UNITS = 50, 32
noise = np.random.default_rng(1).normal(size=(8, LENGTH, UNITS))


def reach(net):
    """The size of the gradient by the input, from the last step backwards, shape (LENGTH,)."""
    last = tushuo.grad(lambda x: tushuo.sum(net(x)[0][:, -1] ** 2))(noise).numpy()
    return np.sqrt((last**2).sum(-1)).mean(0)[::-1]


def plain(radius):
    net = nn.RNN(UNITS, UNITS, rng=0, dtype=np.float64)
    w = net.weight_hh_l0.numpy()
    net.weight_hh_l0 = tushuo.asarray(w * radius / np.abs(np.linalg.eigvals(w)).max())
    return net


def remembering(cell, forget):
    """An LSTM whose forget gates begin at sigmoid(forget)."""
    bias = cell.bias_ih_l0.numpy().copy()
    bias[cell.hidden_size : 2 * cell.hidden_size] = forget
    cell.bias_ih_l0 = tushuo.asarray(bias)
    return cell


curves = {f"RNN {radius}": reach(plain(radius)) for radius in (0.5, 1.0, 2.0)}
for forget in (0, 3):
    lstm = remembering(nn.LSTM(UNITS, UNITS, rng=0, dtype=np.float64), forget)
    curves[f"LSTM bias {forget}"] = reach(lstm)
back = np.arange(LENGTH)
show(plot(back, curves, "Gradient by an earlier input", "steps back", "size", log="y"))
for name, sizes in curves.items():
    factor = (sizes[40] / sizes[10]) ** (1 / 30)
    print(f"{name:11} 10 back {sizes[10]:8.1e}  40 back {sizes[40]:8.1e}  per step x {factor:.2f}")

# %% [markdown]
# On the logarithmic axis the curves are almost straight: exponential. With small weights what was 40
# steps ago counts for nothing at all; with large ones the gradient grows and grows. Even the
# radius 1 shrinks, because tanh flattens what it squashes.
#
# An LSTM has a second memory $c_t = f\,c_{t-1} + i\,g$. On the way back along it the gradient is only
# *multiplied by the gate f*, a number between 0 and 1 that the network sets itself. If f stays near 1, the gradient
# passes almost untouched. But look at "bias 0": with gates half open an LSTM forgets as fast as
# others. Therefore its forget bias is started above 0.
#
# ## What it means for learning
#
# The task: read numbers; the first one says +1 or -1, and all others are noise. After the last one,
# say what the first was. Each network has 16 units, 180 batches, and the same optimiser.


# %%
class Reader(nn.Module):
    def __init__(self, memory):
        self.memory, self.answer = memory, nn.Linear(16, 2, rng=0)

    def forward(self, x):
        return self.answer(self.memory(x)[0][:, -1])


def sequences(rng, count, length):
    first = rng.integers(0, 2, count)
    x = rng.normal(size=(count, length, 2)).astype(np.float32) / 2
    x[:, :, 1] = 0
    x[:, 0, 1] = 2 * first - 1
    return x, first


derive = tushuo.value_and_grad(lambda net, x, y: nn.cross_entropy(net(x), y))


def right_after(memory, length, batches=180):
    net, rule, rng = Reader(memory), optim.Adam(1e-2), np.random.default_rng(1)
    state = rule.init(net)
    for _ in range(batches):
        _, slopes = derive(net, *sequences(rng, 32, length))
        slopes, _ = optim.clip_grad_norm(slopes, 1.0)  # against gradients that explode
        net, state = rule.update(net, slopes, state)
    x, first = sequences(rng, 500, length)
    return float(np.mean(net(x).numpy().argmax(1) == first))


for length in (5, 20, 40):
    rnn = right_after(nn.RNN(2, 16, rng=0), length)
    lstm = right_after(remembering(nn.LSTM(2, 16, rng=0), 3.0), length)
    print(f"{length} steps: RNN {rnn:.0%} right, LSTM {lstm:.0%}  (guessing: 50%)")

# %% [markdown]
# At 40 steps the plain network does not even begin to learn: no gradient tells it that the first
# number matters. The LSTM does.
#
# ## The network of the assignment
#
# A captioner without attention: the photograph, as one vector of 1,280 features, becomes the first
# memory; then the LSTM reads each word and names the next. The loss is the cross-entropy of the next
# word, over the whole sentence. A first check, as in the assignment: an untrained network should
# find each of V words equally likely, a loss of log(V) a word. A second: it must be able to learn a
# handful of photographs by heart.

# %%
says = {
    "astronaut": "an astronaut in an orange suit smiles",
    "cow": "a black and white cow stands in a meadow",
    "dog": "a german shepherd stands in the grass",
    "horses": "horses and foals stand on a hill",
    "kitten": "a kitten plays with a ball of wool",
    "moose": "a moose with large antlers lies in the heath",
    "photographer": "a man looks through a camera",
}
words = [sentence.split() for sentence in says.values()]
vocabulary = Vocabulary.build(words, min_count=1)
longest = 2 + max(map(len, words))
numbers = np.array([(vocabulary.encode(w) + [0] * longest)[:longest] for w in words])[:, None]
encoder = tushuo.load_captioner()
features = encoder.encode([sample(f"{name}.jpg") for name in says]).mean(1)  # (7, 1280)

captioner, rule = CaptionRNN(len(vocabulary), embedding=32, hidden=64, rng=0), optim.Adam(1e-2)
targets = np.count_nonzero(numbers[:, :, 1:]) / len(says)
first = float(captioner.loss(features, numbers)) / targets
print(f"untrained: {first:.2f} a word, log(V) is {np.log(len(vocabulary)):.2f}")
state, losses = rule.init(captioner), []
fit = tushuo.value_and_grad(lambda net: net.loss(features, numbers))
for _ in range(60):
    loss, slopes = fit(captioner)
    captioner, state = rule.update(captioner, slopes, state)
    losses.append(float(loss) / targets)
show(
    plot(np.arange(60), {"loss": losses}, "Seven captions by heart", "step", "nats a word", log="y")
)
for name, ids in zip(says, captioner.sample(features, BOS, EOS)):
    print(f"{name:13}", " ".join(vocabulary.decode(ids)))

# %% [markdown]
# It can recite. Now show it the one photograph that it has not seen, a sheep on a slope:

# %%
unseen = encoder.encode([sample("sheep.jpg")]).mean(1)
print("sheep:", " ".join(vocabulary.decode(captioner.sample(unseen, BOS, EOS)[0])))

# %% [markdown]
# It has never read "sheep" and cannot say it; it recites a sentence that it learnt for another
# photograph. Learning by heart proves that the machinery works, not that anything was understood.
# For that it takes thousands of photographs, and in the next lesson, a look at the picture before
# each word.
#
# ## Exercises
#
# 1. `rnn_step(x, h, w_ih, w_hh, b)`: one step of a plain recurrent network on arrays; x is (N, I),
#    h is (N, H), the weights are (H, I) and (H, H), b is (H,).
# 2. `lstm_step(gates, c)`: the end of an LSTM's step. `gates` (N, 4 H) holds the four sums before
#    their functions, in the order i, f, g, o; c is (N, H). Return the new h and the new c.
# 3. `steps_back`: a gradient shrinks by the factor 0.9 a step. After how many steps is it, for the
#    first time, below a millionth of what it was?
# 4. `clipped(g, most)`: the list of arrays g, all scaled by one factor so that their common norm (as
#    one long vector) is at most `most`; unchanged if it already is.


# %%
def rnn_step(x, h, w_ih, w_hh, b):
    return ...


# %%
def lstm_step(gates, c):
    return ...


# %%
steps_back = ...


# %%
def clipped(g, most):
    return ...


# %%
check("lesson-13", rnn_step=rnn_step, lstm_step=lstm_step)
check("lesson-13", steps_back=steps_back, clipped=clipped)
