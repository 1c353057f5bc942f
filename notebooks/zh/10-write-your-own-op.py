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
# # 10 编写自己的运算
#
# **学完本课，你能够**给引擎添加一个它没有的运算：说明它计算什么、梯度如何穿过它（有四种写法可选）；
# 让引擎检查你写的规则；还能对一个没有公式、只能靠迭代求出的量求导。
#
# **原文：** 第三部分 2.2.5 (4)：框架自带许多运算（op），缺了哪个就自己写；一个 op
# 最核心的接口是两个：求 `f(x)`，以及求 `f` 在某点 `x0` 的梯度。

# %%
from dataclasses import dataclass

import numpy as np

import tushuo
from tushuo import check_grads
from tushuo.draw import draw
from tushuo.errors import TushuoError
from tushuo.graph.op import Bilinear, Elementwise, Linear, Op, Spec
from tushuo.lessons import check, language, plot, show

language("zh")

# %% [markdown]
# ## 原文说的两个函数
#
# `forward` 就是 `f(x)`。`vjp` 回答反向传播向每个结点提出的问题：“你的输出每变化一个单位，损失变化
# `g`；那么你的输入每变化一个单位，损失变化多少？”这个名字是“向量与雅可比矩阵之积”的缩写。
# 注意它**不**要求什么：没有人索要完整的导数矩阵，要的只是它与 `g` 的乘积。


# %%
class Cube(Op):
    def forward(self, xp, x):
        return x * x * x

    def vjp(self, g, out, x):
        return (g * 3 * x * x,)


cube = Cube()
print("value", float(cube(2.0)), " slope", float(tushuo.grad(cube)(2.0)))
show(draw(lambda x, y: cube(x * y) + y)(2.0, 0.5))

# %% [markdown]
# 图中新结点与其他结点并排，绿色是值，红色是梯度。`xp` 是操作数所用的数组库（这里是 NumPy），
# 因此同一个运算也能在 GPU 上运行。
#
# 规则是用 Tensor 运算写的，所以它本身也能被求导：二阶导数不必另写。没有写的部分，引擎不会去猜：

# %%
print("second derivative", float(tushuo.grad(tushuo.grad(cube))(2.0)))
try:
    tushuo.jvp(cube, (2.0,), (1.0,))
except TushuoError as error:
    print(type(error).__name__, "-", error)

# %% [markdown]
# ## 规则要检查
#
# 规则写错了程序不会崩溃：网络照样训练，只是效果差，你可能要找上几个星期。`check_grads`
# 沿随机方向把规则与数值差分相比较。下面的规则漏了一个因子 `x`：


# %%
class Forgetful(Cube):
    def vjp(self, g, out, x):
        return (g * 3 * x,)


points = np.array([0.5, 2.0, -1.0])
check_grads(cube, (points,), modes=("reverse",))
print("Cube passes, to second order")
try:
    check_grads(Forgetful(), (points,), modes=("reverse",))
except TushuoError as error:
    print(type(error).__name__, "-", error)

# %% [markdown]
# ## 三种基类，替你写好一半
#
# 大多数运算属于以下三类之一，每类只需一条规则，前向与反向两种模式就都有了。
#
# - **Elementwise（逐元素）**：各元素互不相干。给出 `slopes`，即“乘以局部导数”的函数。
#   它的雅可比矩阵是对角阵，而对角阵的转置就是自己。
# - **Linear（线性）**：`f(a + b) = f(a) + f(b)`。导数就是它自己，只需给出转置 `transpose`。
# - **Bilinear（双线性）**：对两个操作数分别线性，各种乘积都是如此。
#
# `infer` 不做计算就说出结果的形状：报错因此更准确，编译器也需要它。


# %%
class RunningSum(Linear):
    def infer(self, x: Spec) -> Spec:
        return x

    def forward(self, xp, x):
        return xp.cumulative_sum(x)

    def transpose(self, g, x):
        # x[i] 出现在第 i 项及之后的每个和里，所以从另一端累加梯度
        return (tushuo.flip(running_sum(tushuo.flip(g))),)


class Cross(Bilinear):
    def infer(self, a: Spec, b: Spec) -> Spec:
        return a

    def forward(self, xp, a, b):
        return xp.roll(a, -1) * xp.roll(b, -2) - xp.roll(a, -2) * xp.roll(b, -1)

    def transpose(self, g, a, b):
        return cross(b, g), cross(g, a)


@dataclass(frozen=True)
class Shift(Linear):
    by: int

    def infer(self, x: Spec) -> Spec:
        return x

    def forward(self, xp, x):
        return xp.roll(x, self.by)

    def transpose(self, g, x):
        return (Shift(-self.by)(g),)


running_sum, cross = RunningSum(), Cross()
a, b = np.array([1.0, 2.0, 3.0]), np.array([-1.0, 0.5, 2.0])
print("running sum", running_sum(a).numpy(), " cross product", cross(a, b).numpy())
for op, operands in ((running_sum, (a,)), (cross, (a, b)), (Shift(2), (a,))):
    check_grads(op, operands, order=2)
    print(f"{op.name}: forward, reverse and second derivatives agree with differences")

# %% [markdown]
# `Shift` 有一个参数，写成冻结 dataclass 的字段。操作数是 Tensor，有梯度；参数只是设置，没有梯度。
#
# 转置怎么找？它由一个等式定义：对任何 `x` 和 `g`，内积 `g · f(x)` 与 `transpose(g) · x` 是同一个数。
# 这也是一行就能写完的检验：

# %%
rng = np.random.default_rng(0)
x, g = rng.normal(size=6), rng.normal(size=6)
(back,) = running_sum.transpose(tushuo.asarray(g), tushuo.asarray(x))
print(g @ running_sum(x).numpy(), back.numpy() @ x)

# %% [markdown]
# ## 没有公式的值：开普勒方程
#
# 原文第二部分提到开普勒：他从数据中“归纳”出模型。行星在时刻 `M`（一周为 2π）所处的角度 `E` 满足
# `E - e sin(E) = M`。`E` 没有公式，要用牛顿法求。那么梯度也得穿过所有迭代步吗？不必。不管 `E`
# 是怎么求出来的，方程都成立，两边一起变化：
#
# `dE - sin(E) de - e cos(E) dE = dM`，于是 `dE/dM = 1 / (1 - e cos E)`，
# `dE/de = sin(E) / (1 - e cos E)`。
#
# 这就是隐函数定理。它只用到**结果**，而规则正好通过 `out` 得到结果。


# %%
class Kepler(Elementwise):
    def forward(self, xp, mean, e):
        angle = mean + e * xp.sin(mean)
        for _ in range(20):
            angle = angle - (angle - e * xp.sin(angle) - mean) / (1 - e * xp.cos(angle))
        return angle

    def slopes(self, out, mean, e):
        rate = 1 - e * tushuo.cos(out)
        return lambda t: t / rate, lambda t: t * tushuo.sin(out) / rate


kepler = Kepler()
time = np.linspace(0, 2 * np.pi, 60, endpoint=False)
check_grads(kepler, (time, 0.6), order=3)
print("right to third order, forward and reverse in every mixture")

# %% [markdown]
# 现在行星的速度可由引擎求出：沿时间做一遍前向模式即可。图中各点的时间间隔相等，点疏的地方行星走得快。


# %%
def place(mean, e=0.6):
    angle = kepler(mean, e)
    return tushuo.cos(angle) - e, np.sqrt(1 - e * e) * tushuo.sin(angle)


(x, y), (vx, vy) = tushuo.jvp(place, (time,), (np.ones_like(time),))
show(
    plot(
        x.numpy(), {"planet": y.numpy()}, "Equal times on an orbit; the sun is at (0, 0)", dots=True
    )
)
speed = np.hypot(vx.numpy(), vy.numpy())
show(plot(time, {"speed": speed}, "Speed of the planet", "time", "speed"))
swept = (x * vy - y * vx).numpy()
print("area swept per time: least", swept.min(), "most", swept.max())

# %% [markdown]
# 最后一行是开普勒第二定律：相等的时间扫过相等的面积。我们并没有把它写进去，它是从梯度规则里算出来的，
# 每一位都对。
#
# ## 练习
#
# 1. `log_cosh`：一个 Elementwise 运算的实例，计算 log(cosh(x))，即光滑版的 |x|。在 x = 1000
#    处也要正确，那里 cosh 会溢出。
# 2. `difference`：一个 Linear 运算的实例，把形状为 (n,) 的 x 变成 n - 1 个数 x[1:] - x[:-1]。
# 3. `lambert`：一个 Elementwise 运算的实例，对正数计算 Lambert W 函数：使 w * exp(w) = x 的 w。
#    用牛顿法求值，用隐函数定理求斜率。
#
# 把类写在那一行上面，替换 `...`，然后运行最后一格；或者用 `tushuo check lesson-10 --start`
# 生成答案文件。

# %%
log_cosh = ...

# %%
difference = ...

# %%
lambert = ...

# %%
check("lesson-10", log_cosh=log_cosh, difference=difference, lambert=lambert)
