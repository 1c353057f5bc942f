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
# # 04 反向传播：四个公式和一个精灵
#
# **学完本课，你能够**说清一个神经元的“错误”是什么，推导并写出 BP1 到 BP4 四个公式，
# 并用数值差分和引擎来检验自己写的梯度。
#
# **原文：** 第三部分 2.2.5 和 2.2.6 节。

# %%
import numpy as np

import tushuo
from tushuo.data.mnist import load_mnist
from tushuo.draw import draw
from tushuo.lessons import check, images, language, plot, show
from tushuo.models.network import Network, sigmoid, sigmoid_prime

language("zh")

# %% [markdown]
# ## 记号
#
# 第 $l$ 层接收前一层的激活 $a^{l-1}$，计算
# $$z^l = w^l a^{l-1} + b^l, \qquad a^l = \sigma(z^l).$$
# $w^l_{jk}$ 是从神经元 $k$ 指向神经元 $j$ 的权重：每个神经元占一行，每个输入占一列，于是 $w a$
# 就是普通的矩阵乘法。用一个小网络就够了：2 个输入，3 个隐藏神经元，2 个输出，损失
# $C = \frac12 \sum_j (a^L_j - y_j)^2$。（有多个样本时，损失是各样本损失的平均，梯度也是，
# 所以只看一个样本就够了。原文说没见过不是平均的损失；其实是有的，例如对比损失，但反向传播并不在意：
# 只要最后得到一个数就行。）

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
# ## 精灵
#
# 一个精灵坐在某个神经元上。加权输入 $z$ 到来时，它悄悄加上一点：$z + \Delta z$。
# 这个变化穿过网络的其余部分，损失大约改变
# $$\Delta C \approx \frac{\partial C}{\partial z^l_j}\, \Delta z.$$
# 这个偏导数就是该神经元的**错误** $\delta^l_j$。它是好精灵，总是逆着错误推。错误大，
# 轻轻一推就大有帮助；错误接近零，说明这个神经元没有责任。那它为什么不用力推？
# 量一量这个乘积漏掉了多少：


# %%
def cost_of(z2):  # 作为隐藏层加权输入的函数
    a3 = tushuo.sigmoid(w3 @ tushuo.sigmoid(z2) + b3)
    return tushuo.sum((a3 - y) ** 2) * 0.5


error = tushuo.grad(cost_of)(z2).numpy()  # 每个隐藏神经元一个数
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
# 推的力气减半，收获也减半，但漏掉的只剩四分之一：第二条线的坡度是第一条的两倍。只有轻推时承诺才算数；
# 学习率说到底就是敢推多用力。
#
# ## BP1：最后一层的错误
#
# 损失只通过 $a^L_j$ 依赖于 $z^L_j$，所以是两个斜率相乘：
# $$\delta^L = \nabla_a C \odot \sigma'(z^L) = (a^L - y) \odot \sigma'(z^L)$$
# 圆圈表示逐元素相乘（Hadamard 积）。

# %%
delta3 = (a3 - y) * sigmoid_prime(z3)
print(delta3.ravel())

# %% [markdown]
# ## BP2：前一层的错误
#
# 隐藏神经元 $j$ 经过下一层的每个神经元 $k$ 各有一条路通向损失。每条路上斜率相乘，各条路再相加：
# $$\delta^l_j = \sum_k w^{l+1}_{kj}\, \delta^{l+1}_k\, \sigma'(z^l_j), \qquad \delta^l = \left((w^{l+1})^T \delta^{l+1}\right) \odot \sigma'(z^l)$$
# 求和的下标 $k$ 是 $w$ 的行号，所以 $w$ 要转置。形状是 $(3, 2)$ 乘 $(2, 1)$ 得 $(3, 1)$。
# （原文在这里把几个矩阵的形状写错了。）

# %%
delta2 = (w3.T @ delta3) * sigmoid_prime(z2)
print("by BP2:       ", delta2.ravel())
print("by the engine:", error.ravel())

# %% [markdown]
# ## BP3 和 BP4：真正想要的
#
# 偏置直接加到 $z$ 上；权重则是乘上它那条边出发处的激活再加上去：
# $$\frac{\partial C}{\partial b^l_j} = \delta^l_j, \qquad \frac{\partial C}{\partial w^l_{jk}} = \delta^l_j\, a^{l-1}_k$$
# 也就是：边所指向的神经元的错误，乘以边出发处的激活。一层所有的边合在一起，就是外积
# $\delta^l (a^{l-1})^T$。请来两位裁判：一个是引擎，一个是数值差分（这里同时推两个权重）。


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
# 在最后一层的图里，它们全都找得到，就是边下方和结点里的红色数字：sigmoid 之前是 BP1；`w` 处是
# BP4（以平均值和直方图表示）；`a` 处是 BP2 中由下一层传回来的那部分 $w^T \delta$。


# %%
def last_layer(w, a):
    return tushuo.mean((tushuo.sigmoid(w @ a + b3) - y) ** 2)  # 两个数的平均，即和的一半


show(draw(last_layer)(w3, a2))

# %% [markdown]
# ## 用在真正的数字上
#
# `Network.backprop` 就是这四行。对于一张图片，BP4 说：损失对某个隐藏神经元权重的梯度，
# 就是图片本身乘以一个数，即该神经元的错误。所以从一个样本学习，
# 就是在每个神经元的权重上加一点（或减一点）它的痕迹；一个批量里的痕迹会叠加起来。

# %%
digits = load_mnist().train
inputs, targets = digits[:100].inputs(np.float64).T, digits[:100].targets().T
network = Network([784, 30, 10], rng=0)
one = network.backprop(inputs[:, :1], targets[:, :1])[1][0].reshape(30, 28, 28)
many = network.backprop(inputs, targets)[1][0].reshape(30, 28, 28)
titles = ["x", *["1 digit"] * 4, *["100 digits"] * 4]
show(images([digits.images[0], *one[:4], *many[:4]], titles, columns=9))

# %% [markdown]
# ## 为什么很深的 sigmoid 网络学得慢
#
# BP2 每过一层都要乘一次 $\sigma'$，它最大只有 1/4。取八层、每层 30 个神经元、权重为常用的大小
# $1/\sqrt{30}$，从后往前量一量错误有多大：

# %%
deep = Network([30] * 9, rng=0)
deep.weights = [w / np.sqrt(30) for w in deep.weights]
nabla_b, _ = deep.backprop(rng.standard_normal((30, 50)), rng.random((30, 50)))
lines = {"length of the error": [np.linalg.norm(b) for b in nabla_b]}  # 由 BP3，这就是错误
show(plot(np.arange(2, 10), lines, "errors fade on the way back", "layer", log="y"))

# %% [markdown]
# ## 练习
#
# 把每个 `...` 换成你的答案，再运行它下面的单元格来检查；每答错一次，提示就更明白一些。
# 也可以写在文件里：`tushuo check lesson-04 --start` 生成文件，`tushuo check lesson-04` 检查答案。

# %% [markdown]
# **1. `output_error`** BP1：最后一层的错误，由激活 a（sigmoid）和目标 y 求得，二者形状都是 (n, 1)，
# 损失为 sum((a - y)**2) / 2。


# %%
def output_error(a, y):
    return ...


# %%
check("lesson-04", output_error=output_error)

# %% [markdown]
# **2. `error_before`** BP2：某层的激活为 a (n, 1)，由下一层的错误 delta (m, 1) 和两层之间的权重 w (m,
# n) 求这一层的错误 (n, 1)。


# %%
def error_before(w, delta, a):
    return ...


# %%
check("lesson-04", error_before=error_before)

# %% [markdown]
# **3. `backpropagate`** 完整的算法：对一个样本 x、y（列向量）、任意层数的 sigmoid 网络和损失 sum((a -
# y)**2) / 2，返回两个列表 (nabla_b, nabla_w)，形状与 biases、weights 相同。


# %%
def backpropagate(weights, biases, x, y):
    return ...


# %%
check("lesson-04", backpropagate=backpropagate)

# %% [markdown]
# **4. `push`** 精灵：某层的错误为 delta (n, 1)，每个加权输入最多上下改变 most，应当加上什么，
# 才能使错误所承诺的损失下降最大？


# %%
def push(delta, most):
    return ...


# %%
check("lesson-04", push=push)
