"""The folder of a run: which files are in it, and whose they are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tushuo.errors import CheckpointError, UsageError
from tushuo.train.checkpoint import Checkpoint, load_checkpoint

LAST, BEST, LOG, EVENTS = "last.safetensors", "best.safetensors", "log.jsonl", "tensorboard"


def open_run(out: Path, settings: Mapping[str, Any], overwrite: bool = False) -> Checkpoint | None:
    """Make the folder of a run, or find the run that it holds.

    Args:
        out: The folder.
        settings: What tells this run from others; JSON.
        overwrite: Whether another run's files in the folder are removed.

    Returns:
        The last checkpoint if the folder holds the same run, None if it holds none.

    Raises:
        CheckpointError: The folder holds another run; the message names what differs.
        UsageError: The folder cannot be made, or the settings are not JSON.
    """
    wanted = _normal(settings)
    make_folder(out)
    if overwrite:
        clear_run(out)
    if (out / LAST).exists():
        found = load_checkpoint(out / LAST)
        _check_same(out, found.scalars.get("settings"), wanted)
        return found
    strays = [name for name in (BEST, LOG) if (out / name).exists()]
    if strays:
        raise CheckpointError(
            f"{out} holds {' and '.join(strays)} but no {LAST}, so the run cannot go on",
            hint=_OTHER,
        )
    return None


def differences(there: Any, here: Any, path: str = "") -> Iterator[str]:
    """What differs between two JSON values, as ``lr is 0.1 there, 0.2 here``."""
    if isinstance(there, dict) and isinstance(here, dict):
        for key in sorted(there.keys() | here.keys()):
            deeper = f"{path}.{key}" if path else key
            yield from differences(there.get(key, _ABSENT), here.get(key, _ABSENT), deeper)
    elif there != here or type(there) is not type(here):
        yield f"{path or 'it'} is {_shown(there)} there, {_shown(here)} here"


_ABSENT = object()
_OTHER = "choose another folder, or say that it may be overwritten (--overwrite)"


def _check_same(out: Path, there: Any, here: Any) -> None:
    found = list(differences(there, here))
    if found:
        more = f" and {len(found) - 5} more" if len(found) > 5 else ""
        raise CheckpointError(f"{out} holds another run: {'; '.join(found[:5])}{more}", hint=_OTHER)


def _normal(settings: Mapping[str, Any]) -> Any:
    """The settings as they come back from a file."""
    try:
        return json.loads(json.dumps(dict(settings)))
    except (TypeError, ValueError) as error:
        raise UsageError(f"the settings of a run must be JSON: {error}") from error


def make_folder(out: Path) -> None:
    """Make the folder of a run, where there is none.

    Raises:
        UsageError: It cannot be made.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"cannot make the folder {out}: {error.strerror or error}", hint="choose another"
        ) from error


def clear_run(out: Path) -> None:
    """Remove the files of a run, the one that makes it a run first, and nothing else."""
    for path in (out / LAST, out / BEST, out / LOG, *(out / EVENTS).glob("events.out.tfevents.*")):
        path.unlink(missing_ok=True)


def _shown(value: Any) -> str:
    return "absent" if value is _ABSENT else f"{value!r:.60}"
