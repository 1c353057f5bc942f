"""Learning words: the captioner makes the captions that people wrote likelier."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from tushuo.caption.training.live import ahead
from tushuo.caption.training.network import Network, Weights
from tushuo.caption.training.rates import ByPart, steps
from tushuo.caption.training.task import CaptionTask
from tushuo.data import CaptionBatch, caption_batches, count_batches
from tushuo.data.views import View
from tushuo.graph import Tensor, value_and_grad
from tushuo.models.show_attend_tell import doubly_stochastic
from tushuo.native import native
from tushuo.nn import cross_entropy
from tushuo.optim import AdamW, cosine, warmup
from tushuo.train.averaging import averaged, kept_share

__all__ = ["WordsTask"]

_ROUNDED = 4  # lengths of captions are rounded up to a multiple, for fewer programs


class Batch(NamedTuple):
    """A step's food: B photographs with K captions of T words each."""

    maps: Tensor  # as the network takes them
    words: Tensor  # (B, K, T), each caption but its last token
    targets: Tensor  # (B, K, T), each caption but its first
    mask: Tensor  # (B, K, T), where a target counts


@dataclass(frozen=True, kw_only=True)
class WordsTask:
    """A part of a training on words, as the training loop takes it.

    Attributes:
        task: What is trained, and on what.
    """

    task: CaptionTask

    def start(self) -> tuple[Weights, Any]:
        """The weights and the optimiser's state before the first step."""
        weights = self.task.weights()
        return weights, self.optimizer().init(weights.network)

    def optimizer(self) -> ByPart:
        """AdamW with its schedule: up over the first epoch, then down as half a cosine."""
        part, recipe = self.task.part, self.task.recipe
        rises = self.batches_per_epoch()
        falls = max(1, rises * (part.epochs - 1))
        decoder, tail = (
            AdamW(warmup(rises, cosine(lr, falls)), weight_decay=recipe.weight_decay)
            for lr in (part.lr, part.encoder_lr)
        )
        return ByPart(decoder, None if part.blocks is None else tail, recipe.clip)

    def step(self) -> Callable[..., tuple[Weights, Any, Mapping[str, Any]]]:
        """The function that makes one step, for the training loop."""
        optimizer, differentiated = self.optimizer(), value_and_grad(self.loss, has_aux=True)

        @native
        def update(
            weights: Weights, state: Any, batch: Batch, kept: Tensor, rng: np.random.Generator
        ) -> tuple[Weights, Any, Mapping[str, Any]]:
            (loss, cross), gradient = differentiated(weights.network.train(), batch, rng)
            network, state, norm = optimizer.update(weights.network, gradient, state)
            average = averaged(weights.average, network, kept)
            metrics = {"loss": loss, "cross_entropy": cross, "gradient_norm": norm}
            return Weights(network, average), state, metrics

        decay = self.task.recipe.average
        noise = np.random.default_rng(0)  # one object, for its identity is part of a program

        def step(
            weights: Weights, state: Any, batch: Batch, rng: np.random.Generator
        ) -> tuple[Weights, Any, Mapping[str, Any]]:
            noise.bit_generator.state = rng.bit_generator.state
            kept = Tensor(np.float32(kept_share(decay, steps(state))))
            return update(weights, state, batch, kept, noise)

        return step

    def loss(
        self, network: Network, batch: Batch, rng: np.random.Generator | None
    ) -> tuple[Tensor, Tensor]:
        """What is made small, and its cross-entropy (nats a word) without the regulariser."""
        r = self.task.recipe
        logits, weights = network(batch.maps, batch.words, rng)
        cross = cross_entropy(
            logits, batch.targets, mask=batch.mask, label_smoothing=r.label_smoothing
        )
        looks = doubly_stochastic(weights, batch.mask.astype(weights.dtype))
        return cross + r.regulariser * looks, cross

    def batches_per_epoch(self) -> int:
        """The number of steps in an epoch."""
        r = self.task.recipe
        return count_batches(
            self.task.ids, r.images_per_batch, captions_per_image=r.captions_per_image
        )

    def batches(self, epoch: int, start: int) -> Iterator[Batch]:
        """The batches of an epoch, from number ``start`` on."""
        r, views = self.task.recipe, self.task.views(epoch)
        plans = caption_batches(
            self.task.ids,
            r.images_per_batch,
            seed=r.seed,
            epoch=epoch,
            captions_per_image=r.captions_per_image,
            start=start,
            multiple=_ROUNDED,
        )
        return ahead(self._batch(plan, views) for plan in plans)

    def _batch(self, plan: CaptionBatch, views: Sequence[View]) -> Batch:
        task, seen = self.task, [views[i] for i in plan.image_index]
        maps = task.maps.maps([task.train[i].image for i in plan.image_index], seen)
        mirrored = np.array([view.mirrored for view in seen])[:, None, None]
        tokens = np.where(mirrored, task.mirrored_ids[plan.tokens], plan.tokens)
        words, targets = tokens[..., :-1], tokens[..., 1:]
        return Batch(Tensor.of(maps), Tensor(words), Tensor(targets), Tensor(plan.mask))
