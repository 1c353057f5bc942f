"""The pool of threads: the same results with any number of them, after a fork, and all at once."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tushuo
from tushuo.compile import compile, workers
from tushuo.compile.check import agree
from tushuo.compile.codegen import product, share, split
from tushuo.errors import UsageError

from .test_loops import operands


@pytest.fixture(autouse=True)
def _number():
    before = tushuo.get_num_threads()
    yield
    tushuo.set_num_threads(before)


@pytest.fixture
def _eager(monkeypatch):
    """Every loop is cut, however short."""
    monkeypatch.setattr(split, "WORK", 1)
    monkeypatch.setattr(product, "SHARED", 1)


def with_threads(f, *args):
    """The results with 1, 2, 3 and 5 threads, required to be the same to the bit."""
    compiled, found = compile(f, cache=False), []
    for number in (1, 2, 3, 5):
        tushuo.set_num_threads(number)
        found.append([x.numpy().copy() for x in tushuo.graph.leaves(compiled(*args))])
    for other in found[1:]:
        for x, y in zip(found[0], other, strict=True):
            assert x.tobytes() == y.tobytes()
    return found[0]


def check(f, *args):
    wanted = tushuo.graph.leaves(f(*map(tushuo.asarray, args)))
    for x, y in zip(with_threads(f, *args), wanted, strict=True):
        assert agree(x, y.numpy()), (x, y)


@pytest.mark.usefixtures("_eager")
@settings(max_examples=30, deadline=None)
@given(operands(), st.booleans())
def test_short_loops_in_chunks(drawn, keepdims):
    x, y, axes = drawn

    def f(x, y):
        z = tushuo.tanh(x * y) + x
        return z, tushuo.sum(z, axes, keepdims), tushuo.max(z * y, axes) if z.size else z

    check(f, x, y)


@pytest.mark.usefixtures("_eager")
@pytest.mark.parametrize("shape", [(1, 1001), (40, 33), (3, 700), (700, 3), (2, 3, 5, 7)])
@pytest.mark.parametrize("dtype", ["float32", "int64", "bool"])
def test_reductions_in_chunks(shape, dtype):
    x = (np.random.default_rng(0).standard_normal(shape) * 9).astype(dtype)
    some = range(len(shape))
    kinds = (tushuo.any, tushuo.all) if dtype == "bool" else (tushuo.sum, tushuo.max, tushuo.min)
    for kind in kinds:
        check(lambda x, kind=kind: [kind(x), *(kind(x, i) for i in some)], x)


def test_a_long_loop_is_cut_and_a_short_one_is_not():
    for size, cut in ((100, False), (1_000_000, True)):
        compiled = compile(lambda x: (tushuo.exp(x) + 1, tushuo.sum(x * x)), cache=False)
        compiled(np.ones(size, np.float32))
        ((made,),) = compiled._made.values()
        assert made.executable.shares is cut


def test_long_loops():
    x = np.random.default_rng(0).standard_normal((1000, 1003)).astype(np.float32)
    check(lambda x: (tushuo.exp(x) * 2, tushuo.sum(x, 0), tushuo.sum(x, 1), tushuo.sum(x)), x)
    check(lambda x: tushuo.permute_dims(x, (1, 0)) + x[:, :1000].T.mean(), x)


@pytest.mark.parametrize("shape", [(200, 150, 290), (7, 700, 1000), (1500, 600, 16)])
def test_large_products(shape, monkeypatch):
    monkeypatch.setattr(product, "_in_panels", lambda *a: True)
    m, k, n = shape
    rng = np.random.default_rng(0)
    x, y = rng.random((m, k)), rng.random((k, n))
    check(tushuo.matmul, x, y)
    check(lambda x, y: x.T @ y.T, np.asfortranarray(x).T.copy(), y.T.copy())
    check(lambda x, y: tushuo.relu(x.T @ y) + y[0], x.T.copy(), y)


@pytest.mark.usefixtures("_eager")
def test_batches_of_products():
    x, y = np.ones((6, 3, 10, 20), np.float32), np.ones((6, 1, 20, 30), np.float32)
    check(tushuo.matmul, x, y)


def test_a_training_step_is_the_same_to_the_bit():
    from tushuo import nn, optim

    rule = optim.Adam(1e-2)
    model = nn.Sequential(nn.Linear(300, 200, rng=0), nn.ReLU(), nn.Linear(200, 10, rng=1))
    rng = np.random.default_rng(0)
    x, y = rng.random((128, 300), np.float32), rng.integers(0, 10, 128)

    def step(x, y):
        def loss(model):
            return nn.cross_entropy(model(x), y)

        value, gradient = tushuo.value_and_grad(loss)(model)
        return rule.update(model, gradient, rule.init(model)), value

    with_threads(step, x, y)


def test_many_python_threads_at_once():
    tushuo.set_num_threads(3)
    f = compile(lambda x, y: (tushuo.tanh(x @ y), tushuo.sum(x)), cache=False)
    rng = np.random.default_rng(0)
    pairs = [(rng.random((150, 200)), rng.random((200, 170))) for _ in range(6)]
    wanted = [f(*pair)[0].numpy().copy() for pair in pairs]
    wrong = []

    def work(i):
        for _ in range(30):
            if not np.array_equal(f(*pairs[i])[0].numpy(), wanted[i]):
                wrong.append(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(pairs))]
    for thread in threads:
        thread.start()
    for i in range(20):  # the pool is exchanged meanwhile
        tushuo.set_num_threads(i % 3 + 1)
        f(*pairs[0])
    for thread in threads:
        thread.join()
    assert not wrong


SUM = np.arange(1_000_000.0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own():
    tushuo.set_num_threads(3)
    f = compile(lambda x: tushuo.sum(tushuo.sqrt(x)), cache=False)
    wanted = f(SUM).item()
    context = multiprocessing.get_context("fork")
    there, here = context.Pipe()
    child = context.Process(target=lambda: here.send((f(SUM).item(), threading.active_count())))
    child.start()
    assert there.poll(20), "the child hangs"
    assert there.recv() == (wanted, 3)
    child.join(20)
    assert child.exitcode == 0
    assert f(SUM).item() == wanted


def run(code, **environment):
    given = {**os.environ, "TUSHUO_CACHE": "", **environment}
    given = {name: value for name, value in given.items() if value is not None}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=given, capture_output=True, text=True, timeout=60)


def test_a_process_ends_while_threads_sleep():
    done = run(
        "import tushuo, numpy as np; tushuo.set_num_threads(4)\n"
        "f = tushuo.compile(lambda x: tushuo.exp(x))\n"
        "f(np.ones(1_000_000)); print('done')"
    )
    assert (done.stdout, done.stderr, done.returncode) == ("done\n", "", 0)


@pytest.mark.parametrize(
    ("own", "shared", "number"),
    [("3", "2", 3), (None, "2", 2), (None, "5,2", 5), ("", "many", None), (None, None, None)],
)
def test_the_environment(own, shared, number):
    code = "import tushuo; print(tushuo.get_num_threads())"
    done = run(code, TUSHUO_NUM_THREADS=own, OMP_NUM_THREADS=shared)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert int(done.stdout) == (number or cores)


def test_the_environment_may_be_wrong():
    done = run("import tushuo; tushuo.get_num_threads()", TUSHUO_NUM_THREADS="all")
    assert "TUSHUO_NUM_THREADS is 'all'; give a whole number from 1 to 256" in done.stderr


@pytest.mark.parametrize("number", [0, -1, 257, 2.0, "2", True, None])
def test_numbers_that_are_none(number):
    with pytest.raises(UsageError, match="whole number from 1 to 256, got"):
        tushuo.set_num_threads(number)


def test_code_does_not_depend_on_the_number_of_threads(tmp_path, monkeypatch):
    monkeypatch.setenv("TUSHUO_CACHE", str(tmp_path))
    for number, cached in ((1, False), (3, True)):
        tushuo.set_num_threads(number)
        f = compile(lambda x: tushuo.exp(x) + 1)
        f(np.ones(1_000_000))
        assert f.explain().cached is cached
    assert share.CHUNKS > 3


def test_the_pool_is_made_once_however_many_ask_at_once(monkeypatch):
    made = []

    class Slow:
        def __init__(self):
            made.append(self)
            time.sleep(0.05)

    monkeypatch.setattr(workers, "_native", cache(Slow))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: workers.native(), range(4)))
    assert len(made) == 1
    assert set(map(id, found)) == {id(made[0])}
