"""tushuo: a compiled call a step, all steps in one call, or operation by operation."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

import tushuo as ts
from bench.beam import share_of_same
from bench.job import Job
from bench.networks import Conv, Lite0
from bench.workloads import BEAMS, BOS, CHAIN, EOS, WORDS, Data, examples
from tushuo import nn, optim

if TYPE_CHECKING:  # networks are imported where they are used: training A1 does not wait for them
    from tushuo.models import ShowAttendTell
    from tushuo.models.efficientnet import ConvNorm, EfficientNetLite


def use(threads: int) -> None:
    ts.set_num_threads(threads)


def small(data: Data, scan: bool) -> Job:
    def loss(params: Any, x: Any, y: Any) -> Any:
        for w, b in params:
            x = ts.sigmoid(nn.linear(x, w, b))
        return ts.sum(ts.square(x - y)) * (0.5 / y.shape[0])

    return _training(data, loss, optim.SGD(3.0), scan)


def middle(data: Data, scan: bool) -> Job:
    def loss(params: Any, x: Any, y: Any) -> Any:
        for w, b in params[:-1]:
            x = ts.relu(nn.linear(x, w, b))
        return nn.cross_entropy(nn.linear(x, *params[-1]), y)

    return _training(data, loss, optim.Adam(1e-3), scan)


def images(data: Data) -> Job:
    def loss(params: Any, x: Any, y: Any) -> Any:
        for w, b in params[:2]:
            x = ts.relu(ts.conv2d(x, w, b))
        x = ts.reshape(ts.max_pool2d(x, 2), (x.shape[0], -1))
        x = ts.relu(nn.linear(x, *params[2]))
        return nn.cross_entropy(nn.linear(x, *params[3]), y)

    return _training(data, loss, optim.SGD(0.01), scan=False)


def _training(data: Data, loss: Any, rule: Any, scan: bool) -> Job:
    @ts.compile
    def step(state: Any, pair: Any) -> Any:
        params, kept = state
        value, gradient = ts.value_and_grad(loss)(params, *pair)
        return rule.update(params, gradient, kept), value

    params = [(ts.asarray(w), ts.asarray(b)) for w, b in data.params]
    start = params, rule.init(params)
    if scan:

        def whole(steps: int) -> Any:
            state, values = step.scan(start, (data.x[:steps], data.y[:steps]))
            return values.numpy()[-1], state[0][0][0].numpy()

        return Job(whole)
    pairs = [(ts.asarray(x), ts.asarray(y)) for x, y in zip(data.x, data.y, strict=True)]

    def each(steps: int) -> Any:
        state: Any = start
        value: Any = None
        for pair in pairs[:steps]:
            state, value = step(state, pair)
        return value.numpy(), state[0][0][0].numpy()

    return Job(each)


def captions(data: Data) -> Job:
    rule = optim.Adam(1e-3)

    def loss(model: Any, features: Any, words: Any, following: Any) -> Any:
        return nn.cross_entropy(model(features, words)[0], following)

    @ts.compile
    def step(model: Any, kept: Any, *batch: Any) -> Any:
        value, gradient = ts.value_and_grad(loss)(model, *batch)
        return *rule.update(model, gradient, kept), value

    features, words = data.x
    batch = [ts.asarray(a) for a in (features, words[:, None], data.y[:, None])]
    start = _captioner(data.params)
    kept_at_first = rule.init(start)

    def run(steps: int) -> Any:
        model, kept = start, kept_at_first
        value: Any = None
        for _ in range(steps):
            model, kept, value = step(model, kept, *batch)
        return value.numpy(), model.annotate.weight.numpy()

    return Job(run)


def decode(data: Data, precision: str = "float32") -> Job:
    """The library's own search, with the decoder's weights as constants, as its captioner has."""
    from tushuo.caption.decoding import DecoderStep, Decoding, beam_search

    decoder = _captioner(data.params).eval()
    settings = Decoding(beams=BEAMS, max_words=WORDS, min_words=WORDS)

    compiled = partial(ts.compile, precision=precision)

    @compiled
    def begin(features: Any) -> Any:
        annotations = decoder.annotations(features)
        return annotations, decoder.initial(annotations, BEAMS)

    @compiled
    def further(annotations: Any, state: Any, words: Any) -> Any:
        out = decoder.step(annotations, state, words)
        return ts.log_softmax(out.logits, -1), out.state, out.weights

    def step(annotations: Any, state: Any, words: Any) -> DecoderStep:
        scores, state, weights = further(annotations, state, ts.asarray(words))
        return DecoderStep(scores.numpy(), state, weights.numpy())

    def sentence(features: Any) -> Any:
        annotations, state = begin(ts.asarray(features))
        found = beam_search(partial(step, annotations), state, 1, settings, bos=BOS, eos=EOS)
        return found[0][0].logprob, found[0][0].ids

    def run(steps: int) -> Any:
        for _ in range(steps):
            best = sentence(data.x)
        return best

    if precision == "float32":
        return Job(run)
    return Job(run, agreement=partial(share_of_same, data, sentence))


def network(data: Data, precision: str = "float32") -> Job:
    """Whole numbers are calibrated."""
    model = _efficientnet(data.params)
    seen = [examples()] if precision.startswith("int") else None
    f = ts.compile(lambda x: model(x), precision=precision, calibration=seen)
    x = ts.asarray(data.x)

    def run(steps: int) -> Any:
        for _ in range(steps):
            logits = f(x)
        return [logits.numpy()]

    return Job(run)


def chain(data: Data, compiled: bool) -> Job:
    def product(x: Any) -> Any:
        y = x
        for _ in range(CHAIN):
            y = y * x
        return ts.sum(y)

    gradient = ts.compile(ts.grad(product)) if compiled else ts.grad(product)
    x = ts.asarray(data.x)

    def run(steps: int) -> Any:
        for _ in range(steps):
            found = gradient(x)
        return [found.numpy()]

    return Job(run)


def _captioner(params: dict[str, np.ndarray]) -> ShowAttendTell:
    from tushuo.models import ShowAttendTell

    words, size = params["embed.weight"].shape
    model = ShowAttendTell(words, size, size, size, size, size, dropout=0.0, rng=0)
    return model.load_state_dict(params)


def _efficientnet(network: Lite0) -> EfficientNetLite:
    """The model, folded, with these weights."""
    from tushuo.models.efficientnet import EfficientNetLite

    model = EfficientNetLite(rng=0).folded()
    parts: list[ConvNorm] = [model.stem]
    for block in model.blocks:
        parts += [p for p in (block.expand, block.depthwise, block.project) if p is not None]
    for part, conv in zip([*parts, model.head], network.convs(), strict=True):
        _fill(part, conv)
    weight, bias = map(ts.asarray, network.classifier)
    return model.tree_replace(
        {"classifier": model.classifier.tree_replace({"weight": weight, "bias": bias})}
    )


def _fill(part: ConvNorm, conv: Conv) -> None:
    part.conv.weight, part.conv.bias = ts.asarray(conv.weight), ts.asarray(conv.bias)


JOBS = {
    ("A1", "compile"): partial(small, scan=False),
    ("A1", "scan"): partial(small, scan=True),
    ("A2", "compile"): partial(middle, scan=False),
    ("A2", "scan"): partial(middle, scan=True),
    ("B", "compile"): images,
    ("C", "compile"): captions,
    ("D", "compile"): network,
    ("D8", "bfloat16"): partial(network, precision="bfloat16"),
    ("D8", "int16"): partial(network, precision="int16"),
    ("D8", "int8"): partial(network, precision="int8"),
    ("E", "compile"): decode,
    ("E8", "bfloat16"): partial(decode, precision="bfloat16"),
    ("F-eager", "eager"): partial(chain, compiled=False),
    ("F-compiled", "compile"): partial(chain, compiled=True),
}
