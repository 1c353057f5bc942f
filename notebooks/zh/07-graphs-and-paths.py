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
# # 07 计算图、路径之和、前向与反向
#
# **学完本课，你能够**把一个计算看成一张图，把导数看成路径之和；
# 说清为什么反向扫描一遍就抵得上走完所有路径，以及什么时候该用前向扫描。
#
# **原文：** 第四部分全文。

# %%
import numpy as np

import tushuo
from tushuo.draw import draw
from tushuo.gradients import Stages
from tushuo.gradients.gates import ADD, MULTIPLY
from tushuo.gradients.paths import (
    count_paths,
    forward_sweep,
    layered,
    paths,
    reverse_sweep,
    sum_over_paths,
)
from tushuo.lessons import check, language, plot, show

language("zh")

# %% [markdown]
# ## 计算就是一张图
#
# $e = (a + b)(b + 1)$ 由三个运算组成。给每个中间结果起个名字，再从运算读入的值向它产生的值画箭头：
# $c = a + b$，$d = b + 1$，$e = c\,d$。箭头不会绕回来，因为任何值都不能由它之后的值算出。
# 所以总能排出一个次序，使每个值在被用到之前就已算好，这叫拓扑序。
#
# 图中绿色的是值，写在箭头上方；红色的是梯度，写在下方，即**最后一个值**对它的导数。
# 每个方框里还标出了这个小运算自己的斜率（局部梯度）。

# %%


def e(a, b):
    c = a + b
    d = b + 1
    return c * d


show(draw(e)(2.0, 1.0))

# %% [markdown]
# ## 每条边上的斜率
#
# 先不管整体，只看一条边：如果 $d$ 不动，$e$ 随 $c$ 变化得多快？$d$ 有多大就有多快，所以这条边的斜率是
# 2。加法的斜率则总是 1，与输入无关。

# %%
s = Stages(a=2.0, b=1.0)
s.run("c", ADD, "a", "b")
s.run("d", ADD, "b", 1.0)
s.run("e", MULTIPLY, "c", "d")
edges = s.edges()
for source, target, slope in edges:
    print(f"{source} -> {target}: slope {slope:g}")

# %% [markdown]
# ## 所有路径之和
#
# 在 $b$ 处推一下，传到 $e$ 是多大？沿着一条路径，它依次乘上每条边的斜率；有几条路径，就到达几次，
# 效果相加。链式法则的全部内容就是：
#
# $$\frac{\partial e}{\partial b} = \sum_{\text{路径 } b \to e}\ \prod_{\text{边}} \text{斜率}.$$

# %%
for name in "ab":
    for path in paths(edges, name, "e"):
        product = " * ".join(f"{edge.slope:g}" for edge in path)
        print(f"{' -> '.join([name, *(edge.target for edge in path)])}:  {product}")
print("sums:", sum_over_paths(edges, ["a", "b"], "e").gradients)

# %% [markdown]
# ## 路径太多了
#
# 法则是对的，但不能照着它算。在分层的网络里，一层的每个结点都通向下一层的每个结点，每加一层，
# 路径数就翻几倍。下面每层有 4 个结点：每加一层，**边**只多 16 条，路径数却要乘以 4。

# %%
depths = np.arange(1, 13)
networks = [layered([4] * int(depth)) for depth in depths]
counts = {
    "paths": [sum(count_paths(g, name, out) for name in names) for g, names, out in networks],
    "edges": [len(g) for g, _, _ in networks],
}
show(plot(depths, counts, "Layers of four", "layers", "number", log="y"))

# %% [markdown]
# 好在这些路径大部分是重合的，可以提取公因子：如果 $p$ 和 $q$ 后面都接着 $r$，那么
# $p\,r + q\,r = (p + q)\,r$，两次乘法变成一次。处处都这样做，就是反向扫描：每个结点只保存一个数，
# 即**从它到输出**的所有路径之和。从输出处的 1 开始往回走，每条边只经过一次。

# %%
graph, names, out = layered([4, 4, 4, 4, 4, 4])
for way in (sum_over_paths, reverse_sweep, forward_sweep):
    gradients, multiplications, visits = way(graph, names, out)
    print(
        f"{way.__name__:>15}: d/d{names[0]} = {gradients[names[0]]:.6f},"
        f" {multiplications} multiplications, {visits} edges passed"
    )

# %% [markdown]
# ## 前向与反向
#
# 公因子也可以从另一头提取（上面最后一行就是这样，对四个输入各扫描了一遍）：从**某一个输入**处的 1
# 开始，每个结点保存从这个输入到它的所有路径之和。一遍前向扫描求出一切量对一个输入的导数；
# 一遍反向扫描求出一个输出对一切量的导数。所以要看个数：
#
# - 输入多、输出一个（损失函数依赖于所有权重）：反向扫描一遍；
# - 输入一个、输出多（曲线上的点在各个坐标方向的速度）：前向扫描一遍。
#
# 在 tushuo 里，`grad` 做反向扫描，`jvp` 做前向扫描。下面是一个在 1000 维空间里沿曲线运动的点，
# 和一个依赖于 1000 个数的损失函数。

# %%
rates = np.linspace(0.1, 2.0, 1000)


def curve(t):
    return tushuo.sin(rates * t)


def loss(v):
    return tushuo.sum(v * v) / 2


position, speed = tushuo.jvp(curve, (0.7,), (1.0,))
print(
    "one forward sweep, all speeds right:", np.allclose(speed.numpy(), rates * np.cos(rates * 0.7))
)
point = np.sin(rates)
print("one reverse sweep, all slopes right:", np.allclose(tushuo.grad(loss)(point).numpy(), point))

# %% [markdown]
# 没有白吃的午餐：斜率依赖于前向计算的值，所以反向扫描要用到它们，在扫描经过之前必须一直留在内存里。
# 前向扫描则可以随算随忘。
#
# 两者还可以叠加。梯度沿方向 $v$ 的导数，就是对反向扫描再做一遍前向扫描：
# 它给出二阶导数矩阵（海森矩阵）与 $v$ 的乘积，而不必造出这个矩阵。


# %%
def bowl(v):
    return tushuo.sum(v**4)


at, along = np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.0, -1.0])
_, bent = tushuo.jvp(tushuo.grad(bowl), (at,), (along,))
print("second derivatives times v:", bent.numpy(), "by hand:", 12 * at**2 * along)

# %% [markdown]
# ## 练习
#
# **1. `slopes`** 在纸上算：$e = (a + b)(b + 1)$ 在 $a = 3$、$b = -2$ 处对 $a$ 和 $b$ 的导数，
# 用路径之和求。

# %%
slopes = {"a": ..., "b": ...}

# %% [markdown]
# **2. `ways`** 数出两个结点之间有多少条路径，但不要一条一条地走，因为可能有几百万条。`edges` 是
# `(起点, 终点, 斜率)` 的列表；进入一个结点的边总排在离开它的边之前。


# %%
def ways(edges, source, target):
    return ...


# %% [markdown]
# **3. `sweep`** 写出反向扫描：返回一个字典，给出 `output` 对 `inputs`
# 中每个输入的导数（没有路径相通时为 0）。边的次序同上。


# %%
def sweep(edges, inputs, output):
    return ...


# %% [markdown]
# **4. `sweeps`** 一个函数输入 3 个数，输出 1000 个数。求整个雅可比矩阵，前向和反向各要扫描多少遍？

# %%
sweeps = {"forward": ..., "reverse": ...}

# %%
check("lesson-07", slopes=slopes, ways=ways, sweep=sweep, sweeps=sweeps)
