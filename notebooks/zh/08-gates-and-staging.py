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
# # 08 门与分步计算
#
# **学完本课，你能够**把任何表达式拆成一个个门，手工把梯度逐门传回去，并懂得怎样选门才省力。
#
# **原文：** 第五部分，从“简单的表达式和梯度的解释”到“Staged computation 练习”。

# %%
import tushuo
from tushuo.draw import draw
from tushuo.gradients import CIRCUITS, Stages, compare_sigmoids
from tushuo.gradients.circuits import STAGING_EXERCISE
from tushuo.gradients.gates import ADD, MAX, MULTIPLY
from tushuo.lessons import check, language, plot, show

language("zh")

# %% [markdown]
# ## 门只认识自己的邻居
#
# 一个门读入几个数，产生一个数。输出随每个输入变化得多快，它自己就能算出来，这叫**局部**梯度。
# 之后它只需再知道一个数，即传到它输出处的梯度，乘一下就行。它身处怎样的电路，它从不知道。三种门，
# 三种性格：
#
# - **加法门**把梯度原样传给两个输入；
# - **乘法门**把梯度乘以**另一个**输入再传下去：它做交换；
# - **最大值门**把梯度全部送给较大的输入，另一个什么也得不到。ReLU 就是 `max(x, 0)`。

# %%
for gate in (ADD, MULTIPLY, MAX):
    x, y = 4.0, -3.0
    out = gate.forward(x, y)
    local, back = gate.local(out, x, y), gate.backward(10.0, out, x, y)
    print(f"{gate.name:>8}: forward {out:g}, local {local}, gets 10 and hands on {back}")

# %% [markdown]
# 斜率的含义：在 $x = 4$、$y = -3$ 处，乘积是 $-12$，对 $x$ 的斜率是 $-3$。把 $x$ 稍稍推大一点，
# 乘积会**减小**三倍那么多。
#
# ## 两个门
#
# $f = (x + y)\,z$，取 $(-2, 5, -4)$。和 $q = 3$。从后往前：乘法门做交换，$q$ 得到 $z = -4$，$z$ 得到
# $q = 3$；加法门把 $-4$ 原样传给 $x$ 和 $y$。和图中的红色数字对一对：反向传播就是这么回事。

# %%


def two_gates(x, y, z):
    q = x + y
    return q * z


show(draw(two_gates)(-2.0, 5.0, -4.0))

# %% [markdown]
# ## 一个神经元，以及门该有多大
#
# 有两个输入的神经元：$f = \sigma(w_0 x_0 + w_1 x_1 + w_2)$。其中的 sigmoid
# $\sigma(x) = 1 / (1 + e^{-x})$ 可以拆成四个门（乘以 $-1$、取指数、加 1、取倒数），每个都很简单。

# %%


def neuron(w0, x0, w1, x1, w2):
    return 1 / (1 + tushuo.exp(-(w0 * x0 + w1 * x1 + w2)))


show(draw(neuron)(2.0, -1.0, -3.0, -2.0, -3.0))

# %% [markdown]
# 也可以合成一个门。四个局部梯度乘起来，化简得 $\sigma'(x) = (1 - \sigma)\,\sigma$，只用到输出。
# 什么算一个门、什么算一个电路，由你决定：融合的门步骤少，要保存的值少，在 $e^{-x}$
# 溢出的地方也更准确。

# %%


def fused(w0, x0, w1, x1, w2):
    return tushuo.sigmoid(w0 * x0 + w1 * x1 + w2)


show(draw(fused)(2.0, -1.0, -3.0, -2.0, -3.0))
show(compare_sigmoids(size=100_000))

# %% [markdown]
# 把 $(1 - \sigma)\,\sigma$ 画成曲线看看：它从不超过 1/4，在 $\pm 6$ 之外几乎为零。一个“十分肯定”
# 的神经元几乎不传递梯度，不管它肯定得对不对。

# %%
xs = [i / 10 for i in range(-80, 81)]
values = tushuo.sigmoid(tushuo.asarray(xs))
curves = {"sigmoid": values.numpy(), "its slope": (values * (1 - values)).numpy()}
show(plot(xs, curves, "The sigmoid and its slope", "x"))

# %% [markdown]
# ## 分步计算
#
# 要求下面这个函数的梯度，谁也不需要写出梯度的公式：
#
# $$f(x, y) = \frac{x + \sigma(y)}{\sigma(x) + (x + y)^2}.$$
#
# 把它拆成一眼就能求导的小步，每步起个名字。然后从最后一行往回走：每一行 `u = ...` 对应一行 `d_u`，
# 即传到 `u` 处的梯度。第一次到达一个名字时赋值，**从第二次起累加**。忘了写 `+=` 是最典型的错误：
# 变量经由几条路到达结果，每条路都要算数。

# %%
stages = STAGING_EXERCISE.gates(**STAGING_EXERCISE.inputs)
stages.backward("f")
print(stages)

# %% [markdown]
# 在上面找出带 `+=` 的行：`both` 在自己的平方里用了两次，x 经三条路、y 经两条路到达结果。在图中，
# 它们就是引出好几个箭头的那些值。

# %%


def f(x, y):
    above = x + tushuo.sigmoid(y)
    below = tushuo.sigmoid(x) + (x + y) ** 2
    return above / below


show(draw(f)(3.0, -4.0))

# %% [markdown]
# ## 信任，但要核对
#
# 原文的每个电路在 tushuo 里都有三种形式：手写的程序、由门搭成的电路、由计算图自动求梯度的函数。
# `check` 会核对三者是否一致。

# %%
for circuit in CIRCUITS:
    value, gradients = circuit.check()
    shown = ", ".join(f"d/d{name} = {g:.4g}" for name, g in gradients.items())
    print(f"{circuit.expression} = {value:.4g}\n    {shown}")

# %% [markdown]
# 不写 `+=` 会丢掉什么？$x \cdot x$ 里的 $x$ 就只得到两份贡献中的一份。

# %%
s = Stages(x=3.0)
s.run("square", MULTIPLY, "x", "x")
s.backward("square")
print(s)

# %% [markdown]
# ## 练习
#
# **1. `gates`** 不用库，逐个门地算：$2\,(x\,y + \max(z, w))$ 对 $x$、$y$、$z$、$w$ 的四个导数，
# 以元组返回。


# %%
def gates(x, y, z, w):
    return ...


# %% [markdown]
# **2. `staged`** 不用库，分步计算：$\sigma(x)\,y / (x^2 + y^2)$ 对 $x$ 和 $y$ 的导数，以元组返回。


# %%
def staged(x, y):
    return ...


# %% [markdown]
# **3. `tanh_slope`** 融合的门只保存自己的输出。把 $\tanh$ 的局部梯度写成 $out = \tanh x$ 的函数；$x$
# 不会给你。


# %%
def tanh_slope(out):
    return ...


# %% [markdown]
# **4. `factor`** 线性分类器的得分是 $w\,x$。所有输入 $x$ 乘以 1000（米换成毫米）。
# 得分处的梯度不变时，对 $w$ 的梯度变为原来的多少倍？

# %%
factor = ...

# %%
check("lesson-08", gates=gates, staged=staged, tanh_slope=tanh_slope, factor=factor)
