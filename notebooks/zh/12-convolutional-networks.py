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
# # 12 卷积网络、它的滤波器与迁移学习
#
# **学完本课，你能够**说明卷积计算什么、为什么适合图像；训练一个小卷积网络并与原文的网络比较；
# 观察它的滤波器；还能把一个网络学到的东西用在它从未见过的任务上。
#
# **原文：** 第二部分 2.2.1 节：特征从笔画到部件再到物体，越是底层的越通用，“transfer learning，
# 后面我们讲到 CNN 的时候还会提及”。原文没有写到那里，这里补上。第一部分提到图像描述涉及的三种模型，
# CNN 是其中之一。

# %%
import numpy as np

import tushuo
from tushuo import nn, optim
from tushuo.data import Preprocessing, load_image, load_mnist
from tushuo.digits import load_digit_classifier
from tushuo.lessons import check, images, language, plot, sample, show
from tushuo.models import MLP, LeNet, load_efficientnet

language("zh")

# %% [markdown]
# ## 在图像上移动的小窗口
#
# 卷积把一个小小的权重核放到图像的每个位置上，对应相乘再相加。这个核就像在每个位置上问同一个问题：
# “这里有多像我？”下面两个核寻找边缘：上暗下亮，以及左暗右亮。

# %%
digits = load_mnist()
five = digits.train.images[0] / 256
level = np.array([[-1.0, -1.0, -1.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
kernels = np.stack([level, level.T])[:, None]  # (2, 1, 3, 3)
answers = tushuo.conv2d(five[None, None], kernels, padding=1).numpy()[0]
shown = [five, np.pad(level, 1), answers[0], np.pad(level.T, 1), answers[1]]
show(images(shown, ["digit", "kernel", "answer", "kernel", "answer"]))

# %% [markdown]
# 如果用全连接层，每个像素到每个输出都要一个权重，而且要在每个位置上重新学会“边缘”。
# 卷积只有九个权重，处处相同；数字移动了，响应就跟着移动。
#
# ## LeNet 与原文的网络
#
# 两个网络以同样的顺序看同样的 6000 个数字，200 个小批量，每批 50 个，权重数也差不多。
# 之后再把测试数字向右平移给它们看，这是它们都没学过的。

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
# 权重一样多，卷积网络更准；当数字不在原来的位置时，更是准得多。“图像处处遵循同样的规律”
# 这条知识是设计进去的，不需要从数据里学。
#
# ## 观察滤波器
#
# tushuo 自带的分类器学过全部 50,000 个数字，测试集上的正确率超过 99 %。下面是它的 16 个 5×5 的核，
# 以及它们对一个数字的响应。

# %%
lenet = load_digit_classifier().network
show(images(list(lenet.conv1.weight.numpy()[:, 0]), columns=8))
first = nn.relu(lenet.conv1(five[None, None].astype(np.float32)))
second = nn.relu(lenet.conv2(lenet.pool(first)))
show(images([five, *first.numpy()[0]], columns=9))
show(images([five, *second.numpy()[0]], columns=11))

# %% [markdown]
# 第一层的核是各个方向的笔画和边缘：没有人画过它们，是梯度学出来的。到第二层，大多数图都是暗的：
# 每个只对更少见的、由笔画组成的东西有响应。
#
# 照片有颜色，EfficientNet 的第一层核也有颜色。它用一百多万张、一千类物体的照片训练而成：

# %%
eye = load_efficientnet().folded()
stem = eye.stem.conv.weight.numpy().transpose(0, 2, 3, 1)  # (32, 3, 3, RGB)
show(images([0.5 + 0.5 * k / max(np.abs(k).max(), 1e-6) for k in stem], columns=16, size=48))

# %% [markdown]
# ## 迁移：每一层有多通用？
#
# 前面说底层特征对别的任务也有用。来量一量。EfficientNet 没有专门学过手写数字。给它看 100
# 个数字（每类大约十个），在每个模块之后取各通道响应的平均值，只用这些数，
# 以最小二乘拟合一个线性分类器；再用 300 个没见过的数字来考它。网络本身保持不变。


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
# 可见这个说法成立，但要修正：最底的一层太简单，单凭它认不出数字；中间层从没学过数字，却使只看过 100
# 个例子的分类器远远好于直接用像素；而最后一层专攻狗和餐具之类，又变差了。如果新任务离原任务很远，
# 最适合迁移的是中间层。
#
# 如果新任务离原任务近，就该用最后几层。下面是样例照片，以及它们末层特征的相似程度（越白越相似）。
# 八张照片证明不了什么，不过可以看看每张照片离谁最近。

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
# 吃草的动物彼此接近，狗和猫也彼此接近，两个人却不是：ImageNet 的类别里狗就有一百多个品种，
# 而几乎没有一类是人。特征保留的是最初的任务所需要的东西。
#
# 第 14 课的图像描述模型就是这样起步的：EfficientNet 的特征先原样使用，只用 6000 张照片训练“写句子”
# 的部分；然后 EfficientNet 的最后几个模块也以很小的步长一起学习，前面的模块则保留 ImageNet 教给它的东西。
#
# ## 练习
#
# 1. `out_size(size, kernel, stride, padding)`：卷积结果的边长。
# 2. `weights`：从 1 个通道到 16 个通道、核为 5×5、带偏置的卷积要学多少个数？从 28×28
#    个像素到同样大小的结果（16×24×24）、带偏置的全连接层又要学多少个数？
# 3. `edge_kernel`：一个 3×3 的核，对平坦的图像、对只在上下方向变化的图像都没有响应，
#    但对任何左右方向的阶跃有响应。
# 4. `correlate(x, w)`：一张灰度图 (H, W) 与一个核 (kh, kw) 的卷积，不补零，只用循环和 NumPy。


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
