"""One optimiser for the decoder and one for the encoder's last blocks, which learn more slowly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from tushuo.caption.training.network import Network
from tushuo.graph import Tensor
from tushuo.optim import AdamW, clip_grad_norm

__all__ = ["ByPart", "steps"]


class ByPart(NamedTuple):
    """An optimiser of a network.

    Attributes:
        decoder: The decoder's.
        tail: That of the encoder's last blocks; None where they stay as they are.
        clip: The largest norm of the gradient of each part.
    """

    decoder: AdamW
    tail: AdamW | None
    clip: float

    def init(self, network: Network) -> dict[str, Any]:
        """The state before the first step."""
        state = {"decoder": self.decoder.init(network.decoder)}
        return state if self.tail is None else {**state, "tail": self.tail.init(network.tail)}

    def update(
        self, network: Network, gradient: Network, state: dict[str, Any]
    ) -> tuple[Network, dict[str, Any], Tensor]:
        """The network and the state after a step, and the norm of the decoder's gradient."""
        clipped, norm = clip_grad_norm(gradient.decoder, self.clip)
        decoder, kept = self.decoder.update(network.decoder, clipped, state["decoder"])
        if self.tail is None:
            return network.tree_replace({"decoder": decoder}), {"decoder": kept}, norm
        slopes, _ = clip_grad_norm(gradient.tail, self.clip)
        tail, slower = self.tail.update(network.tail, slopes, state["tail"])
        return Network(decoder, tail), {"decoder": kept, "tail": slower}, norm


def steps(state: Mapping[str, Any]) -> int:
    """How many steps the optimiser's state has seen."""
    return int(state["decoder"]["step"])
