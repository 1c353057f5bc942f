"""EfficientNet-Lite0 in PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - as everybody writes it
from torch import Tensor

from bench.job import Job
from bench.networks import Conv, Lite0
from bench.workloads import Data


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
