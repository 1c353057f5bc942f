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
# # 09 Matrix gradients
#
# **You will be able to** derive the gradients of a matrix product, find them again from shapes
# alone, say what the derivative of a matrix by a matrix is, and why nobody builds it.
#
# **In the article:** part V, "matrix operations for gradients"; it leaves the last question open.

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

language("en")

# %% [markdown]
# ## A number by a matrix
#
# Let a loss $L$ be one number that depends on a matrix $W$. It has a slope by each element of $W$, and
# we write these slopes down in the shape of $W$. So **a gradient has the shape of what it belongs to**.
# This is a convention of layout, no more, but it makes the step $W - \eta\,dW$ possible.
#
# Our example is a layer of 3 neurons on 2 examples of 4 numbers each, one example a column:
# $D = W X$ with $W$ of shape $(3, 4)$ and $X$ of shape $(4, 2)$.

# %%
rng = np.random.default_rng(0)
W, X = rng.normal(size=(3, 4)), rng.normal(size=(4, 2))


def loss(W, X):
    D = W @ X
    return tushuo.sum(D * D) / 2


show(draw(loss)(W, X))

# %% [markdown]
# ## The derivation, element by element
#
# An element of the product is $D_{kl} = \sum_s W_{ks} X_{sl}$. Look for $W_{ij}$ in it. It occurs if
# $k = i$ only, and then its factor is $X_{jl}$:
#
# $$\frac{\partial D_{kl}}{\partial W_{ij}} = \begin{cases} X_{jl} & k = i \\ 0 & \text{otherwise.}\end{cases}$$
#
# $W_{ij}$ reaches the loss by way of all $D_{kl}$. Paths add up (lesson 07); write $dD$ for the
# gradient of the loss by $D$:
#
# $$dW_{ij} = \sum_{k,l} dD_{kl} \frac{\partial D_{kl}}{\partial W_{ij}} = \sum_l dD_{il} X_{jl},
# \quad\text{that is}\quad dW = dD\,X^T.$$
#
# The same for $X$ gives $dX = W^T dD$. For our loss $dD = D$, which makes it easy to check.

# %%
D = W @ X
dW, dX = matmul_backward(W, X, D)
numeric = central(lambda w: np.sum((w @ X) ** 2) / 2, W)
print("shapes:", dW.shape, dX.shape)
print("largest difference from numeric:", f"{np.abs(dW - numeric).max():.1e}")

# %% [markdown]
# ## From shapes alone
#
# You need not remember which factor is transposed. $dW$ is $(3, 4)$, $dD$ is $(3, 2)$ and $X$ is
# $(4, 2)$. There is one way to get the first from the other two: $dD\,X^T$. This works as long as all
# sizes differ, so take odd sizes when you try. With square matrices everything fits and nothing warns
# you.
#
# ## A matrix by a matrix
#
# What then *is* the derivative of $D$ by $W$? It has a number for each pair of elements, so it is an
# array with four axes: $(3, 2)$ for $D$ and $(3, 4)$ for $W$. Laid out as a matrix, a row for each
# element of $D$ and a column for each of $W$, it is the Jacobian. White and black are its numbers, grey
# is 0.

# %%
full, _ = matmul_jacobians(W, X)
jacobian = kronecker_jacobian(W, X)
print("four axes:", full.shape, " as a matrix:", jacobian.shape)
print("the engine agrees:", np.allclose(tushuo.jacobian(tushuo.matmul)(W, X).numpy(), full))
shade = np.abs(jacobian).max()
levels = np.uint8(127.5 + 127.5 * jacobian / shade)
show(images([levels], size=360))

# %% [markdown]
# Each diagonal stripe is one element of $X$, three times: it is the Kronecker product of $X^T$ with
# the identity. The answer to the open question, in words: the derivative is a *linear map*, the one
# that takes a small change $V$ of $W$ to the change $V X$ of $D$. The numbers in the picture are one
# way to write that map down, and a wasteful one.
#
# The gradient is what remains if the four axes are summed against $dD$. A reverse sweep gets there
# without the four axes; this is why every operation in tushuo has a rule for *products with* its
# Jacobian, and none for the Jacobian.

# %%
print("contracted = dD X^T:", np.allclose(contract(D, full), D @ X.T))
V = 1e-6 * rng.normal(size=W.shape)
print("W + V moves D by V X:", np.allclose((W + V) @ X - D, V @ X))

# %% [markdown]
# How wasteful? Layers of n neurons with n inputs, and a batch of 10 examples, in bytes of float64:

# %%
n = np.array([10, 30, 100, 300, 1000, 3000])
bytes_of = {"the gradient dW": 8.0 * n * n, "the full Jacobian": 8.0 * (10 * n) * (n * n)}
show(plot(n, bytes_of, "Memory", "neurons n", "bytes", log="xy"))

# %% [markdown]
# ## What is shared adds up
#
# In most code an example is a row, and a layer is $Y = X W + b$ with one $b$ for all rows. What is used
# several times gets several gradients, and they are added: $db$ is the sum over the rows. The rule is
# the `+=` of lesson 08. It holds wherever a small array is stretched to fit a large one.

# %%
rows, weights, b = rng.normal(size=(5, 4)), rng.normal(size=(4, 3)), np.zeros(3)
dY = rng.normal(size=(5, 3))
_, back = tushuo.vjp(lambda x, w, b: x @ w + b, rows, weights, b)
print("db is the sum over rows:", np.allclose(back(dY)[2].numpy(), dY.sum(axis=0)))

# %% [markdown]
# ## A Jacobian that is not sparse
#
# In a softmax every output depends on every input: $\partial p_i / \partial x_j = p_i(\delta_{ij} - p_j)$.
# Still its product with a vector costs no more than the softmax itself (exercise 4).

# %%
x = np.linspace(-2, 2, 12)
J = tushuo.jacobian(tushuo.softmax)(x).numpy()
show(images([J], ["softmax"], size=240))
print("each column sums to 0:", np.allclose(J.sum(axis=0), 0))

# %% [markdown]
# ## Exercises
#
# **1. `layer`** The gradients of a layer $Y = X W + b$ with examples in rows: `X` (N, D), `W` (D, M),
# `b` (M,), `dY` (N, M). Return `dX, dW, db`.


# %%
def layer(dY, X, W):
    return ...


# %% [markdown]
# **2. `sizes`** $W$ is (30, 784), $X$ is (784, 10). How many numbers has the full derivative of
# $W X$ by $W$, and how many of them can be other than 0?

# %%
sizes = {"numbers": ..., "not_zero": ...}

# %% [markdown]
# **3. `quadratic`** The gradient of the number $x^T A\,x$ by the vector $x$, for any square $A$.


# %%
def quadratic(A, x):
    return ...


# %% [markdown]
# **4. `softmax_back`** Backwards through a softmax without its Jacobian: given $p = softmax(x)$ and the
# gradient $dp$, both (N,), return $dx$. N can be 10 million.


# %%
def softmax_back(p, dp):
    return ...


# %%
check("lesson-09", layer=layer, sizes=sizes, quadratic=quadratic, softmax_back=softmax_back)
