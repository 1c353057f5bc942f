"""Training an embedder: what a step, an epoch and a validation are."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tushuo.caption.embedding.described import Described, languages_of
from tushuo.caption.embedding.embedder import Embedder
from tushuo.caption.embedding.pieces import TEXT, PieceList
from tushuo.caption.embedding.recall import Recall, recall
from tushuo.caption.embedding.recipe import EmbedderRecipe
from tushuo.caption.embedding.relevance import fit_relevance
from tushuo.errors import DatasetError
from tushuo.graph import Tensor, ops, value_and_grad
from tushuo.models.joint_space import JointSpace, contrastive_loss
from tushuo.optim import AdamW, clip_grad_norm, cosine, warmup
from tushuo.train.averaging import moving_average

__all__ = ["EmbedderTask", "Photographs"]

Floats = npt.NDArray[np.float32]


class Sentences(NamedTuple):
    """One sentence each of some photographs of a batch, all of one language."""

    rows: Tensor  # (M,), which photographs
    pieces: Tensor  # (M, T)


class Batch(NamedTuple):
    """A step's food: N photographs, with sentences of each language."""

    pooled: Tensor  # (N, C)
    languages: tuple[Sentences, ...]


class Weights(NamedTuple):
    """What a step changes: the network, and the moving average of it that is kept in the end."""

    network: JointSpace
    average: JointSpace


@dataclass(frozen=True, eq=False)
class Photographs:
    """A split.

    Attributes:
        described: The photographs with their sentences.
        pooled: The means of their feature maps, float32 (N, C).
    """

    described: Sequence[Described]
    pooled: Floats

    def sentences(self, language: str) -> tuple[list[str], npt.NDArray[np.int64]]:
        """All sentences of a language, and for each the number of its photograph."""
        pairs = [
            (text, i) for i, d in enumerate(self.described) for text in d.texts.get(language, ())
        ]
        return [text for text, _ in pairs], np.array([i for _, i in pairs], dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class EmbedderTask:
    """A data set and a recipe, as the training loop takes them.

    Attributes:
        recipe: The settings.
        train: Photographs to learn from.
        dev: Photographs to validate with.
        source: What made the pooled maps; part of the fingerprint.

    Raises:
        DatasetError: There are too few photographs, or too rare words.
    """

    recipe: EmbedderRecipe
    train: Photographs
    dev: Photographs
    source: str = ""

    def __post_init__(self) -> None:
        if len(self.train.described) < 2:
            raise DatasetError("the train split has one photograph, it takes two to tell apart")
        if len(self.pieces) == len(PieceList.build([])):
            raise DatasetError(
                "no word of the training captions comes often enough "
                f"(min_count {self.recipe.min_count})",
                hint="lower min_count",
            )

    @cached_property
    def pieces(self) -> PieceList:
        """The pieces of the training captions."""
        texts = (t for d in self.train.described for own in d.texts.values() for t in own)
        return PieceList.build(texts, self.recipe.min_count)

    def network(self) -> JointSpace:
        """A network with its first weights."""
        r = self.recipe
        return JointSpace(
            len(self.pieces),
            self.train.pooled.shape[1],
            r.dimensions,
            r.embedding,
            r.dropout_image,
            r.dropout_text,
            rng=np.random.default_rng(r.seed),
        )

    def optimizer(self) -> AdamW:
        """AdamW with its schedule: up over the first epoch, then down as half a cosine."""
        r, steps = self.recipe, self.batches_per_epoch()
        fall = cosine(r.lr, max(1, steps * (r.epochs - 1)))
        return AdamW(warmup(steps, fall), weight_decay=r.weight_decay)

    def start(self) -> tuple[Weights, Any]:
        """The weights and the optimiser's state before the first step."""
        network = self.network()
        return Weights(network, network), self.optimizer().init(network)

    def step(self) -> Callable[..., tuple[Weights, Any, Mapping[str, Any]]]:
        """The function that makes one step, for the training loop."""
        optimizer, differentiated = self.optimizer(), value_and_grad(self.loss)

        def step(
            weights: Weights, state: Any, batch: Batch, rng: np.random.Generator
        ) -> tuple[Weights, Any, Mapping[str, Any]]:
            made = int(state["step"])
            loss, gradient = differentiated(weights.network.train(), batch, rng)
            gradient, norm = clip_grad_norm(gradient, self.recipe.clip)
            network, state = optimizer.update(weights.network, gradient, state)
            average = moving_average(weights.average, network, self.recipe.average, made)
            metrics = {"loss": loss, "gradient_norm": norm, "scale": network.scale()}
            return Weights(network, average), state, metrics

        return step

    def loss(self, network: JointSpace, batch: Batch, rng: np.random.Generator) -> Tensor:
        """The mean of the languages' contrastive losses."""
        images = network.images(batch.pooled, rng)
        losses = []
        for rows, pieces in batch.languages:
            numbers = pieces.numpy()
            kept = rng.random(numbers.shape) >= self.recipe.drop_pieces
            texts = network.texts(pieces, rng, mask=kept | (numbers == TEXT))
            losses.append(contrastive_loss(ops.take(images, rows), texts, network.scale()))
        return sum(losses[1:], losses[0]) / len(losses)

    def batches_per_epoch(self) -> int:
        """The number of steps in an epoch."""
        return self._rounds * self._batches_per_round

    def batches(self, epoch: int, start: int) -> Iterator[Batch]:
        """The batches of an epoch, from number ``start`` on.

        An epoch has rounds. In each, every photograph comes once, with one sentence of each
        language; sentences come in turns.
        """
        random = np.random.default_rng([self.recipe.seed, epoch])
        count = len(self.train.described)
        first = random.integers(1 << 30, size=count)  # where a photograph's turns begin
        orders = [random.permutation(count) for _ in range(self._rounds)]
        plan = [
            (turn, members)
            for turn, order in enumerate(orders)
            for members in np.array_split(order, self._batches_per_round)
        ]
        return (self._batch(members, first + turn) for turn, members in plan[start:])

    def validate(self, weights: Weights) -> dict[str, float]:
        """Recall of the averaged weights on the dev split, by language, and the mean of all."""
        scores: dict[str, float] = {}
        for language, found in self.recalls(self.embedder(weights.average)).items():
            named = found.as_dict()
            for name, short in _SHORT.items():
                scores[f"{language}_{short}"] = named[name]
        return {**scores, "recall": float(np.mean([*scores.values()]))}

    def recalls(self, embedder: Embedder) -> dict[str, Recall]:
        """How well an embedder ranks the dev split, by language."""
        found = {}
        for language in languages_of(self.dev.described):
            texts, owners = self.dev.sentences(language)
            shown, owners = np.unique(owners, return_inverse=True)
            vectors = embedder.embed_pooled(self.dev.pooled[shown])
            found[language] = recall(vectors, embedder.embed_texts(texts), owners)
        return found

    def embedder(self, network: JointSpace) -> Embedder:
        """The embedder that a network makes, without a cut-off."""
        return Embedder(network.eval(), self.pieces)

    def with_relevance(self, embedder: Embedder) -> Embedder:
        """The same with a cut-off fitted on the dev split; the background is the train split."""
        pairs = [self.dev.sentences(language) for language in languages_of(self.dev.described)]
        relevance = fit_relevance(
            embedder.embed_pooled(self.train.pooled),
            embedder.embed_pooled(self.dev.pooled),
            embedder.embed_texts([text for texts, _ in pairs for text in texts]),
            np.concatenate([owners for _, owners in pairs]),
            embedder.network.scale().item(),
        )
        return Embedder(embedder.network, embedder.pieces, relevance)

    def fingerprint(self) -> str:
        """A hash of what the run learns from: photographs' names, sentences, feature maps."""
        lines = [self.source]
        for split in (self.train, self.dev):
            for described in split.described:
                lines += [described.image.name, *(repr(own) for own in described.texts.items())]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]

    def _batch(self, members: npt.NDArray[Any], turns: npt.NDArray[Any]) -> Batch:
        languages = []
        for encoded in self._encoded.values():
            rows = [row for row, i in enumerate(members) if encoded[i]]
            if rows:
                chosen = [encoded[i][turns[i] % len(encoded[i])] for i in members[rows]]
                languages.append(Sentences(Tensor(rows), Tensor(self.pieces.batch(chosen))))
        return Batch(Tensor.of(self.train.pooled[members]), tuple(languages))

    @cached_property
    def _encoded(self) -> dict[str, list[list[list[int]]]]:
        """For each language and photograph, its sentences as numbers."""
        return {
            language: [
                [self.pieces.encode(text) for text in d.texts.get(language, ())]
                for d in self.train.described
            ]
            for language in languages_of(self.train.described)
        }

    @cached_property
    def _rounds(self) -> int:
        """As many as a photograph has sentences of its richest language, in the mean."""
        most = max(sum(map(len, own)) for own in self._encoded.values())
        return max(1, round(most / len(self.train.described)))

    @property
    def _batches_per_round(self) -> int:
        return max(1, len(self.train.described) // self.recipe.photographs_per_batch)


_SHORT = {
    "text-to-photo R@1": "r1",
    "text-to-photo R@5": "r5",
    "text-to-photo R@10": "r10",
}
