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
# # 11 优化算法：在同一条山谷里赛跑
#
# **学完本课，你能够**说出步长最大可以取多少，为什么山谷会让普通梯度下降变慢，
# 动量法和自适应方法各自怎样应对，以及为什么不问“用在什么问题上”就无法回答“哪个优化算法最好”。
#
# **原文：** 第二部分 2.2.3：沿梯度的反方向下降；那里有一个动画，让 momentum、Adagrad 等方法赛跑。
# 这里用我们的引擎来跑：起点相同，每种方法试步长的次数也相同。

# %%
import numpy as np

import tushuo
from tushuo import nn, optim
from tushuo.data import load_mnist
from tushuo.lessons import check, language, plot, show
from tushuo.lessons.contours import contours
from tushuo.models import MLP

language("zh")

# %% [markdown]
# ## 一条山谷，和最大的步长
#
# `f(x, y) = x^2 / 100 + y^2`。沿 y 方向的曲率（二阶导数）是 2，沿 x 方向只有 0.02：一条长长的山谷，
# 缓缓地降到 (0, 0)。普通梯度下降的每一步，把每个坐标乘以 `1 - 步长 × 曲率`。只有这个因子大于 -1
# 时才收敛，即
#
# `步长 < 2 / 最大曲率 = 1`。
#
# 最陡的方向限制了步长，而代价由最平缓的方向来付。


# %%
def valley(p):
    return p[0] * p[0] / 100 + p[1] * p[1]


def descend(f, rule, start=(-9.0, 2.0), steps=60):
    """The points and values of a descent; it ends early where the numbers grow too large."""
    p, derive = tushuo.asarray(np.array(start)), tushuo.value_and_grad(f)
    state, points, values = rule.init(p), [p.numpy()], []
    while len(values) < steps and max(values, default=0) < 1e6:
        value, slope = derive(p)
        p, state = rule.update(p, slope, state)
        points.append(p.numpy())
        values.append(float(value))
    return np.array(points), np.array(values)


box = (-10, 10, -4, 4)
rates = {"rate 1.005": 1.005, "rate 0.95": 0.95, "rate 0.2": 0.2}
paths = {name: descend(valley, optim.SGD(rate), steps=40)[0] for name, rate in rates.items()}
show(contours(valley, box, paths))
for name, points in paths.items():
    print(name, "ends at", points[-1].round(3))

# %% [markdown]
# 步长 0.2 安全，但爬得慢；0.95 在两壁之间来回弹，不过还在前进；1.005 则沿壁一步比一步爬得高。
#
# ## 其他方法怎么做
#
# - **Momentum（动量）**像一个重球：`b = 0.9 b + g`，每步走 `-rate * b`。来回的部分互相抵消，
#   沿山谷的部分不断累积，最多放大到十倍。**Nesterov** 先向前看一步，以便及时刹车。
# - **Adagrad** 把每个坐标的步长除以“到目前为止梯度平方之和”的平方根；**RMSprop** 用的是滑动平均，
#   会遗忘旧的梯度。梯度小的坐标因此迈大步：山谷被“修圆”了。
# - **Adam** 两者兼有：对梯度和梯度平方都做滑动平均。**Adadelta** 还根据走过的步子自己决定步长。
#
# ## 比赛
#
# 公平起见：每种方法试同样的 13 个步长，取最好的成绩，即函数值降到 0.001 以下并保持住所需的最少步数。

# %%
RULES = (optim.Adagrad, optim.RMSprop, optim.Nesterov, optim.Adam, optim.Momentum, optim.SGD)
RULES += (optim.Adadelta,)


def steps_needed(values, goal=1e-3):
    return int(np.flatnonzero(values >= goal)[-1]) + 1


def race(f, steps=200):
    """For each rule its best rate, how many steps it needs, and its path."""
    best = {}
    for rule in RULES:
        for rate in 10.0 ** np.arange(-2, 1.01, 0.25):
            points, values = descend(f, rule(rate), steps=steps)
            if len(values) == steps and np.isfinite(values).all():
                entry = (steps_needed(values), float(values[-1]), float(rate), points)
                best[rule.__name__] = min(
                    best.get(rule.__name__, entry), entry, key=lambda e: e[:2]
                )
    for name, (needed, last, rate, _) in sorted(best.items(), key=lambda item: item[1][:2]):
        said = f"{needed:4} steps" if needed < steps else f"{last:.1g} left"
        print(f"{name:9} rate {rate:7.4f}  {said}")
    return best


straight = race(valley)
show(contours(valley, box, {name: entry[3][:40] for name, entry in straight.items()}))

# %% [markdown]
# Adagrad 和 RMSprop 遥遥领先。先别急着相信：把山谷转 45 度。山谷还是那条山谷，
# 起点在谷中的位置也没变，对一个步行者来说什么都没有改变。


# %%
def turned(p):
    x, y = (p[0] + p[1]) / 2**0.5, (p[1] - p[0]) / 2**0.5
    return x * x / 100 + y * y


start = np.array([-9.0 - 2.0, -9.0 + 2.0]) / 2**0.5
print("same height at the start:", float(valley((-9.0, 2.0))), float(turned(start)))


def turned_race(p):
    # 把 `descend` 的起点 (-9, 2) 移到转动后的位置
    return turned((p[0] + start[0] + 9.0, p[1] + start[1] - 2.0))


diagonal = race(turned_race)
moved = {name: entry[3][:40] + start - (-9.0, 2.0) for name, entry in diagonal.items()}
show(contours(turned, (-10, 10, -8, 6), moved))

# %% [markdown]
# SGD、Momentum、Nesterov 所需的步数与之前完全一样：它们不知道坐标轴。自适应方法缩放的是**坐标**，
# 而斜着的山谷在两个坐标上看起来一样，优势就没有了。所以问题在于：网络的“山谷”是否沿着参数的方向？
# 往往部分如此：罕见词的词向量梯度很小，靠前的层也是。
#
# ## 真实任务
#
# 第 03 课的网络加上 softmax，150 个小批量、每批 100 个数字，每种方法取四个步长中最好的。

# %%
digits = load_mnist().train
images, labels = digits.inputs(), digits.labels.astype(np.int64)
derive = tushuo.value_and_grad(lambda net, x, y: nn.cross_entropy(net(x), y))


def learn(rule, steps=150):
    net, rng, losses = MLP((784, 30, 10), rng=0), np.random.default_rng(0), []
    state = rule.init(net)
    for _ in range(steps):
        rows = rng.integers(0, len(images), 100)
        loss, slopes = derive(net, images[rows], labels[rows])
        net, state = rule.update(net, slopes, state)
        losses.append(float(loss))
    return np.convolve(losses, np.ones(10) / 10, "valid")


tries = {optim.SGD: (0.1, 0.5, 2, 8), optim.Momentum: (0.03, 0.1, 0.3, 1)}
tries |= dict.fromkeys((optim.RMSprop, optim.Adam), (0.003, 0.01, 0.03, 0.1))
tries[optim.Adagrad] = (0.01, 0.03, 0.1, 0.3)
curves = {}
for rule, rates in tries.items():
    last, rate, curve = min(((c := learn(rule(r)))[-1], r, c) for r in rates)
    curves[f"{rule.__name__} {rate}"] = curve
    print(f"{rule.__name__:9} rate {rate:<6} loss {last:.3f}")
show(plot(np.arange(len(curve)), curves, "MNIST, mean of ten batches", "step", "loss"))

# %% [markdown]
# 在这个任务上，只要步长调好，各种方法最后相差不大；选错步长比选错方法损失更大。Adam 的好处在于：
# 步子的长短不取决于梯度的大小，因此 0.001 到 0.01 左右的步长对多数网络都适用，不必到处试。
#
# ## 练习
#
# 1. `largest_rate`：对 `f(x, y) = 1.5 x^2 + 20 y^2`，普通梯度下降从多大的步长起不再收敛？
# 2. `momentum_step(x, g, b, rate, mu)`：动量法的一步；返回新的 x 和新的 b。
# 3. `first_step(g, rate)`：Adam 的第一步让 x 变化多少（梯度 g 都不接近 0）？（两个滑动平均都从 0
#    开始，Adam 对此做了修正。）
# 4. `racer`：`tushuo.optim` 里的一种方法，最多用 40 步就使转过的山谷降到 0.001 以下并保持住。

# %%
largest_rate = ...


# %%
def momentum_step(x, g, b, rate, mu):
    return ...


# %%
def first_step(g, rate):
    return ...


# %%
racer = ...

# %%
check("lesson-11", largest_rate=largest_rate, momentum_step=momentum_step)
check("lesson-11", first_step=first_step, racer=racer)
