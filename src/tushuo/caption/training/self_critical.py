"""Self-critical training: the captioner writes, is scored, and does more of what scored well.

Rennie et al., "Self-critical sequence training for image captioning" (2017), section 3.2, with the
baseline of Luo, "A better variant of self-critical sequence training" (2020): each sentence is
compared with the mean score of the others that were drawn for the same photograph. The score is
CIDEr-D, in which the end token counts as a word: so a sentence that breaks off scores less.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tushuo.caption.metrics.cider import CiderD
from tushuo.caption.training.live import ahead
from tushuo.caption.training.network import Network, Weights
from tushuo.caption.training.rates import ByPart, steps
from tushuo.caption.training.task import CaptionTask
from tushuo.data import BOS, EOS, PAD, UNK
from tushuo.data.views import View
from tushuo.graph import Tensor, ops, value_and_grad
from tushuo.models.show_attend_tell import Annotations, ShowAttendTell, State
from tushuo.native import native
from tushuo.optim import AdamW, cosine, warmup
from tushuo.train.averaging import averaged, kept_share

__all__ = ["SelfCriticalTask"]

Ids = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

_WARMUP = 100  # steps
_ROUNDED = 4  # lengths are rounded up to a multiple, for fewer programs


class Photographs(NamedTuple):
    """A step's food."""

    numbers: Ids  # (B,), numbers of training photographs
    maps: Tensor  # as the network takes them
    mirrored: Sequence[bool]  # (B,)


@dataclass(frozen=True, kw_only=True)
class SelfCriticalTask:
    """The last part of a training, as the training loop takes it.

    Attributes:
        task: What is trained, and on what.
    """

    task: CaptionTask

    def start(self) -> tuple[Weights, Any]:
        """The weights and the optimiser's state before the first step."""
        network = (self.task.network or Network(self.task.decoder())).eval()
        return Weights(network, network), self.optimizer().init(network)

    def optimizer(self) -> ByPart:
        """AdamW without decay, its rate falling as half a cosine after a short rise."""
        part = self.task.part
        falls = max(1, self.batches_per_epoch() * part.epochs - _WARMUP)
        decoder, tail = (
            AdamW(warmup(_WARMUP, cosine(lr, falls)), weight_decay=0.0)
            for lr in (part.lr, part.encoder_lr)
        )
        return ByPart(decoder, tail if self.tail_learns else None, self.task.recipe.clip)

    @property
    def tail_learns(self) -> bool:
        """Whether the encoder's last blocks learn, too."""
        part = self.task.part
        return part.blocks is not None and part.encoder_lr > 0

    def step(self) -> Callable[..., tuple[Weights, Any, Mapping[str, Any]]]:
        """The function that makes one step, for the training loop."""
        r, optimizer = self.task.recipe, self.optimizer()
        differentiated = value_and_grad(partial(policy_loss, temperature=r.temperature))

        @native
        def update(
            network: Network, state: Any, maps: Tensor, ids: Tensor, gains: Tensor
        ) -> tuple[Network, Any, Tensor, Tensor]:
            loss, gradient = differentiated(network, maps, ids, gains)
            return *optimizer.update(network, gradient, state), loss

        average, draw = native(averaged), Sampler(r.max_words, r.temperature)
        seen = native(Network.features)

        def step(
            weights: Weights, state: Any, batch: Photographs, rng: np.random.Generator
        ) -> tuple[Weights, Any, Mapping[str, Any]]:
            network, maps = weights.network, batch.maps
            kept = Tensor(np.float32(kept_share(r.average, steps(state))))
            features = seen(network, maps)
            ids = draw(network.decoder, features, r.samples, rng)  # (B, K, T + 1)
            scores = self.scores(batch, ids)
            gains = (scores - scores.mean(axis=1, keepdims=True)) * (r.samples / (r.samples - 1))
            learns, maps = (network, maps) if self.tail_learns else (network.alone(), features)
            learns, state, norm, loss = update(learns, state, maps, Tensor(ids), Tensor(gains))
            network = Network(learns.decoder, learns.tail or network.tail)
            metrics = {
                "loss": loss,
                "cider_d": float(scores.mean()),
                "words": float((ids[..., 1:] > EOS).sum() / scores.size),
                "gradient_norm": norm,
            }
            return Weights(network, average(weights.average, network, kept)), state, metrics

        return step

    def scores(self, batch: Photographs, ids: Ids) -> Floats:
        """CIDEr-D, 0 to 10, of sentences (B, K, T + 1), the end token counted: (B, K)."""
        swap = self.task.mirrored_ids
        rows = []
        for number, mirrored, several in zip(batch.numbers, batch.mirrored, ids, strict=True):
            told = swap[several] if mirrored else several
            rows.append([self.reward(ended(one), int(number)) for one in told])
        return np.array(rows, np.float32)

    @cached_property
    def reward(self) -> CiderD:
        """The score against the training captions, in which words are numbers."""
        return CiderD([[ended(np.array(ids)) for ids in several] for several in self.task.ids])

    def batches_per_epoch(self) -> int:
        """The number of steps in an epoch."""
        return -(-len(self.task.train) // self.task.recipe.images_per_batch)

    def batches(self, epoch: int, start: int) -> Iterator[Photographs]:
        """The batches of an epoch, from number ``start`` on."""
        size, task = self.task.recipe.images_per_batch, self.task
        order = np.random.default_rng([task.recipe.seed, epoch, 1]).permutation(len(task.train))
        views = task.views(epoch)
        parts = (order[i : i + size] for i in range(start * size, len(order), size))
        return ahead(self._photographs(part, [views[i] for i in part]) for part in parts)

    def _photographs(self, numbers: Ids, views: Sequence[View]) -> Photographs:
        images = [self.task.train[i].image for i in numbers]
        maps = self.task.maps.maps(images, views)
        return Photographs(numbers, Tensor.of(maps), [view.mirrored for view in views])


def policy_loss(
    network: Network,
    maps: Tensor,
    ids: Tensor,
    gains: Tensor,
    temperature: float = 1.0,
) -> Tensor:
    """Minus the gain in score that sentences promise, mean over sentences.

    Its gradient is that of the expected score, Williams' REINFORCE (1992); Rennie et al. (5).

    Args:
        network: Writes.
        maps: Of photographs, as the network takes them.
        ids: Sentences that were drawn, begin token and padding and all, (B, K, T + 1).
        gains: How much better than the others each scored, (B, K).
        temperature: What the logits are divided by, as when the sentences were drawn.
    """
    logits, _ = network(maps, ids[..., :-1])
    log_probs = ops.log_softmax(_possible(logits) / temperature, axis=-1)
    chosen = ops.take_along_axis(log_probs, ids[..., 1:][..., None], axis=-1)[..., 0]  # (B, K, T)
    drawn = ops.where(ids[..., 1:] == PAD, 0.0, chosen)
    return -ops.mean(ops.sum(drawn, axis=-1) * gains)


def ended(ids: Ids) -> tuple[str, ...]:
    """The words of a sentence, its end token included, as what CIDEr compares."""
    return tuple(map(str, ids[(ids != PAD) & (ids != BOS)].tolist()))


class Sampler:
    """Draws sentences by chance, word by word.

    Args:
        max_words: A sentence that is longer breaks off.
        temperature: What the logits are divided by; below 1 likely words become likelier.
    """

    def __init__(self, max_words: int, temperature: float = 1.0) -> None:
        self._max_words = max_words
        self._begin = native(_begin)
        self._step = native(partial(_step, temperature))

    def __call__(
        self, decoder: ShowAttendTell, features: Tensor, sentences: int, rng: np.random.Generator
    ) -> Ids:
        """Sentences (B, K, T + 1), from the begin token to the end token, padded."""
        annotations, state = self._begin(decoder, features, Tensor(np.zeros(sentences)))
        words = np.full(state.h.shape[:2], BOS, np.int64)
        columns = [words]
        for _ in range(self._max_words + 1):
            state, probabilities = self._step(decoder, annotations, state, Tensor(words))
            next_words = drawn(probabilities.numpy(), rng)
            words = np.where(np.isin(words, (EOS, PAD)), PAD, next_words)
            if (words == PAD).all():
                break
            columns.append(words)
        while (len(columns) - 1) % _ROUNDED:
            columns.append(np.full_like(words, PAD))
        return np.stack(columns, axis=-1)


def _begin(
    decoder: ShowAttendTell, features: Tensor, sentences: Tensor
) -> tuple[Annotations, State]:
    annotations = decoder.annotations(features)
    return annotations, decoder.initial(annotations, sentences.shape[0])


def _step(
    temperature: float,
    decoder: ShowAttendTell,
    annotations: Annotations,
    state: State,
    words: Tensor,
) -> tuple[State, Tensor]:
    """The memory after the words, and the probabilities of the next ones, (B, K, V)."""
    out = decoder.step(annotations, state, words)
    return out.state, ops.softmax(_possible(out.logits) / temperature, axis=-1)


def _possible(logits: Tensor) -> Tensor:
    """Logits (..., V) of which those of what is no word are far below all others."""
    forbidden = np.zeros(logits.shape[-1], np.float32)
    forbidden[[PAD, BOS, UNK]] = -1e4
    return logits + forbidden


def drawn(probabilities: Floats, rng: np.random.Generator) -> Ids:
    """A word for each row of probabilities (..., V)."""
    sums = np.cumsum(probabilities, axis=-1)
    chance = rng.random(sums.shape[:-1], np.float32)[..., None] * sums[..., -1:]
    words: Ids = np.minimum((sums <= chance).sum(axis=-1), sums.shape[-1] - 1)
    return words
