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
# # 06 求导的四种方法
#
# **学完本课，你能够**用四种方法求出同一个斜率：手工推导、差分、让机器推导公式、沿计算图求导；
# 并说出每种方法的代价和精度。
#
# **原文：** 第二部分 2.2.3 节“求梯度有如下 4 种方法”，1 至 4。

# %%
import numpy as np

import tushuo
from tushuo.gradients import (
    central,
    compare_gradients,
    differentiate,
    forward_mode,
    latex,
    parse,
    reverse_mode,
    step_size_errors,
)
from tushuo.gradients.symbolic import growth
from tushuo.lessons import check, language, plot, show

language("zh")

# %% [markdown]
# ## 手工推导
#
# $x^2$ 的导数是 $2x$，所以在 $x = 1.5$ 处斜率为 3：公式只需推一次，处处精确。
# 但这也是最容易出错的方法。本课用一个容易笔误的函数作例子：
#
# $$f(x, y) = \frac{x\,y + \sin x}{1 + y^2},$$
#
# 先像在纸上那样写出它的梯度。

# %%
formula = "(x*y + sin(x)) / (1 + y**2)"
here = np.array([1.5, -0.5])


def f(v):
    x, y = v[0], v[1]
    return (x * y + tushuo.sin(x)) / (1 + y**2)


def by_hand(v):
    x, y = v
    below = 1 + y**2
    above = x * y + np.sin(x)
    return np.array([(y + np.cos(x)) / below, x / below - above * 2 * y / below**2])


print("by hand:", by_hand(here))

# %% [markdown]
# ## 差分
#
# 导数是 $(f(x + h) - f(x)) / h$ 的极限。计算机取不了极限，但可以取一个很小的 $h$。
# 如果向两侧各看一步，用 $(f(x + h) - f(x - h)) / 2h$，最大的一项误差就抵消了：误差随 $h^2$ 而不是随
# $h$ 下降。
#
# $h$ 该取多小？都试一遍就知道。图的右端步长太大，曲线弯离了弦；左端 $f(x + h)$ 与 $f(x - h)$ 的 16
# 位数字几乎完全相同，相减之后只剩舍入误差。最好的步长在中间，而且即使在那里也要损失几位有效数字。

# %%
errors = step_size_errors(f, here, exact=by_hand(here))
show(errors.chart())
for way in errors.errors:
    step, error = errors.best(way)
    print(f"{way:>12}: best step {step:.0e}, error {error:.0e}")

# %% [markdown]
# 第三条曲线不做减法：沿虚轴走一步 $ih$，$f(x + ih)$ 的虚部等于 $h f'(x)$，误差只有 $h^3$ 量级。
# 没有相减，$h$ 就可以小到 $10^{-20}$。前提是 $f$ 能接受复数，并且没有 `max`、`abs` 这样的折点。
#
# ## 符号求导
#
# 程序也能像你一样运用求导法则：和的法则、积的法则、链式法则。输入一个表达式，输出的也是一个表达式。
# 原文关心机器会不会化简：$x^2 + 2xy + y^2$ 求导得 $2x + 2y$，而 $2(x + y)$ 少一次乘法。看最后一行。

# %%
e = parse(formula)
for name in "xy":
    slope = differentiate(e, name)
    print(f"df/d{name} =", slope)
    print("   in LaTeX:", latex(slope))
print("the article's example:", differentiate(parse("x**2 + 2*x*y + y**2"), "x"))

# %% [markdown]
# 函数一层套一层时，代价就显出来了，而神经网络正是一层套一层。下面把 $4x(1-x)$ 反复代入它自己。
# 把导数完整写出来，组成它的片段会一再重复，数量爆炸式增长；而**图**把每个片段只存一份，
# 每套一层只增加同样多的结点。“符号”求导与“自动”求导的真正分界就在这里。（并不像原文所说在 Theano
# 与 TensorFlow 之间：两者都是在计算图上接出一张求梯度的图。）

# %%
sizes = growth.composition_growth("4*x*(1 - x)", "x", times=7)
pieces = {
    "written out": [s.raw for s in sizes],
    "simplified": [s.simplified for s in sizes],
    "shared in a graph": [s.shared for s in sizes],
}
times = [s.step for s in sizes]
show(plot(times, pieces, "Pieces of the derivative", "times nested", "pieces", log="y"))

# %% [markdown]
# ## 自动求导
#
# 第四种方法从不写出整个公式。它运行一遍 `f`，记下每个运算，再对**具体的数**逐个运算地应用链式法则：
# 前向模式一次沿一个方向；反向模式从结果出发，一次得到对所有输入的导数（见第 07 课）。
# 两者都只有舍入误差。

# %%
print("forward:", forward_mode(f, here))
print("reverse:", reverse_mode(f, here))
print("central:", central(f, here))

# %% [markdown]
# ## 放在一起比较
#
# 下面一次调用就会运行所有适用的方法。看各列：哪些是精确的？函数各被计算了多少次？

# %%
show(compare_gradients(f, here, analytic=by_hand, expression=formula, symbols=["x", "y"]))

# %% [markdown]
# 只有两个输入时，差别不大。而神经网络有成千上万个输入：看计算次数怎样随 n 增长。
# 只有反向模式始终是一次，这就是训练网络要用它的原因。

# %%
counts = {"central": [], "forward mode": [], "reverse mode": []}
inputs = [2, 8, 32, 128]
for n in inputs:
    table = compare_gradients(lambda v: tushuo.sum(tushuo.sin(v) * v), np.linspace(0, 1, n))
    for way, values in counts.items():
        values.append(table[way].evaluations)
show(plot(inputs, counts, "Evaluations for a whole gradient", "inputs n", "", log="xy"))

# %% [markdown]
# ## 怎样检查梯度
#
# 数值差分又慢又不精确，但它对你的公式一无所知，所以适合当裁判。下面的第二个分量丢了一个负号。
# 不要拿差值去和一个固定的数比：0.001 与 1000 相比微不足道，与 0.0001 相比却是天壤之别。
# 要看**相对**误差 $|a - b| / \max(|a|, |b|)$；梯度正确时，它在这里远小于 $10^{-9}$。


# %%
def slipped(v):
    right = by_hand(v)
    return np.array([right[0], -right[1]])


judge = central(f, here)
for name, found in (("right", by_hand(here)), ("slipped", slipped(here))):
    error = np.abs(found - judge) / np.maximum(np.abs(found), np.abs(judge))
    print(f"{name:>8}: relative errors {error[0]:.0e} and {error[1]:.0e}")

# %% [markdown]
# ## 练习
#
# 用你的答案替换 `...`，再运行该单元格。答错会得到一条提示，再错一次，提示会更明白。
# （也可以在终端里做：先 `tushuo check lesson-06 --start`，再 `tushuo check lesson-06`。）
#
# **1. `slope`** 手工求导：写出 $f(x) = x\,e^{-x^2}$ 的导数，作为一个数的函数。


# %%
def slope(x):
    return ...


# %% [markdown]
# **2. `two_sided`** 数值求导：一元函数 `f` 在 `x` 处、步长为 `h` 的中心差分。


# %%
def two_sided(f, x, h):
    return ...


# %% [markdown]
# **3. `best_step`** 选一个步长 $h$，使 $e^x$ 在 $x = 1$ 处的中心差分有 10 位有效数字正确。

# %%
best_step = ...

# %% [markdown]
# **4. `evaluations`** 对一个有 1000 个自变量的函数求完整的梯度，中心差分、前向模式、
# 反向模式各需要计算函数多少次？（沿一个方向做一遍前向算一次。）

# %%
evaluations = {"central": ..., "forward": ..., "reverse": ...}

# %%
check("lesson-06", slope=slope, two_sided=two_sided, best_step=best_step, evaluations=evaluations)
