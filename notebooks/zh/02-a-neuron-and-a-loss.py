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
# # 02 神经元、损失函数，以及为什么不用错误率
#
# 神经网络由同一种简单的零件反复拼成。这一课先造出这个零件，让它解决一个小问题，再看清一件事：
# 人人关心的是错了几个，为什么学习时用的却是一个没人关心的损失函数。
#
# **学完本课，你能够**手算一个神经元，写出 sigmoid 的导数，数清一个网络的参数，
# 并说明损失函数必须具备而错误率没有的是什么。
#
# **原文：** 第二部分 2.1、2.2.1（线性模型）和 2.2.2 节。

# %%
import numpy as np

import tushuo
from tushuo.draw import draw
from tushuo.errors import TushuoError
from tushuo.lessons import check, language, plot, show
from tushuo.models.network import Network

language("zh")

# %% [markdown]
# ## 一个神经元
#
# 神经元把输入加权求和，再加上偏置 $w_0$，最后用激活函数把这个和弯一下：
# $$z = w_0 + w_1 x_1 + w_2 x_2 + \dots, \qquad a = \sigma(z) = \frac{1}{1 + e^{-z}}$$
# 权重表示神经元看重什么，偏置表示它有多容易被激活。下图画出一次计算：边的上方绿色是数值，
# 下方红色是输出随它变化的快慢。（方框里的紫色小字是这一个运算自己的斜率，第 07 课会用到。）


# %%
def neuron(w0, w1, w2, x1, x2):
    return tushuo.sigmoid(w0 + w1 * x1 + w2 * x2)


show(draw(neuron)(-1.0, 2.0, 1.0, 0.5, -1.0))

# %% [markdown]
# ## Sigmoid 和它的斜率
#
# 最早的人工神经元（感知机）是跳变的：阈值以下为 0，以上为 1。Sigmoid 就是把这个台阶磨平。
# 它的导数值得记住：
# $$\sigma'(z) = \sigma(z)\,(1 - \sigma(z))$$
# 推导如下：写成 $\sigma = (1 + e^{-z})^{-1}$，由链式法则得
# $$\sigma'(z) = \frac{e^{-z}}{(1 + e^{-z})^2} = \frac{1}{1 + e^{-z}} \cdot \frac{e^{-z}}{1 + e^{-z}},$$
# 最后一个分式正是 $1 - \sigma(z)$。求斜率只需要输出本身，而输出反正已经算出来了。斜率在正中最大，等于
# 1/4，向两边逐渐消失。

# %%
z = np.linspace(-6, 6, 121)
a = tushuo.sigmoid(z).numpy()
slope = tushuo.grad(lambda v: tushuo.sum(tushuo.sigmoid(v)))(z).numpy()
print("largest difference from a (1 - a):", np.abs(slope - a * (1 - a)).max())
curves = {"sigmoid": a, "its slope": slope, "step": np.where(z > 0, 1.0, 0.0)}
show(plot(z, curves, "activations", "z", "a"))

# %% [markdown]
# 台阶函数除了 0 点以外斜率都是 0，在 0 点它跳变，没有导数。（原文说那里的导数是无穷大；
# 其实妨碍学习的是其余各处的 0：稍微改变权重，什么也不会变。）
#
# ## 分层
#
# 许多神经元并排成一层，许多层首尾相接就是网络。以 784 个像素、15 个隐藏神经元、10 个输出为例，
# 每个神经元对前一层的每个神经元各有一个权重，外加一个偏置。

# %%
network = Network([784, 15, 10], rng=0)
for w, b in zip(network.weights, network.biases, strict=True):
    print("weights", w.shape, "biases", b.shape)
print(sum(p.size for p in (*network.weights, *network.biases)), "parameters in all")

# %% [markdown]
# ## 从十个数到一个答案
#
# 哪个输出最大，答案就是哪个。如果想把输出看成总和为 1 的份额，就用 softmax 变换一下；
# 谁最大并不会改变。

# %%
outputs = np.arange(10.0, 20.0)
shares = tushuo.softmax(outputs, axis=-1).numpy()
print(
    "answer:",
    outputs.argmax(),
    "and with softmax:",
    shares.argmax(),
    "sum:",
    shares.sum().round(12),
)

# %% [markdown]
# ## 为什么不直接让错误最少？
#
# 下面是两类共六十个点，要用一个神经元把它们分开。我们只转动一个旋钮 $w_0$，观察两种衡量“错得多厉害”
# 的量：错误率，以及均方误差（MSE）
# $$C = \frac{1}{2n} \sum_x (a(x) - y(x))^2$$
# 其中 $a$ 是神经元的输出，$y$ 是应有的输出。（原文这一节里两个字母的用法正好相反，
# 后面几节则与这里相同。）

# %%
rng = np.random.default_rng(1)
y = np.repeat([0.0, 1.0], 30)
x = rng.standard_normal((60, 2)) + np.where(y[:, None] > 0, [1.5, 1.0], [-0.5, -0.5])


def output(w):
    return tushuo.sigmoid(w[0] + x @ w[1:])


def mse(w):
    return tushuo.mean((output(w) - y) ** 2) * 0.5


def error_rate(w):
    wrong = (output(w) > 0.5) != (y > 0.5)
    return tushuo.mean(tushuo.where(wrong, 1.0, 0.0))


knob = np.linspace(-6, 4, 201)
sweep = {f.__name__: [f(np.array([w0, 1.0, 1.0])).item() for w0 in knob] for f in (error_rate, mse)}
show(plot(knob, sweep, "two measures of being wrong", "w0"))

# %% [markdown]
# 错误率是一级级台阶：平的，某个点换边时才跳一下。所以它的梯度是零，说不出该往哪走。
# 平方误差则对每一点微小的转动都有反应。让引擎把两个梯度都算出来：

# %%
start = np.array([-3.0, 0.2, -1.0])
try:
    print("error rate:", tushuo.grad(error_rate)(start))
except TushuoError as error:
    print("error rate:", error)
print("MSE:       ", tushuo.grad(mse)(start))

# %% [markdown]
# ## 学起来
#
# 逆着梯度走一小步，走很多次。神经元从来没看过错误率，可错误率还是降下来了。

# %%
w = start
for step in range(401):
    if step % 100 == 0:
        print(f"step {step:3}: MSE {mse(w).item():.4f}, mistakes {error_rate(w).item():.0%}")
    w = w - 2.0 * tushuo.grad(mse)(w).numpy()

# %% [markdown]
# ## 大体一致，但不总是
#
# MSE 为 0 时一个错也没有。但在途中两者可能意见不一：一个错得离谱的答案，
# 代价可能超过两个只差一点的答案。下面三个目标都是 1，输出大于二分之一算对。

# %%
for outputs in ([0.9, 0.9, 0.0], [0.4, 0.4, 0.9]):
    a = np.array(outputs)
    print(a, "mistakes:", (a <= 0.5).sum(), "MSE:", round(((a - 1) ** 2).mean() / 2, 4))

# %% [markdown]
# ## 练习
#
# 把每个 `...` 换成你的答案，再运行它下面的单元格来检查；每答错一次，提示就更明白一些。
# 也可以写在文件里：`tushuo check lesson-02 --start` 生成文件，`tushuo check lesson-02` 检查答案。

# %% [markdown]
# **1. `activation`** Sigmoid 神经元对输入 x（NumPy 数组）的输出。w[0] 是偏置，w[1:] 是权重。


# %%
def activation(w, x):
    return ...


# %%
check("lesson-02", activation=activation)

# %% [markdown]
# **2. `sigmoid_slope`** Sigmoid 取值为 a 处的斜率，只用 a 来算。


# %%
def sigmoid_slope(a):
    return ...


# %%
check("lesson-02", sigmoid_slope=sigmoid_slope)

# %% [markdown]
# **3. `parameters`** 各层大小为 sizes 的全连接网络共有多少权重和偏置？例如 [784, 15, 10] 时是 11935。


# %%
def parameters(sizes):
    return ...


# %%
check("lesson-02", parameters=parameters)

# %% [markdown]
# **4. `rivals`** 两个列表，各五个 0 到 1 之间的输出，目标都是 1，大于二分之一算对。第一个错一个，
# 第二个错四个，但第二个的 MSE 更小。

# %%
rivals = {"first": ..., "second": ...}

# %%
check("lesson-02", rivals=rivals)
