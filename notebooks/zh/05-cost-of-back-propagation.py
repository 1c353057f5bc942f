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
# # 05 反向传播的代价
#
# **学完本课，你能够**数出前向和反向各要多少次乘法，说出换成数值差分要多大代价，用计时来检验这些说法，
# 还能只用两次前向计算来检验一个有上百万个数的梯度。
#
# **原文：** 第三部分 2.2.7 节。

# %%
import time
from itertools import pairwise

import numpy as np

from tushuo.data.mnist import load_mnist
from tushuo.gradients import gradient_cost
from tushuo.lessons import check, language, plot, show
from tushuo.models.network import Network

language("zh")

# %% [markdown]
# ## 数一数
#
# 前向计算每个权重做一次乘法：网络有多少条边，就有多少次乘法。反向要做两次：BP4
# 对每个权重做一次乘积（错误乘激活），BP2 又让错误穿过每个权重传回去；只有第一层例外，
# 它前面没有东西要学。所以不管参数有多少，求一次梯度的代价大约相当于三次前向计算。

# %%
sizes = [784, 30, 10]
edges = [n * m for n, m in pairwise(sizes)]
parameters = sum(edges) + sum(sizes[1:])
print(f"{parameters:,} parameters; forward {sum(edges):,} multiplications")
print(f"forward and backward: {sum(edges) * 3 - edges[0]:,}")
print(f"n + 1 forward passes: {sum(edges) * (parameters + 1):,}")

# %% [markdown]
# ## 另一种办法
#
# 没有反向传播，也可以把每个参数推一点点，看损失怎么变：
# $$\frac{\partial C}{\partial w_j} \approx \frac{C(\dots, w_j + h, \dots) - C(\dots, w_j, \dots)}{h}$$
# 不推的算一次，再加上**每个**参数各算一次。我们对 MNIST 网络的几个权重这样做，计时，
# 再推算全部参数要多久。

# %%
digits = load_mnist().train[:10]
x, y = digits.inputs(np.float64).T, digits.targets().T
network = Network(sizes, rng=0)


def cost():
    return 0.5 * ((network.feedforward(x) - y) ** 2).sum()


def seconds(run, times=50):
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return min(taken)  # 其余的受到了干扰


slopes = network.backprop(x, y)[1][1]
for j, k in ((0, 0), (3, 7), (9, 29)):
    before = cost()
    network.weights[1][j, k] += 1e-6
    print(f"w[{j}, {k}]: {(cost() - before) / 1e-6:.6f} by a push, {slopes[j, k]:.6f} by BP4")
    network.weights[1][j, k] -= 1e-6
forward, backward = seconds(cost), seconds(lambda: network.backprop(x, y))
print(f"a pass {forward:.1e} s, a gradient by back-propagation {backward:.1e} s")
pushed = forward * (parameters + 1)
print(f"by pushes {pushed:.1f} s: {pushed / backward:,.0f} times as long")

# %% [markdown]
# ## 网络变大时
#
# `gradient_cost` 在引擎上对越来越宽的网络测量这两种办法（网络大的时候只真正跑 200 次前向，
# 再按比例推算）。两个坐标轴都是对数的，所以 $n$ 的幂是一条直线，坡度就是指数：反向传播是 1，逐个推是
# 2。

# %%
costs = gradient_cost()
show(costs, costs.chart())

# %% [markdown]
# 小网络不管多大，用时都差不多，因为启动一次运算的开销超过了其中的乘法；所以时间要到后面才显出幂次。
# 乘法次数则一目了然：

# %%
backprop_power, numeric_power = costs.powers()
print(f"multiplications grow with n^{backprop_power:.2f} and n^{numeric_power:.2f}")
n = np.array([c.parameters for c in costs])
counted = np.array([c.numeric_products / c.backprop_products for c in costs])
measured = np.array([c.ratio for c in costs])
lines = {"counted": counted, "measured": measured, "n / 3": n / 3}
show(plot(n, lines, "how many times dearer", "parameters", log="xy"))

# %% [markdown]
# （上面的 MNIST 网络不是 $n/3$ 而是 $n/2$：它的权重几乎都在第一层，再往前不需要 BP2。）
#
# 原文的结论是：参数有一百万个，就要慢一百万倍。真正的倍数大约是 $n/3$，因为一次梯度相当于三次前向：
# 三十万倍。假如前向一次要千分之一秒，那就是一步 17 分钟，而不是千分之三秒。结论依然成立。
#
# ## 内存的代价
#
# 天下没有免费的午餐：BP1 到 BP4 要用到前向时每一层的 $z$ 和 $a$，所以在反向之前必须全部留着。
# 内存随深度和批量中的样本数增长。

# %%
for batch in (1, 10, 100, 1000):
    kept = batch * (sizes[0] + 2 * sum(sizes[1:])) * 8
    print(f"{batch:5} examples: {kept / 1024:6,.0f} KiB are kept")
print(f"the parameters take {parameters * 8 / 1024:.0f} KiB")

# %% [markdown]
# ## 推一推仍然有用
#
# 可以用来检验，而且不需要推 $n$ 次：沿一个随机方向 $v$ 同时推所有参数，损失的变化必须等于梯度的承诺
# $\nabla C \cdot v$。不管 $n$ 多大都只要两次前向；任何一个数写错了，几乎必然会露馅。

# %%
rng = np.random.default_rng(0)
_, nabla_w = network.backprop(x, y)
weights, v = network.weights, [rng.standard_normal(w.shape) for w in network.weights]
both = []
for h in (1e-5, -1e-5):
    network.weights = [w + h * d for w, d in zip(weights, v, strict=True)]
    both.append(cost())
network.weights = weights
promised = sum(float((g * d).sum()) for g, d in zip(nabla_w, v, strict=True))
print(f"measured {(both[0] - both[1]) / 2e-5:.8f}, promised {promised:.8f}")

# %% [markdown]
# ## 练习
#
# 把每个 `...` 换成你的答案，再运行它下面的单元格来检查；每答错一次，提示就更明白一些。
# 也可以写在文件里：`tushuo check lesson-05 --start` 生成文件，`tushuo check lesson-05` 检查答案。

# %% [markdown]
# **1. `forward_products`** 各层大小为 sizes 的全连接网络，一个样本前向计算一次，
# 矩阵乘法里要做多少次乘法？


# %%
def forward_products(sizes):
    return ...


# %%
check("lesson-05", forward_products=forward_products)

# %% [markdown]
# **2. `backprop_products`** 前向加反向，矩阵乘法里一共要做多少次乘法？不需要对输入的梯度。


# %%
def backprop_products(sizes):
    return ...


# %%
check("lesson-05", backprop_products=backprop_products)

# %% [markdown]
# **3. `numeric_gradient`** 用单侧差分求 f 在 x（一维数组）处的梯度：n 个数只计算 n + 1 次 f，之后 x
# 保持原样。


# %%
def numeric_gradient(f, x):
    return ...


# %%
check("lesson-05", numeric_gradient=numeric_gradient)

# %% [markdown]
# **4. `agrees`** 只计算两次 f，判断数组 gradient 是不是 f 在 x 处的梯度，返回 True 或 False。
# 两个数组都是一维的，可能很长。


# %%
def agrees(f, gradient, x):
    return ...


# %%
check("lesson-05", agrees=agrees)
