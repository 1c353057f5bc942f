from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from tushuo.cli.faces import guarded
from tushuo.cli.fields import by_fields
from tushuo.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Sizes:
    width: Annotated[int, typer.Option(min=1, help="From left to right.")] = 3
    height: Annotated[int | None, typer.Option(show_default="the width")] = None


@dataclass(frozen=True, kw_only=True)
class Asked:
    paths: Annotated[list[str], typer.Argument(metavar="PATH")]
    name: Annotated[str, typer.Option()]
    sizes: Sizes
    as_json: Annotated[bool, typer.Option("--json")] = False


@guarded
@by_fields
def command(asked: Asked) -> None:
    """Does as it is told."""
    if asked.name == "bad":
        raise UsageError("a bad name")
    print(asked)


def run(*arguments: str):
    app = typer.Typer(rich_markup_mode=None)
    app.command()(command)
    return CliRunner().invoke(app, arguments)


def test_fields_are_filled_from_options_of_their_names():
    asked = Asked(paths=["a", "b"], name="n", sizes=Sizes(width=7, height=2), as_json=True)
    result = run("a", "b", "--name", "n", "--json", "--width", "7", "--height", "2")
    assert result.stdout == f"{asked}\n"


def test_fields_that_are_left_out_keep_their_defaults():
    asked = Asked(paths=["a"], name="n", sizes=Sizes())
    assert run("a", "--name", "n").stdout == f"{asked}\n"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["a"], "--name"),
        (["--name", "n"], "PATH"),
        (["a", "--name", "n", "--width", "0"], "--width"),
        (["a", "--name", "n", "--sizes", "0"], "--sizes"),
    ],
)
def test_wrong_usage(arguments, named):
    result = run(*arguments)
    assert result.exit_code == 2
    assert named in result.stderr.splitlines()[-1]


def test_errors_of_the_command_are_told_in_one_line():
    result = run("a", "--name", "bad")
    assert (result.exit_code, result.stderr) == (2, "tushuo: a bad name\n")


def test_help_has_the_options_in_the_order_of_the_fields():
    text = run("--help").stdout
    places = [text.index(word) for word in ("--name", "--width", "--height", "--json")]
    assert places == sorted(places)
    assert "Does as it is told." in text
    assert "From left to right." in text
