"""PyTorch: eager with its fused optimisers, and `torch.compile` of the whole step."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - as everybody writes it

from bench.job import Job
from bench.networks import Conv, Lite0
from bench.workloads import BEAMS, BOS, CHAIN, EOS, WORDS, Data

Tensor = torch.Tensor
Loss = Callable[..., Tensor]


def use(threads: int) -> None:
    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)


def small(data: Data, compiled: bool) -> Job:
    def loss(params: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        for i in range(2):
            x = torch.sigmoid(F.linear(x, params[f"w{i}"], params[f"b{i}"]))
        return torch.square(x - y).sum() * (0.5 / y.shape[0])

    return _training(_layers(data.params), loss, 3.0, False, _batches(data), compiled)


def middle(data: Data, compiled: bool) -> Job:
    def loss(params: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        for i in range(3):
            x = F.linear(F.relu(x) if i else x, params[f"w{i}"], params[f"b{i}"])
        return F.cross_entropy(x, y)

    return _training(_layers(data.params), loss, 1e-3, True, _batches(data), compiled)


def images(data: Data, compiled: bool) -> Job:
    def loss(params: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        for i in range(2):
            x = F.relu(F.conv2d(x, params[f"w{i}"], params[f"b{i}"]))
        x = F.max_pool2d(x, 2).flatten(1)
        x = F.relu(F.linear(x, params["w2"], params["b2"]))
        return F.cross_entropy(F.linear(x, params["w3"], params["b3"]), y)

    return _training(_layers(data.params), loss, 0.01, False, _batches(data), compiled)


def captions(data: Data, compiled: bool) -> Job:
    """What needs no memory is computed for all words at once."""

    def loss(p: dict[str, Tensor], features: Tensor, words: Tensor, following: Tensor) -> Tensor:
        annotations, keys, h, c = _begin(p, features)
        vectors = F.embedding(words, p["embed.weight"])
        gates = F.linear(vectors, p["cell.weight_ih"], p["cell.bias_ih"])
        hs, zs = [], []
        for t in range(WORDS):
            h, c, z = _advance(p, annotations, keys, h, c, gates[:, t])
            hs.append(h)
            zs.append(z)
        logits = _logits(p, vectors, torch.stack(hs, 1), torch.stack(zs, 1))
        return F.cross_entropy(logits.flatten(0, 1), following.flatten())

    params = {name: torch.tensor(a) for name, a in data.params.items()}
    features, words = data.x
    batch = torch.tensor(features), torch.tensor(words).long(), torch.tensor(data.y).long()
    return _training(params, loss, 1e-3, True, [batch] * 64, compiled, "annotate.weight")


def _layers(layers: Any) -> dict[str, Tensor]:
    return {
        f"{kind}{i}": torch.tensor(a)
        for i, layer in enumerate(layers)
        for kind, a in zip("wb", layer, strict=True)
    }


def _batches(data: Data) -> list[tuple[Tensor, Tensor]]:
    x, y = torch.from_numpy(data.x), torch.from_numpy(data.y)
    return list(zip(x, y if y.is_floating_point() else y.long(), strict=True))


def _training(
    start: dict[str, Tensor],
    loss: Loss,
    rate: float,
    adam: bool,
    batches: list[Any],
    compiled: bool,
    shown: str = "w0",
) -> Job:
    params = {name: a.clone() for name, a in start.items()}
    make = _whole_step if compiled else _eager_step
    step, state = make(params, loss, rate, adam)

    def reset() -> None:
        with torch.no_grad():
            for name, p in params.items():
                p.copy_(start[name])
            for kept in state():
                kept.zero_()

    def run(steps: int) -> Any:
        for batch in batches[:steps]:
            value = step(*batch)
        return value.item(), params[shown].detach().numpy()

    return Job(run, reset)


def _eager_step(params: dict[str, Tensor], loss: Loss, rate: float, adam: bool) -> Any:
    leaves = [p.requires_grad_() for p in params.values()]
    rule: Any = torch.optim.Adam if adam else torch.optim.SGD
    optimizer = rule(leaves, rate, fused=True)

    def step(*batch: Tensor) -> Tensor:
        optimizer.zero_grad(set_to_none=True)
        value = loss(params, *batch)
        value.backward()
        optimizer.step()
        return value

    return step, lambda: [a for kept in optimizer.state.values() for a in kept.values()]


def _whole_step(params: dict[str, Tensor], loss: Loss, rate: float, adam: bool) -> Any:
    """Loss, gradient and update in one compiled function, which updates in place."""
    moments = [{n: torch.zeros_like(p) for n, p in params.items()} for _ in range(2 * adam)]
    count = torch.zeros(())
    gradient = torch.func.grad_and_value(loss)

    @torch.compile(fullgraph=True, dynamic=False)
    def step(*batch: Tensor) -> Tensor:
        found, value = gradient(params, *batch)
        if not adam:
            for name, g in found.items():
                params[name].sub_(rate * g)
            return value
        count.add_(1)
        by, root = rate / (1 - 0.9**count), torch.sqrt(1 - 0.999**count)
        for name, g in found.items():
            m, v = (kept[name] for kept in moments)
            m.lerp_(g, 0.1)
            v.mul_(0.999).add_(0.001 * g * g)
            params[name].sub_(by * m / (v.sqrt() / root + 1e-8))
        return value

    return torch.no_grad()(step), lambda: [count, *(a for kept in moments for a in kept.values())]


def _begin(p: dict[str, Tensor], features: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    annotations = F.relu(F.linear(features, p["annotate.weight"], p["annotate.bias"]))
    mean = annotations.mean(1)
    h = torch.tanh(F.linear(mean, p["initial_h.weight"], p["initial_h.bias"]))
    c = torch.tanh(F.linear(mean, p["initial_c.weight"], p["initial_c.bias"]))
    return annotations, F.linear(annotations, p["attend.key.weight"]), h, c


def _advance(
    p: dict[str, Tensor], annotations: Tensor, keys: Tensor, h: Tensor, c: Tensor, gates: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    query = F.linear(h, p["attend.query.weight"], p["attend.query.bias"])
    scores = F.linear(torch.tanh(keys + query[:, None]), p["attend.score.weight"])  # (N, L, 1)
    z = (torch.softmax(scores, 1) * annotations).sum(1)
    z = torch.sigmoid(F.linear(h, p["gate.weight"], p["gate.bias"])) * z
    gates = gates + F.linear(h, p["cell.weight_hh"], p["cell.bias_hh"])
    i, f, g, o = (gates + F.linear(z, p["context.weight"])).chunk(4, 1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c, z


def _logits(p: dict[str, Tensor], vectors: Tensor, h: Tensor, z: Tensor) -> Tensor:
    hidden = vectors + F.linear(h, p["output_h.weight"], p["output_h.bias"])
    hidden = torch.tanh(hidden + F.linear(z, p["output_z.weight"]))
    return F.linear(hidden, p["output.weight"], p["output.bias"])


def decode(data: Data, compiled: bool) -> Job:
    p = {name: torch.tensor(a) for name, a in data.params.items()}
    features = torch.tensor(data.x)

    def step(annotations: Tensor, keys: Tensor, h: Tensor, c: Tensor, words: Tensor) -> Any:
        vectors = F.embedding(words, p["embed.weight"])
        gates = F.linear(vectors, p["cell.weight_ih"], p["cell.bias_ih"])
        h, c, z = _advance(p, annotations, keys, h, c, gates)
        return torch.log_softmax(_logits(p, vectors, h, z), 1), h, c

    def further(*state: Tensor) -> Any:
        """The likeliest continuations of the beams, and their memory."""
        *memory, words, sums = state
        scores, h, c = step(*memory, words)
        scores[:, [BOS, EOS]] = -torch.inf
        sums, best = (sums[:, None] + scores).flatten().topk(BEAMS)
        parents, words = best // scores.shape[1], best % scores.shape[1]
        return parents, h[parents], c[parents], words, sums

    if compiled:
        options = {"fullgraph": True, "dynamic": False}
        step, further = torch.compile(step, **options), torch.compile(further, **options)

    @torch.inference_mode()
    def run(steps: int) -> Any:
        for _ in range(steps):
            found = _sentence(p, features, step, further)
        return found

    return Job(run)


def _sentence(p: Any, features: Tensor, step: Any, further: Any) -> tuple[float, Any]:
    annotations, keys, h, c = _begin(p, features)
    h, c = h.repeat(BEAMS, 1), c.repeat(BEAMS, 1)
    words = torch.full((BEAMS,), BOS)
    sums = torch.full((BEAMS,), -torch.inf)
    sums[0] = 0
    sentences = torch.zeros((BEAMS, 0), dtype=torch.long)
    for _ in range(WORDS):
        parents, h, c, words, sums = further(annotations, keys, h, c, words, sums)
        sentences = torch.cat([sentences[parents], words[:, None]], 1)
    sums = sums + step(annotations, keys, h, c, words)[0][:, EOS]
    best = int(sums.argmax())
    return float(sums[best]), sentences[best].numpy()


class _Network(torch.nn.Module):
    def __init__(self, network: Lite0) -> None:
        super().__init__()
        self.stem, self.head = _conv(network.stem, 224), _conv(network.head, 7)
        size, parts = 112, []
        for block in network.blocks:
            layers = []
            for conv in (*block.active, block.project):
                layers.append(_conv(conv, size))
                size //= conv.stride
                layers += [torch.nn.ReLU6()] if conv is not block.project else []
            parts.append(torch.nn.Sequential(*layers))
        self.blocks = torch.nn.ModuleList(parts)
        self.residual = [block.residual for block in network.blocks]
        self.classifier = torch.nn.Linear(1280, 1000)
        _fill(self.classifier, *network.classifier)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu6(self.stem(x))
        for block, residual in zip(self.blocks, self.residual, strict=True):
            x = x + block(x) if residual else block(x)
        return self.classifier(F.relu6(self.head(x)).mean((2, 3)))


def _conv(conv: Conv, size: int) -> torch.nn.Module:
    out, inputs, kernel, _ = conv.weight.shape
    before, after = conv.pads(size)
    padding = before if before == after else 0
    layer = torch.nn.Conv2d(
        inputs * conv.groups, out, kernel, conv.stride, padding, groups=conv.groups
    )
    _fill(layer, conv.weight, conv.bias)
    if before == after:
        return layer
    return torch.nn.Sequential(torch.nn.ZeroPad2d((before, after) * 2), layer)


def _fill(layer: Any, weight: np.ndarray, bias: np.ndarray) -> None:
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(weight))
        layer.bias.copy_(torch.tensor(bias))


def network(data: Data, compiled: bool, dtype: torch.dtype = torch.float32) -> Job:
    model = _Network(data.params).eval().to(dtype=dtype, memory_format=torch.channels_last)
    x = torch.tensor(data.x, dtype=dtype).to(memory_format=torch.channels_last)
    if compiled:
        import torch._inductor.config as inductor

        inductor.freezing = True
        model = torch.compile(model, fullgraph=True, dynamic=False)

    @torch.inference_mode()
    def run(steps: int) -> Any:
        for _ in range(steps):
            logits = model(x)
        return [logits.float().numpy()]

    return Job(run)


def chain(data: Data, compiled: bool) -> Job:
    def product(x: Tensor) -> Tensor:
        y = x
        for _ in range(CHAIN):
            y = y * x
        return y.sum()

    x = torch.tensor(data.x)
    if compiled:
        gradient = torch.compile(torch.func.grad(product), fullgraph=True, dynamic=False)
    else:
        x.requires_grad_()

        def gradient(x: Tensor) -> Tensor:
            return torch.autograd.grad(product(x), x)[0]

    def run(steps: int) -> Any:
        for _ in range(steps):
            found = gradient(x)
        return [found.numpy()]

    return Job(run)


_BOTH = {
    "A1": small,
    "A2": middle,
    "B": images,
    "C": captions,
    "D": network,
    "E": decode,
}
JOBS = {(kind, "eager"): partial(make, compiled=False) for kind, make in _BOTH.items()}
JOBS |= {(kind, "compile"): partial(make, compiled=True) for kind, make in _BOTH.items()}
JOBS["D8", "bfloat16"] = partial(network, compiled=True, dtype=torch.bfloat16)
JOBS["F-eager", "eager"] = partial(chain, compiled=False)
JOBS["F-compiled", "compile"] = partial(chain, compiled=True)
