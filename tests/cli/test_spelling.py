"""Errors of the library in the words of the command line."""

from __future__ import annotations

from typing import Annotated

import pytest
import typer

from tushuo.cli.app import app
from tushuo.cli.caption import caption
from tushuo.cli.spelling import as_options, options_of

OPTIONS = {
    "max_words": "--max-words",
    "do_sample": "--sample",
    "include": "--include",
    "skip_bad": "--skip-bad",
    "captions": "--captions",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("max_words: got 0", "--max-words: got 0"),
        ("5 is above max_words 3; set do_sample", "5 is above --max-words 3; set --sample"),
        ("include: got a string", "--include: got a string"),
        ("include and max_words: no", "--include and --max-words: no"),
        ("with skip_bad (--skip-bad)", "with --skip-bad"),
        ("choose one with captions (--captions)", "choose one with --captions"),
    ],
)
def test_names_become_options(text, expected):
    assert as_options(text, OPTIONS) == expected


@pytest.mark.parametrize(
    "text",
    [
        "3 words to include, but no captions",
        "no file 'max_words' or \"do_sample\"",
        "/data/max_words/x.json: missing",
        "no field my_max_words; max_words.json",
        "captions are missing",
        "it may be overwritten (--overwrite)",
    ],
)
def test_words_quotations_and_paths_stay(text):
    assert as_options(text, OPTIONS) == text
    assert as_options("max_words: got 0", {}) == "max_words: got 0"


def test_the_options_of_a_command():
    def command(
        site: Annotated[str, typer.Argument()],
        as_json: Annotated[bool, typer.Option("--json", "-j")],
        base_url: Annotated[str, typer.Option(metavar="URL")],
        grid: Annotated[bool, typer.Option("--grid/--no-grid")],
    ) -> None: ...

    assert options_of(command) == {
        "as_json": "--json",
        "base_url": "--base-url",
        "grid": "--grid",
    }
    found = options_of(caption)
    assert found["do_sample"] == "--sample"
    assert found["beams"] == "--beam"
    assert found["max_words"] == "--max-words"


def test_every_command_can_tell_its_options():
    apps = [app, *(group.typer_instance for group in app.registered_groups)]
    commands = [info.callback for each in apps for info in each.registered_commands]
    for command in commands:
        assert all(option.startswith("--") for option in options_of(command).values())
    assert sum("model" in options_of(command) for command in commands) > 5
