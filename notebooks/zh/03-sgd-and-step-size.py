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
# # 03 在 MNIST 上看随机梯度下降和步长
#
# **学完本课，你能够**训练一个识别手写数字的网络，说出步长太大或太小会怎样，
# 以及为什么走一步只需要看少数几个样本。
#
# **原文：** 第二部分 2.2.1（MNIST）、2.2.3（随机梯度下降）、2.2.4 节，以及第 3 节（`network.py`
# 的代码）。

# %%
import numpy as np

from tushuo.data.mnist import load_mnist
from tushuo.lessons import check, images, language, plot, show
from tushuo.models.network import Network

language("zh")

# %% [markdown]
# ## 数字图片
#
# MNIST 有 7 万张 28×28 的灰度数字图：5 万张用来学习，1 万张用来做选择（验证集），1
# 万张留到最后测量（测试集）。原文说每个数字有 6000 张，不妨数一数。

# %%
mnist = load_mnist()
show(images(mnist.train.images[:20], [str(n) for n in mnist.train.labels[:20]]))
print("of each digit in the training set:", *np.bincount(mnist.train.labels))
print(mnist.train.images[0, 7:12, 8:20])

# %% [markdown]
# ## 下山，一步一步走
#
# 梯度指向上坡，所以要逆着它走：$w \leftarrow w - \eta\, C'(w)$。步子能迈多大？先看只有一个参数的山谷
# $C(w) = w^2$，斜率是 $2w$。每走一步，$w$ 就乘以 $1 - 2\eta$：步子太小就慢慢蹭，合适就很快到底；超过
# $\eta = 1$，每一步的终点反而比起点离谷底更远。

# %%
steps = np.arange(21)
walks = {f"eta {eta}": [abs((1 - 2 * eta) ** n) for n in steps] for eta in (0.03, 0.3, 0.9, 1.1)}
show(plot(steps, walks, "the distance from the bottom", "steps", "|w|", log="y"))

# %% [markdown]
# 在真实的网络里，没人知道山谷有多弯，而且各个方向弯得不一样。所以只能试：损失降得太慢，就把 $\eta$
# 调大；上蹿下跳，就调小。
#
# ## 少数样本就能指路
#
# 损失是所有样本的平均，梯度也是。随机取一小部分样本（**mini-batch**，小批量）求平均，代价只是零头，
# 而且平均来说方向相同。那么单独一个小批量有多准？下面是它与全部 5000 个样本的梯度夹角的余弦：1
# 表示同向，0 表示垂直，小于 0 就是在上坡。

# %%
x, y = mnist.train[:5000].inputs(np.float64), mnist.train[:5000].targets()  # 每行一个样本
valid_x, valid_y = mnist.valid[:2000].inputs(np.float64), mnist.valid[:2000].targets()


def gradient(network, rows):
    nabla_b, nabla_w = network.backprop(x[rows].T, y[rows].T)  # 每列一个样本
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
# 一开始所有样本的要求都一致，看十个就知道方向。后来各有各的要求：
# 小批量很可能走的是上坡（原文认为不会这样），只有平均来说才对。但还是划算：一百步各看十个样本，
# 代价与一步看一千个样本相同。下面让每种批量大小都把同样的样本看三遍：

# %%
for size in (1, 10, 100, 1000):
    network = Network([784, 30, 10], rng=1)
    for epoch in range(3):
        network.train_epoch(x, y, epoch, size, 3.0)
    print(f"batches of {size:4}: {network.count_right(valid_x, valid_y) / 2000:.1%} right")

# %% [markdown]
# ## 原文里的网络
#
# 权重取自正态分布，30 个隐藏神经元，每批 10 个样本，$\eta = 3$。原文在 5 万张图上训练 30 轮，准确率约
# 95%；为了快一些，我们只用 5000 张图。（在终端运行 `tushuo train mnist` 就是完整的训练；
# `tushuo.data.mnist.load_data_wrapper()` 返回原文里的三个列表。）一张图是形状为 (784, 1) 的列，目标是
# (10, 1) 的列。原文里的调用是这样的：

# %%
training_data = list(zip(x[:, :, None], y[:, :, None], strict=True))
valid_data = list(zip(valid_x[:, :, None], mnist.valid.labels[:2000], strict=True))
Network([784, 30, 10], rng=1).SGD(training_data, 3, 10, 3.0, test_data=valid_data)

# %% [markdown]
# 每一步是 $\eta$ 乘以一个批量的**平均**梯度。如果不求平均而是求和，步子就大十倍，$\eta$ 便应取 0.3。
# 下面用不同的 $\eta$ 各训练八轮，每条曲线对应一个 $\eta$：

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
# 步长太小，还在路上；步长太大，神经元被甩到两端，那里的 sigmoid 是平的，几乎学不动了。最好的在中间，
# 要靠验证集去找；测试集只在最后看一次。最后一张图是一些认错的数字：标注“5, not 6”表示正确答案是 5，
# 网络却回答 6。

# %%
test = mnist.test[:2000]
answers = trained[3.0].feedforward(test.inputs(np.float64).T).argmax(axis=0)
print(f"test images named rightly: {np.mean(answers == test.labels):.1%}")
misread = np.flatnonzero(answers != test.labels)[:20]
show(images(test.images[misread], [f"{test.labels[i]}, not {answers[i]}" for i in misread]))

# %% [markdown]
# ## 练习
#
# 把每个 `...` 换成你的答案，再运行它下面的单元格来检查；每答错一次，提示就更明白一些。
# 也可以写在文件里：`tushuo check lesson-03 --start` 生成文件，`tushuo check lesson-03` 检查答案。

# %% [markdown]
# **1. `step`** 梯度下降的一步：返回新的参数，与 w 形状相同的数组。w 本身不要改动。


# %%
def step(w, gradient, eta):
    return ...


# %%
check("lesson-03", step=step)

# %% [markdown]
# **2. `batches`** 一轮训练：返回行号数组的列表，合起来 0 到 n - 1 各出现一次，顺序由随机数生成器 rng
# 打乱；每个数组有 size 个行号，最后一个可以少一些。


# %%
def batches(n, size, rng):
    return ...


# %%
check("lesson-03", batches=batches)

# %% [markdown]
# **3. `longest_step`** 在山谷 C(w) = curvature / 2 * w**2 中，eta 小于多少时每一步更接近谷底，
# 大于它则越走越远？


# %%
def longest_step(curvature):
    return ...


# %%
check("lesson-03", longest_step=longest_step)

# %% [markdown]
# **4. `settings`** 找一组设置，使 [784, 30, 10] 在 5000 张图上训练三轮后，2000 张验证图至少认对 86%。
# 怎么搜索都可以。

# %%
settings = {"eta": ..., "mini_batch_size": ...}

# %%
check("lesson-03", settings=settings)
