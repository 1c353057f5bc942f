"""Show, Attend and Tell in PyTorch: learning from captions, and writing them."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - as everybody writes it
from torch import Tensor

from bench.engines.pytorch_training import training
from bench.job import Job
from bench.workloads import BEAMS, BOS, EOS, WORDS, Data


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
    return training(params, loss, 1e-3, True, [batch] * 64, compiled, "annotate.weight")


def decode(data: Data, compiled: bool) -> Job:
    p = {name: torch.tensor(a) for name, a in data.params.items()}
    features = torch.tensor(data.x)

    def step(annotations: Tensor, keys: Tensor, h: Tensor, c: Tensor, words: Tensor) -> Any:
        vectors = F.embedding(words, p["embed.weight"])
        gates = F.linear(vectors, p["cell.weight_ih"], p["cell.bias_ih"])
        h, c, z = _advance(p, annotations, keys, h, c, gates)
        return torch.log_softmax(_logits(p, vectors, h, z), 1), h, c

    def further(
        annotations: Tensor, keys: Tensor, h: Tensor, c: Tensor, words: Tensor, sums: Tensor
    ) -> Any:
        """The likeliest continuations of the beams, and their memory."""
        scores, h, c = step(annotations, keys, h, c, words)
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
