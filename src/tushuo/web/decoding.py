"""Images decoded in other processes, with a bound on memory and time; a dead one is replaced."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tushuo.data import Preprocessing
from tushuo.errors import ImageError
from tushuo.web.frames import read_frame, write_frame
from tushuo.web.limits import Limits

__all__ = ["Decoded", "Decoders"]

_MOST_ANSWER = 256 << 20
_STARTING_SECONDS = 60.0  # of a process, on a machine that is busy
_CANNOT = "cannot read the photograph"
_DIED = "decoding it failed (too much memory or time, or a damaged file)"


@dataclass(frozen=True, eq=False)
class Decoded:
    """What came out of an image file.

    Attributes:
        width: In pixels, upright.
        height: In pixels, upright.
        jpeg: A picture of it to show, no larger than was asked for.
        pixels: As the encoder takes it, (3, S, S); None if that was not asked for.
    """

    width: int
    height: int
    jpeg: bytes
    pixels: npt.NDArray[np.float32] | None


class Decoders:
    """Some processes that decode; started when needed, to be closed in the end.

    Args:
        limits: Their number, memory and time.
    """

    def __init__(self, limits: Limits) -> None:
        self._free: queue.LifoQueue[_Process] = queue.LifoQueue()  # those that run first
        self._all = [_Process(limits) for _ in range(limits.decoders)]
        for process in self._all:
            self._free.put(process)

    def decode(self, content: bytes, side: int, prepare: Preprocessing | None = None) -> Decoded:
        """Decode an image; waits for a free process. May be called in many threads.

        Args:
            content: An image file, of any origin.
            side: The longest side of the picture to show, in pixels.
            prepare: What makes the encoder's input, if that is wanted.

        Raises:
            ImageError: It cannot be read, or took too much memory or time.
        """
        process = self._free.get()
        try:
            answer, body = process.ask(_question(side, prepare), content)
        finally:
            self._free.put(process)
        if "problem" in answer:
            raise ImageError(str(answer["problem"]), hint=str(answer.get("hint", "")))
        return _decoded(answer, body, prepare)

    def close(self) -> None:
        """End the processes."""
        for process in self._all:
            process.end()


def _question(side: int, prepare: Preprocessing | None) -> dict[str, Any]:
    return {"side": side, "preprocessing": None if prepare is None else prepare.to_config()}


def _decoded(answer: dict[str, Any], body: bytes, prepare: Preprocessing | None) -> Decoded:
    """The answer, taken apart; the process may have been taken over, so it is not relied on."""
    try:
        width, height, shown = (int(answer[name]) for name in ("width", "height", "shown"))
        pixels = None
        if prepare is not None:
            shape = (3, prepare.size, prepare.size)
            pixels = np.frombuffer(body[shown:], np.float32).reshape(shape)
        if not 0 < shown <= len(body) or min(width, height) < 1:
            raise ValueError(shown)
    except (KeyError, TypeError, ValueError, OverflowError):
        raise ImageError(f"{_CANNOT}: decoding it gave no picture") from None
    return Decoded(width, height, body[:shown], pixels)


class _Process:
    """One process, started when it is first asked and again after it died."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._running: subprocess.Popen[bytes] | None = None

    def ask(self, question: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
        process = self._running
        if process is None:
            process = self._start()
            self._exchange(process, _STARTING_SECONDS)  # it says that it is ready
        return self._exchange(process, self._limits.decoding_seconds, question, content)

    def _exchange(
        self,
        process: subprocess.Popen[bytes],
        seconds: float,
        question: dict[str, Any] | None = None,
        content: bytes = b"",
    ) -> tuple[dict[str, Any], bytes]:
        late = threading.Event()
        timer = threading.Timer(seconds, _kill, (process, late))
        timer.start()
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            if question is not None:
                write_frame(process.stdin, question, content)
            return read_frame(process.stdout, _MOST_ANSWER)
        except (OSError, EOFError, ValueError, RecursionError):
            self.end()
            reason = f"decoding it took longer than {seconds:g} seconds" if late.is_set() else _DIED
            raise ImageError(f"{_CANNOT}: {reason}") from None
        finally:
            timer.cancel()
            if late.is_set():  # perhaps just after its answer
                self.end()

    def end(self) -> None:
        """End it, however busy it is."""
        process, self._running = self._running, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):  # what could not be written is lost
                    if pipe is not None:
                        pipe.close()

    def _start(self) -> subprocess.Popen[bytes]:
        limits = self._limits
        bounds = (limits.decoding_bytes, limits.decoding_seconds + 1, limits.upload_bytes)
        command = [sys.executable, "-P", "-m", "tushuo.web.decoder", *(f"{x:.0f}" for x in bounds)]
        one_thread = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self._running = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | one_thread,
            start_new_session=True,  # Ctrl-C is for the server
        )
        return self._running


def _kill(process: subprocess.Popen[bytes], late: threading.Event) -> None:
    late.set()
    process.kill()
