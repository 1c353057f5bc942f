"""How every command meets the user: one line for an error, quiet endings, clean text."""

from __future__ import annotations

import errno
import inspect
import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import typer

from tushuo.cli.spelling import as_options, options_of
from tushuo.errors import BundleError, DatasetError, TushuoError, UsageError

__all__ = ["complain", "counted", "guarded", "one_line", "tell_error", "write", "write_json"]

P = ParamSpec("P")
R = TypeVar("R")

_FAILED, _MISUSED, _INTERRUPTED, _PIPE_CLOSED = 1, 2, 130, 141  # the last two: 128 + the signal
_USAGE = (UsageError, BundleError, DatasetError)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def guarded(command: Callable[P, R]) -> Callable[P, R]:
    """The command, with its errors told in one line and turned into an exit status.

    They speak of its options as one writes them.

    2 for wrong usage (an unknown model or data set too), 1 for other errors that tushuo raises and
    those of the system (a full disk, say), 130 after Ctrl-C, 141 when the reader of a pipe has
    closed it; the last two are quiet.
    """

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            result = command(*args, **kwargs)
            if sys.stdout is not None:
                sys.stdout.flush()
        except TushuoError as error:
            complain(as_options(_told(error), options_of(command)))
            raise typer.Exit(_MISUSED if isinstance(error, _USAGE) else _FAILED) from None
        except KeyboardInterrupt:
            raise typer.Exit(_INTERRUPTED) from None
        except BrokenPipeError:
            _drop_output()
            raise typer.Exit(_PIPE_CLOSED) from None
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            complain(f"{where}{error.strerror or error}")
            _drop_output()
            raise typer.Exit(_FAILED) from None
        return result

    run.__doc__ = _unwrapped(command.__doc__)
    return run


def complain(problem: str) -> None:
    """One line on standard error."""
    print(f"tushuo: {_visible(problem)}", file=sys.stderr, flush=True)


def counted(number: int, what: str) -> str:
    """So many of something, as "1 page" or "2 pages"."""
    return f"{number:,} {what}{'s' * (number != 1)}"


def write(line: str) -> None:
    """One line on standard output, at once; names of any bytes come out as they went in."""
    if sys.stdout is None:
        raise OSError(errno.EBADF, "standard output is closed")
    data = f"{line}\n".encode("utf-8", "surrogateescape")
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:
        sys.stdout.write(data.decode("utf-8", "replace"))
    else:
        buffer.write(data)
    sys.stdout.flush()


def write_json(content: Mapping[str, Any]) -> None:
    """One JSON object on a line of standard output."""
    text = json.dumps(content, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:  # a name that is no Unicode: Python reads its escapes back
        text = json.dumps(content)
    write(text)


def one_line(path: str) -> str:
    """A path without tabs, line breaks or other control characters: those become escapes.

    A backslash becomes two, so that the path can be read back, where it is no separator.
    """
    text = path
    return _visible(text if os.sep == "\\" else text.replace("\\", r"\\"))


def tell_error(path: Path, error: TushuoError, as_json: bool) -> None:
    """Why a photograph failed: on standard error, and where that is JSON on standard output too."""
    # the path stands beside the reason, and need not be in it
    why = str(error).removeprefix(f"cannot read {str(path)!r}: ")
    complain(f"{path}: {why}")
    if as_json:
        write_json({"path": str(path), "error": why})


def _told(error: TushuoError) -> str:
    """What is left to be told after a line for each bad entry of a data set."""
    if not isinstance(error, DatasetError) or not error.problems:
        return str(error)
    for problem in error.problems:
        complain(problem)
    return str(DatasetError(error.summary, hint=error.hint))


def _unwrapped(docstring: str | None) -> str:
    """A docstring with each paragraph on one line, for a terminal of another width to wrap."""
    return re.sub(r"(?<!\n)\n(?!\n)", " ", inspect.cleandoc(docstring or ""))


def _drop_output() -> None:
    """Forget what is left in the buffer, which would fail once more when the process ends."""
    if sys.stdout is not None:
        with suppress(OSError):  # an output that is no file needs nothing
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _visible(text: str) -> str:
    """Control characters as escapes, since they could steer a terminal."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), text)
