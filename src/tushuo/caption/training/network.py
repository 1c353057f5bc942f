"""What a training changes: the decoder, and the encoder's last blocks if these learn, too."""

from __future__ import annotations

from typing import NamedTuple

from tushuo.graph import Tensor, ops
from tushuo.models.efficientnet import Tail
from tushuo.models.show_attend_tell import ShowAttendTell
from tushuo.nn import Module
from tushuo.nn.init import Rng

__all__ = ["Network", "Weights"]


class Network(Module):
    """A decoder behind the encoder's last blocks, or alone.

    Args:
        decoder: Writes about feature maps.
        tail: Makes these of what the blocks before it made; None where feature maps come made.
    """

    def __init__(self, decoder: ShowAttendTell, tail: Tail | None = None) -> None:
        self.decoder = decoder
        self.tail = tail

    def alone(self) -> Network:
        """The decoder alone."""
        return Network(self.decoder)

    def features(self, maps: Tensor) -> Tensor:
        """Feature maps (B, L, D).

        Args:
            maps: What the tail takes, (B, C, h, w); without a tail (B, L, D).
        """
        if self.tail is None:
            return maps
        made = self.tail.folded()(maps)  # (B, D, h, w)
        return ops.permute_dims(ops.reshape(made, (*made.shape[:2], -1)), (0, 2, 1))

    def forward(self, maps: Tensor, words: Tensor, rng: Rng = None) -> tuple[Tensor, Tensor]:
        """The decoder's logits (B, K, T, V) and attention (B, K, T, L).

        Args:
            maps: Of photographs, as `features` takes them.
            words: Numbers of the words, from the begin token on, (B, K, T).
            rng: Source of the dropout, needed in training.
        """
        logits, weights = self.decoder(self.features(maps), words, rng)
        return logits, weights


class Weights(NamedTuple):
    """What a step changes: the network, and the moving average of it that is kept in the end."""

    network: Network
    average: Network
