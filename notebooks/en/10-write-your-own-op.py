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
# # 10 Write your own operation
#
# **You will be able to** add an operation that the engine does not have: say what it computes and how
# gradients pass through it, in one of four forms; have the rule checked; and differentiate something
# that no formula gives, because it is found by iteration.
#
# **In the article:** part III, section 2.2.5 (4): a framework brings many operations, and if one is
# missing you write it; its core is two things, `f(x)` and the gradient of `f` at a point `x0`.

# %%
from dataclasses import dataclass

import numpy as np

import tushuo
from tushuo import check_grads
from tushuo.draw import draw
from tushuo.errors import TushuoError
from tushuo.graph.op import Bilinear, Elementwise, Linear, Op, Spec
from tushuo.lessons import check, language, plot, show

language("en")

# %% [markdown]
# ## The article's two functions
#
# `forward` is `f(x)`. `vjp` answers the question that back-propagation asks of every node: "the loss
# changes by `g` for each unit of your result; by how much does it change for each unit of your
# input?" The name is short for vector-Jacobian product. Note what it is *not*: nobody asks for the
# matrix of all derivatives, only for its product with `g`.


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
# In the drawing the new node stands among the others, with its value in green and its gradient in red.
# `xp` is the array library of the operands (NumPy here), so the same operation would run on a GPU.
#
# The rule is written with Tensor operations, therefore it can itself be differentiated: second
# derivatives cost nothing extra. What we did not write, the engine does not guess:

# %%
print("second derivative", float(tushuo.grad(tushuo.grad(cube))(2.0)))
try:
    tushuo.jvp(cube, (2.0,), (1.0,))
except TushuoError as error:
    print(type(error).__name__, "-", error)

# %% [markdown]
# ## Trust, but check
#
# A wrong rule does not crash. The network trains, only worse, and you may search for weeks.
# `check_grads` compares the rule with differences of values along random directions. Here the rule
# forgot a factor `x`:


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
# ## Three bases that write half of it for you
#
# Most operations are of one of three kinds, and each needs a single rule for both directions.
#
# - **Elementwise**: every element by itself. Give the `slopes`: functions that multiply by the local
#   derivative. Its Jacobian is diagonal, and a diagonal matrix is its own transpose.
# - **Linear**: `f(a + b) = f(a) + f(b)`. Its derivative is itself; give the `transpose`.
# - **Bilinear**: linear in each of two operands, like every product.
#
# `infer` tells the shape of the result without computing it. It makes errors precise, and the
# compiler needs it.


# %%
class RunningSum(Linear):
    def infer(self, x: Spec) -> Spec:
        return x

    def forward(self, xp, x):
        return xp.cumulative_sum(x)

    def transpose(self, g, x):
        # x[i] is part of all sums from i on: sum the gradients from the other end
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
# `Shift` has a parameter: a field of a frozen dataclass. Operands are Tensors and get gradients;
# parameters are settings and get none.
#
# How do you find a transpose? One equation defines it: for all `x` and `g`, the inner products
# `g . f(x)` and `transpose(g) . x` are the same number. It is also a test in one line:

# %%
rng = np.random.default_rng(0)
x, g = rng.normal(size=6), rng.normal(size=6)
(back,) = running_sum.transpose(tushuo.asarray(g), tushuo.asarray(x))
print(g @ running_sum(x).numpy(), back.numpy() @ x)

# %% [markdown]
# ## A value without a formula: Kepler's equation
#
# Part II of the article names Kepler as someone who learned a model from data. His planet at time `M`
# (a full turn is 2 pi) stands at the angle `E` for which `E - e sin(E) = M`. No formula gives `E`;
# Newton's method finds it. Must the gradient then pass through all the iterations? No. Whatever way
# `E` was found, the equation holds, and its two sides move together:
#
# `dE - sin(E) de - e cos(E) dE = dM`, so `dE/dM = 1 / (1 - e cos E)` and
# `dE/de = sin(E) / (1 - e cos E)`.
#
# That is the implicit function theorem, and it needs only the *result*, which the rule gets as `out`.


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
# Now the planet's velocity comes from the engine: one forward sweep along time. The dots stand at
# equal intervals of time, so where they are far apart the planet is fast.


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
# The last line is Kepler's second law: equal areas in equal times. We did not put it in; it came out
# of the gradient rule, to all digits.
#
# ## Exercises
#
# 1. `log_cosh`: an instance of an Elementwise operation for log(cosh(x)), a smooth |x|. It must
#    also be right at x = 1000, where cosh overflows.
# 2. `difference`: an instance of a Linear operation that takes x of shape (n,) to the n - 1 numbers
#    x[1:] - x[:-1].
# 3. `lambert`: an instance of an Elementwise operation for Lambert's W of positive numbers: the w
#    for which w * exp(w) = x. Find it by Newton's method, and its slope by the implicit function
#    theorem.
#
# Write the class above the line, replace `...`, and run the last cell; or begin a file with
# `tushuo check lesson-10 --start`.

# %%
log_cosh = ...

# %%
difference = ...

# %%
lambert = ...

# %%
check("lesson-10", log_cosh=log_cosh, difference=difference, lambert=lambert)
