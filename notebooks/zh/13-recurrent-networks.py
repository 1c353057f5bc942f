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
# # 13 RNN 与 LSTM：梯度能回溯多远
#
# **学完本课，你能够**把循环网络展开成普通的计算图；测量梯度沿时间往回传时如何衰减；说明 LSTM
# 改变了什么；并搭出原文所讲的那份课程作业里的图像描述网络。
#
# **原文：** 第一部分第 1 节，图像描述涉及的模型中有 RNN/LSTM，目标是 CS231n 的 Assignment3；第二部分
# 2.1 节提到输出可以是序列。原文没有写到那里，本课接着往下讲。

# %%
import numpy as np

import tushuo
from tushuo import nn, optim
from tushuo.data import BOS, EOS, Vocabulary
from tushuo.draw import draw
from tushuo.lessons import check, language, plot, sample, show
from tushuo.models import CaptionRNN

language("zh")

# %% [markdown]
# ## 同一步骤，反复执行
#
# 循环网络一次读入序列的一个元素，并保持一份记忆 `h`：
#
# $$h_t = \tanh(W_{ih} x_t + W_{hh} h_{t-1} + b)$$
#
# 每一步的权重都相同。只用单个的数、把三步写开，就是一张普通的计算图。看 `w` 处的红色数字：
# 每一步都贡献一份梯度，累加起来（第 08 课的 `+=`）。


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
# ## 梯度能回溯多远？
#
# 往回传时，每一步都要乘以 $W_{hh}^T$ 和 tanh 的斜率（最大为 1）。许多这样的因子连乘，
# 会像幂一样缩小或增大。这里直接测量：在有 32 个单元的网络中，最后的记忆对此前每一步输入的梯度；
# 循环权重取几种大小（以最大特征值计），并与 LSTM 比较。

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
# 纵轴是对数的，曲线几乎是直线，即指数变化。权重小时，40 步之前的输入完全不起作用；权重大时，
# 梯度越来越大。即使半径取 1，梯度也在缩小，因为 tanh 在压缩的地方变得平坦。
#
# LSTM 有第二份记忆 $c_t = f\,c_{t-1} + i\,g$。沿着它往回传时，梯度**只乘以门 f**，
# 这是网络自己决定的、0 到 1 之间的数。f 接近 1 时，梯度几乎原样通过。但请看“bias 0”那条线：
# 门半开时，LSTM 忘得和别的网络一样快。所以遗忘门的偏置要从大于 0 的值开始。
#
# ## 这对学习意味着什么
#
# 任务：读一串数，第一个是 +1 或 -1，其余都是噪声；读完之后说出第一个是什么。每个网络 16 个单元，训练
# 180 批，优化算法相同。


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
# 到 40 步时，普通 RNN 根本学不起来：没有梯度告诉它第一个数重要。LSTM 学会了。
#
# ## 作业里的网络
#
# 不带注意力的图像描述模型：照片变成 1280 个特征组成的一个向量，作为最初的记忆；然后 LSTM 逐词读入，
# 并说出下一个词。损失是下一个词的交叉熵，对整句求和。和作业一样，先做一项检查：未训练的网络应认为 V
# 个词同样可能，即每个词的损失约为 log(V)。再做一项：它必须能把几张照片背下来。

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
# 它背得出来了。再给它看唯一没见过的照片：山坡上的一只羊。

# %%
unseen = encoder.encode([sample("sheep.jpg")]).mean(1)
print("sheep:", " ".join(vocabulary.decode(captioner.sample(unseen, BOS, EOS)[0])))

# %% [markdown]
# 它从没读过“sheep”这个词，说不出来；它背的是另一张照片的句子。背得下来只证明机制能工作，
# 并不说明理解了什么。要理解，得有成千上万张照片，还要在写每个词之前再看一眼图像，这是下一课的内容。
#
# ## 练习
#
# 1. `rnn_step(x, h, w_ih, w_hh, b)`：普通循环网络的一步，用数组实现；x 是 (N, I)，h 是 (N, H)，权重是
#    (H, I) 和 (H, H)，b 是 (H,)。
# 2. `lstm_step(gates, c)`：LSTM 一步的后半段。`gates` (N, 4 H) 是四个尚未过激活函数的和，顺序为 i、
#    f、g、o；c 是 (N, H)。返回新的 h 和新的 c。
# 3. `steps_back`：梯度每步缩小为 0.9 倍。多少步之后，它第一次小于原来的百万分之一？
# 4. `clipped(g, most)`：把数组列表 g 乘以同一个因子，使它们合起来（看作一个长向量）的范数不超过
#    `most`；若本来就不超过，则保持不变。


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
