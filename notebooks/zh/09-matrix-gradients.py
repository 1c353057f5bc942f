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
# # 09 矩阵的梯度
#
# **学完本课，你能够**推导矩阵乘积的梯度，并单凭形状把它再找出来；说清矩阵对矩阵的导数是什么，
# 以及为什么没有人真的去造它。
#
# **原文：** 第五部分“梯度的矩阵运算”；最后这个问题原文没有回答。

# %%
import numpy as np

import tushuo
from tushuo.draw import draw
from tushuo.gradients import central
from tushuo.gradients.matrices import (
    contract,
    kronecker_jacobian,
    matmul_backward,
    matmul_jacobians,
)
from tushuo.lessons import check, images, language, plot, show

language("zh")

# %% [markdown]
# ## 数对矩阵的导数
#
# 设损失 $L$ 是一个依赖于矩阵 $W$ 的数。它对 $W$ 的每个元素都有一个斜率，我们把这些斜率按 $W$
# 的形状排好。所以**梯度与它所属的量形状相同**。这只是一种排列上的约定，但有了它，$W - \eta\,dW$
# 这一步才写得出来。
#
# 本课的例子是一层 3 个神经元，作用于 2 个样本，每个样本 4 个数，占一列：$D = W X$，$W$ 的形状是
# $(3, 4)$，$X$ 的形状是 $(4, 2)$。

# %%
rng = np.random.default_rng(0)
W, X = rng.normal(size=(3, 4)), rng.normal(size=(4, 2))


def loss(W, X):
    D = W @ X
    return tushuo.sum(D * D) / 2


show(draw(loss)(W, X))

# %% [markdown]
# ## 逐元素推导
#
# 乘积的元素是 $D_{kl} = \sum_s W_{ks} X_{sl}$。在里面找 $W_{ij}$：只有 $k = i$ 时才有，系数是
# $X_{jl}$：
#
# $$\frac{\partial D_{kl}}{\partial W_{ij}} = \begin{cases} X_{jl} & k = i \\ 0 & \text{其他情形。}\end{cases}$$
#
# $W_{ij}$ 通过所有的 $D_{kl}$ 影响损失，各条路径相加（第 07 课）。用 $dD$ 表示损失对 $D$ 的梯度：
#
# $$dW_{ij} = \sum_{k,l} dD_{kl} \frac{\partial D_{kl}}{\partial W_{ij}} = \sum_l dD_{il} X_{jl},
# \quad\text{即}\quad dW = dD\,X^T.$$
#
# 对 $X$ 同样推导，得到 $dX = W^T dD$。本例的损失满足 $dD = D$，正好便于检验。

# %%
D = W @ X
dW, dX = matmul_backward(W, X, D)
numeric = central(lambda w: np.sum((w @ X) ** 2) / 2, W)
print("shapes:", dW.shape, dX.shape)
print("largest difference from numeric:", f"{np.abs(dW - numeric).max():.1e}")

# %% [markdown]
# ## 单凭形状
#
# 不必死记哪个因子要转置。$dW$ 是 $(3, 4)$，$dD$ 是 $(3, 2)$，$X$ 是 $(4, 2)$：由后两者得到前者，只有
# $dD\,X^T$ 这一种乘法。前提是各个尺寸互不相同，所以试验时要取不一样的尺寸。如果都是方阵，
# 怎么乘都乘得通，错了也没有任何警告。
#
# ## 矩阵对矩阵的导数
#
# 那么 $D$ 对 $W$ 的导数**到底**是什么？每一对元素有一个数，所以它是一个有四个轴的数组：$D$ 的
# $(3, 2)$ 加上 $W$ 的 $(3, 4)$。也可以排成一个矩阵，$D$ 的每个元素占一行，$W$ 的每个元素占一列，
# 这就是雅可比矩阵。下图中黑白深浅是其中的数，中灰色是 0。

# %%
full, _ = matmul_jacobians(W, X)
jacobian = kronecker_jacobian(W, X)
print("four axes:", full.shape, " as a matrix:", jacobian.shape)
print("the engine agrees:", np.allclose(tushuo.jacobian(tushuo.matmul)(W, X).numpy(), full))
shade = np.abs(jacobian).max()
levels = np.uint8(127.5 + 127.5 * jacobian / shade)
show(images([levels], size=360))

# %% [markdown]
# 每条斜纹都是 $X$ 的同一个元素，重复三次：它是 $X^T$ 与单位矩阵的克罗内克积。原文留下的问题，
# 用一句话回答：导数是一个**线性映射**，它把 $W$ 的微小变化 $V$ 变成 $D$ 的变化 $V X$。
# 图中的数只是记下这个映射的一种方式，而且是很浪费的一种。
#
# 把四个轴与 $dD$ 相乘并求和，剩下的就是梯度。反向扫描直接得到它，用不着那四个轴。因此 tushuo
# 的每个运算都只有“与雅可比矩阵**相乘**”的规则，而没有求雅可比矩阵本身的规则。

# %%
print("contracted = dD X^T:", np.allclose(contract(D, full), D @ X.T))
V = 1e-6 * rng.normal(size=W.shape)
print("W + V moves D by V X:", np.allclose((W + V) @ X - D, V @ X))

# %% [markdown]
# 有多浪费？设一层有 n 个神经元、n 个输入，一批 10 个样本，用 float64，需要的字节数是：

# %%
n = np.array([10, 30, 100, 300, 1000, 3000])
bytes_of = {"the gradient dW": 8.0 * n * n, "the full Jacobian": 8.0 * (10 * n) * (n * n)}
show(plot(n, bytes_of, "Memory", "neurons n", "bytes", log="xy"))

# %% [markdown]
# ## 共用的量，梯度相加
#
# 多数代码里一行是一个样本，一层写成 $Y = X W + b$，所有行共用一个 $b$。一个量用了几次，
# 就收到几份梯度，要加起来：$db$ 是各行之和。这就是第 08 课的 `+=`。凡是小数组经广播去配合大数组，
# 都适用这条规则。

# %%
rows, weights, b = rng.normal(size=(5, 4)), rng.normal(size=(4, 3)), np.zeros(3)
dY = rng.normal(size=(5, 3))
_, back = tushuo.vjp(lambda x, w, b: x @ w + b, rows, weights, b)
print("db is the sum over rows:", np.allclose(back(dY)[2].numpy(), dY.sum(axis=0)))

# %% [markdown]
# ## 一个不稀疏的雅可比矩阵
#
# softmax 的每个输出都依赖于每个输入：$\partial p_i / \partial x_j = p_i(\delta_{ij} - p_j)$。
# 即便如此，它与一个向量的乘积也并不比 softmax 本身更费时间（练习 4）。

# %%
x = np.linspace(-2, 2, 12)
J = tushuo.jacobian(tushuo.softmax)(x).numpy()
show(images([J], ["softmax"], size=240))
print("each column sums to 0:", np.allclose(J.sum(axis=0), 0))

# %% [markdown]
# ## 练习
#
# **1. `layer`** 一层 $Y = X W + b$ 的梯度，每行一个样本：`X` (N, D)，`W` (D, M)，`b` (M,)，`dY` (N,
# M)。返回 `dX, dW, db`。


# %%
def layer(dY, X, W):
    return ...


# %% [markdown]
# **2. `sizes`** $W$ 是 (30, 784)，$X$ 是 (784, 10)。$W X$ 对 $W$ 的完整导数有多少个数？
# 其中多少个可以不为 0？

# %%
sizes = {"numbers": ..., "not_zero": ...}

# %% [markdown]
# **3. `quadratic`** 数 $x^T A\,x$ 对向量 $x$ 的梯度；$A$ 是任意方阵。


# %%
def quadratic(A, x):
    return ...


# %% [markdown]
# **4. `softmax_back`** 不造雅可比矩阵，反向通过 softmax：已知 $p = softmax(x)$ 和梯度 $dp$，形状都是
# (N,)，返回 $dx$。N 可以是一千万。


# %%
def softmax_back(p, dp):
    return ...


# %%
check("lesson-09", layer=layer, sizes=sizes, quadratic=quadratic, softmax_back=softmax_back)
