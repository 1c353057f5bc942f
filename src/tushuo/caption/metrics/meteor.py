"""METEOR 1.5, by its authors' Java program, which the package pycocoevalcap brings along.

Denkowski and Lavie, "Meteor Universal: language specific translation evaluation for any target
language", WMT 2014.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from tushuo.caption.metrics.ngrams import Words
from tushuo.errors import DatasetError, MissingDependencyError

__all__ = ["meteor"]

_JAR = "meteor/meteor-1.5.jar"
_SEPARATOR = " ||| "


def meteor(
    candidates: Sequence[Words], references: Sequence[Sequence[Words]]
) -> tuple[float, list[float]]:
    """METEOR of a corpus of English captions and of each image.

    Args:
        candidates: One tokenized caption for each image.
        references: The tokenized references of each image, in the same order.

    Returns:
        The score of the corpus, from 0 to 1, which is not the mean of the images' scores; and
        those.

    Raises:
        MissingDependencyError: Java or pycocoevalcap is not there.
        DatasetError: The program fails.
    """
    java, jar = _program()
    command = [java, "-Xmx2G", "-jar", str(jar), "-", "-", "-stdio", "-l", "en", "-norm"]
    lines = [_line(several, one) for one, several in zip(candidates, references, strict=True)]
    with tempfile.TemporaryFile("w+") as errors:
        try:
            with _started(command, errors) as process:
                found = [_asked(process, line)[0] for line in lines]
                answers = _asked(process, _SEPARATOR.join(["EVAL", *found]), len(lines) + 1)
            *by_image, corpus = map(float, answers)
        except (ValueError, OSError):
            errors.seek(0)
            problem = errors.read().strip()[-200:] or "it ended without an answer"
            raise DatasetError(f"METEOR's program failed: {problem}") from None
    return corpus, by_image


def _started(command: Sequence[str], errors: IO[str]) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen(command, encoding="utf-8", stdin=pipe, stdout=pipe, stderr=errors)


def _program() -> tuple[str, Path]:
    """Java and the program."""
    hint = "install Java and the package pycocoevalcap, or leave METEOR out"
    java, package = shutil.which("java"), find_spec("pycocoevalcap")
    if java is None:
        raise MissingDependencyError("METEOR needs Java, which is not installed", hint=hint)
    folders = package.submodule_search_locations if package else None
    jar = next((Path(folder) / _JAR for folder in folders or ()), None)
    if jar is None or not jar.is_file():
        raise MissingDependencyError("METEOR needs the package pycocoevalcap", hint=hint)
    return java, jar


def _line(references: Sequence[Words], candidate: Words) -> str:
    texts = [" ".join(words).replace("|||", "") for words in (*references, candidate)]
    return _SEPARATOR.join(["SCORE", *texts])


def _asked(process: subprocess.Popen[str], line: str, answers: int = 1) -> list[str]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()
    return [process.stdout.readline().strip() for _ in range(answers)]
