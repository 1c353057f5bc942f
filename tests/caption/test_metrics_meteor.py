"""METEOR: what is said where its program is not, and what it does when it fails."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tushuo.caption.metrics import evaluate_captions
from tushuo.caption.metrics import meteor as meteor_function
from tushuo.errors import DatasetError, MissingDependencyError

meteor = sys.modules[meteor_function.__module__]

# Speaks like the program; a caption's score is the number of words that it has.
PROGRAM = """#!/usr/bin/env python3
import sys
for line in sys.stdin:
    kind, *parts = line.strip().split(" ||| ")
    if kind == "SCORE":
        print(len(parts[-1].split()), len(parts) - 1, flush=True)
    else:
        lengths = [int(part.split()[0]) for part in parts]
        print(*lengths, sum(lengths) / 100, sep="\\n", flush=True)
"""


@pytest.fixture
def program(tmp_path, monkeypatch):
    """A stand-in for Java, which is told the jar and speaks for it."""

    def install(text=PROGRAM):
        java = tmp_path / "java"
        java.write_text(text)
        java.chmod(0o755)
        monkeypatch.setattr(meteor, "_program", lambda: (str(java), Path("meteor.jar")))

    return install


def test_the_program_is_asked_line_by_line(program):
    program()
    found = meteor_function([["a", "dog"], ["cat"]], [[["a"], ["dog"]], [["|||", "cat"]]])
    assert found == (0.03, [2.0, 1.0])
    scores = evaluate_captions(
        {"1": "a dog", "2": "cat"}, {"1": ["a"], "2": ["b"]}, with_meteor=True
    )
    assert scores.as_dict()["METEOR"] == 0.03
    assert "|meteor:1.5,en,norm|" in scores.signature()


def test_a_program_that_fails(program):
    program("#!/bin/sh\necho no memory >&2\nexit 1\n")
    with pytest.raises(DatasetError, match="METEOR's program failed: no memory"):
        meteor_function([["a"]], [[["a"]]])


def test_without_java_or_the_package(monkeypatch):
    monkeypatch.setattr(meteor.shutil, "which", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"METEOR needs Java.*or leave METEOR out"):
        evaluate_captions({"1": "a"}, {"1": ["a"]}, with_meteor=True)
    monkeypatch.setattr(meteor.shutil, "which", lambda name: "/bin/java")
    monkeypatch.setattr(meteor, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match="needs the package pycocoevalcap"):
        meteor_function([["a"]], [[["a"]]])
