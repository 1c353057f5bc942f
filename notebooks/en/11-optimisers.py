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
# # 11 Optimisers, raced on the same valley
#
# **You will be able to** say how long a step may be, why a valley makes plain descent slow, what
# momentum and the adaptive rules each do about it, and why "which optimiser is best?" has no answer
# without "on what?".
#
# **In the article:** part II, section 2.2.3: descend against the gradient; and the animation there, in
# which momentum, Adagrad and others race. Here they race on our engine, with the same start and the
# same number of tries for each.

# %%
import numpy as np

import tushuo
from tushuo import nn, optim
from tushuo.data import load_mnist
from tushuo.lessons import check, language, plot, show
from tushuo.lessons.contours import contours
from tushuo.models import MLP

language("en")

# %% [markdown]
# ## A valley, and the longest step
#
# `f(x, y) = x^2 / 100 + y^2`. Along y the curvature (second derivative) is 2, along x only 0.02: a long
# valley that falls gently towards (0, 0). Plain descent multiplies each coordinate at each step by
# `1 - rate * curvature`. It converges only if that factor is above -1, that is for
#
# `rate < 2 / largest curvature = 1`.
#
# The steepest direction limits the step, and the gentlest then pays for it.


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
# 0.2 is safe and crawls; 0.95 goes back and forth between the walls, but gets on; 1.005 climbs the
# walls, higher at every step.
#
# ## What the others do
#
# - **Momentum** is a heavy ball: `b = 0.9 b + g`, step `-rate * b`. Back and forth cancels out, along
#   the valley it adds up, to ten times the step. **Nesterov** looks ahead, to brake in time.
# - **Adagrad** divides each coordinate's step by the root of the sum of its squared gradients so far;
#   **RMSprop** by that of a moving average, which forgets. A coordinate with small gradients gets
#   long steps: the valley becomes round.
# - **Adam** has both: averages of the gradient and of its square. **Adadelta** also sets its own
#   step length from the steps before.
#
# ## The race
#
# A fair one: each rule tries the same 13 rates, and its best counts: the fewest steps until the value
# stays below 0.001.

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
# Adagrad and RMSprop win by a wide margin. Before you believe it, turn the valley by 45 degrees:
# the same valley, the same start in it, for a walker nothing has changed.


# %%
def turned(p):
    x, y = (p[0] + p[1]) / 2**0.5, (p[1] - p[0]) / 2**0.5
    return x * x / 100 + y * y


start = np.array([-9.0 - 2.0, -9.0 + 2.0]) / 2**0.5
print("same height at the start:", float(valley((-9.0, 2.0))), float(turned(start)))


def turned_race(p):
    # the start (-9, 2) of `descend` is moved to the turned place
    return turned((p[0] + start[0] + 9.0, p[1] + start[1] - 2.0))


diagonal = race(turned_race)
moved = {name: entry[3][:40] + start - (-9.0, 2.0) for name, entry in diagonal.items()}
show(contours(turned, (-10, 10, -8, 6), moved))

# %% [markdown]
# SGD, Momentum and Nesterov need exactly what they needed before: they know no axes. The adaptive
# rules scale *coordinates*, and a diagonal valley looks alike in both: their advantage is gone.
# So the question is whether a network's valleys lie along its parameters. Often they do, in part: a
# rare word's vector gets small gradients, and so does an early layer.
#
# ## And a real task
#
# The network of lesson 03 with softmax, 150 mini-batches of 100 digits, the best of four rates each.

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
# On this task the well-tuned rules end close together, and a badly chosen rate costs more than a
# badly chosen rule. What Adam buys: the length of its steps does not depend on the size of the
# gradients, so that rates about 0.001 to 0.01 do for most networks, and one searches less.
#
# ## Exercises
#
# 1. `largest_rate`: for `f(x, y) = 1.5 x^2 + 20 y^2`, the rate at which plain descent ceases to
#    converge.
# 2. `momentum_step(x, g, b, rate, mu)`: one step of momentum; returns the new x and the new b.
# 3. `first_step(g, rate)`: by how much Adam moves x in its very first step, for gradients g that are
#    not near 0. (Both averages start at 0, and Adam corrects for that.)
# 4. `racer`: a rule from `tushuo.optim` that needs at most 40 steps to bring the turned valley below
#    0.001 for good.

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
