"""Equal kernels taken together, the longest first: where the time goes."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from tushuo.compile.explain.explanation import Explanation
from tushuo.compile.explain.kernel import Kernel


@dataclass(frozen=True)
class Rank:
    """Kernels that do the same over the same shape.

    Attributes:
        kernels: In the order in which they run.
    """

    kernels: Sequence[Kernel]

    @property
    def first(self) -> Kernel:
        """What stands for all."""
        return self.kernels[0]

    @property
    def seconds(self) -> float:
        """The time of all, 0 if it was not measured."""
        return sum(k.seconds or 0.0 for k in self.kernels)

    @property
    def bytes(self) -> int:
        """What all read and write."""
        return sum(k.bytes for k in self.kernels)

    @property
    def share(self) -> float | None:
        """The part of the roofline that they reach."""
        least = [k.least for k in self.kernels if k.least is not None]
        return sum(least) / self.seconds if least and self.seconds else None

    @property
    def why(self) -> list[str]:
        """Why operations are together, and the usual reason why they are not one with others."""
        reasons = [each.why for k in self.kernels for each in k.apart]
        usual = max(dict.fromkeys(reasons), key=reasons.count, default="")
        return [self.first.fused, *([f"apart: {usual}"] if usual else [])]


def ranked(found: Explanation) -> list[Rank]:
    """All kernels, by their time; by what they move if it was not measured."""
    groups: dict[Hashable, list[Kernel]] = {}
    for k in found.kernels:
        groups.setdefault((k.kind, k.ops, k.shape, k.fused), []).append(k)
    ranks = map(Rank, groups.values())
    return sorted(ranks, key=lambda rank: (rank.seconds, rank.bytes), reverse=True)
