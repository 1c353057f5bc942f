"""Where photographs are handed in: so many at once and no more, then one after the other."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np

from tushuo.caption import Captioner, Unfinished
from tushuo.web.decoding import Decoded, Decoders
from tushuo.web.limits import Limits
from tushuo.web.problems import RequestError
from tushuo.web.sightings import Recent, Sighting, caption_json
from tushuo.web.steps import draw_step, retrace

__all__ = ["Desk", "Event", "Turn"]

T = TypeVar("T")
Region: TypeAlias = tuple[float, float, float, float]
SHOWN = 1280  # the longest side of a photograph on the page, in pixels


class Event(NamedTuple):
    """Something to tell while a photograph is captioned: "word" or "caption"."""

    name: str
    data: dict[str, Any]


@dataclass
class Turn:
    """A place in the queue; to be given back."""

    desk: Desk
    bytes: int = 0
    held: bool = True

    def grow(self, count: int) -> None:
        """Note that so many bytes more are kept for it.

        Raises:
            RequestError: Too many bytes are waiting.
        """
        self.desk.check_bytes(count)
        self.bytes += count
        self.desk.bytes += count

    def leave(self) -> None:
        """Give the place back."""
        if self.held:
            self.held = False
            self.desk.turns -= 1
            self.desk.bytes -= self.bytes


class Desk:
    """Captions photographs for many visitors; used in one event loop.

    Args:
        captioner: What writes the captions.
        limits: How many wait, and how images are decoded.
    """

    def __init__(self, captioner: Captioner, limits: Limits) -> None:
        self.captioner = captioner
        self.limits = limits
        self.turns = self.bytes = 0
        self.recent: Recent[Sighting] = Recent(limits.remembered)
        self._decoders = Decoders(limits)
        self._decoding = ThreadPoolExecutor(limits.decoders, "decode")
        self._thinking = ThreadPoolExecutor(1, "caption")

    def close(self) -> None:
        """End all work."""
        for pool in (self._thinking, self._decoding):
            pool.shutdown(wait=False, cancel_futures=True)
        self._decoders.close()

    def enter(self) -> Turn:
        """Take a place in the queue.

        Raises:
            RequestError: It is full.
        """
        if self.turns >= self.limits.uploads:
            raise _busy(f"{self.turns} photographs are waiting already")
        self.turns += 1
        return Turn(self)

    def check_bytes(self, more: int) -> None:
        """Whether there is room for more bytes; see `Turn.grow`."""
        if self.bytes + more > self.limits.waiting_bytes:
            raise _busy("the photographs that are waiting fill the memory set aside for them")

    async def decode(
        self, content: bytes, side: int = SHOWN, *, to_caption: bool = True
    ) -> Decoded:
        """Decode an image file in another process.

        Raises:
            ImageError: It cannot be read, or takes too much memory or time.
        """
        prepare = self.captioner.preprocessing if to_caption else None
        return await _in(self._decoding, lambda: self._decoders.decode(content, side, prepare))

    async def events(self, decoded: Decoded, photo: int | None = None) -> AsyncIterator[Event]:
        """Caption a photograph: an event for each word while it is decoded, then the caption.

        When the visitor goes away, the search stops at the next word.
        """
        loop = asyncio.get_running_loop()
        told: asyncio.Queue[Event | None] = asyncio.Queue()
        gone = threading.Event()
        region = self._region(decoded)

        def watch(sentences: Sequence[Unfinished]) -> None:
            if gone.is_set():
                raise _GoneError
            loop.call_soon_threadsafe(told.put_nowait, self._word(sentences[0], region))

        work = loop.run_in_executor(
            self._thinking, lambda: self._see(decoded, region, photo, watch)
        )
        work.add_done_callback(lambda _: told.put_nowait(None))
        try:
            while (event := await told.get()) is not None:
                yield event
            sighting = await work
            yield Event("caption", caption_json(sighting))
        finally:
            gone.set()
            work.cancel()

    async def caption(self, decoded: Decoded, photo: int | None = None) -> dict[str, Any]:
        """Caption a photograph, and tell only of the end."""
        last = [event async for event in self.events(decoded, photo)][-1]
        return last.data

    async def graph(self, sighting: Sighting, word: int, kind: str) -> str:
        """The graph of the step that chose a word: "svg" or "html"."""

        def drawn() -> str:
            drawing = draw_step(self.captioner, sighting.features, sighting.caption.words, word)
            return drawing.html() if kind == "html" else drawing.svg()

        return await _in(self._thinking, drawn)

    def _region(self, decoded: Decoded) -> Region:
        """What the model sees of a photograph, in shares of its size."""
        width, height = decoded.width, decoded.height
        left, top, right, bottom = self.captioner.preprocessing.region(width, height)
        return (left / width, top / height, right / width, bottom / height)

    def _word(self, sentence: Unfinished, region: Region) -> Event:
        vocabulary = self.captioner.bundle.vocabulary
        words = vocabulary.decode(sentence.ids)
        side = round(len(sentence.attention) ** 0.5)
        places = sentence.attention.reshape(side, side).astype(np.float64)
        attention = np.round(places, 5).tolist()
        text = vocabulary.detokenize(words)
        told = {"text": text, "words": words, "attention": attention, "region": region}
        return Event("word", told)

    def _see(
        self,
        decoded: Decoded,
        region: Region,
        photo: int | None,
        watch: Callable[[Sequence[Unfinished]], None],
    ) -> Sighting:
        assert decoded.pixels is not None
        features = self.captioner.features(decoded.pixels[None])
        (caption,) = self.captioner.caption_features(features, watch=watch)
        sighting = Sighting(
            caption=caption,
            steps=tuple(retrace(self.captioner, features[0], caption.words)),
            features=features[0],
            jpeg=decoded.jpeg,
            width=decoded.width,
            height=decoded.height,
            region=region,
            model=self.captioner.bundle.name,
            language=self.captioner.language,
            photo=photo,
        )
        self.recent.put(sighting.key, sighting)
        return sighting


class _GoneError(Exception):
    """Nobody waits for the caption any more."""


def _busy(why: str) -> RequestError:
    return RequestError(
        503, "busy", f"too much at once: {why}", hint="try again soon", headers={"Retry-After": "2"}
    )


async def _in(pool: ThreadPoolExecutor, work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(pool, work)
