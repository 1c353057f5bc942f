"""Answers in a file, in a notebook and from a terminal: judged, and never a traceback."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from tushuo.cli.app import app
from tushuo.errors import UsageError
from tushuo.lessons import check, text
from tushuo.lessons.answers import begin, judge
from tushuo.lessons.checking import report
from tushuo.lessons.exercise import WrongAnswer, near
from tushuo.lessons.registry import find

LESSON = find("lesson-08")
RIGHT = """
def gates(x, y, z, w):
    return 2 * y, 2 * x, 2 * (z > w), 2 * (w > z)
def tanh_slope(out):
    return 1 - out * out
factor = 1000
"""


@pytest.fixture(autouse=True)
def english(monkeypatch):
    monkeypatch.setattr(text, "_chosen", "en")


@pytest.fixture
def answers(tmp_path):
    def write(content):
        path = tmp_path / "lesson-08.py"
        path.write_text(content, encoding="utf-8")
        return path

    return write


def run(*arguments):
    return CliRunner().invoke(app, ["check", *map(str, arguments)])


def test_begin_answer_and_check(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("8", "--start").stdout == "answers/lesson-08.py\n"
    path = tmp_path / "answers" / "lesson-08.py"
    assert "# A fused gate keeps its output only." in path.read_text("utf-8")

    fresh = run("lesson-08")
    assert fresh.exit_code == 1
    assert fresh.stdout.count("not answered yet") == 4

    path.write_text(RIGHT, encoding="utf-8")
    some = run(path)
    assert some.exit_code == 1
    assert some.stdout.splitlines() == [
        "✓ gates: right",
        "· staged: not answered yet",
        "✓ tanh_slope: right",
        "✓ factor: right",
        "3 of 4 right",
    ]


def test_all_right_is_success(answers):
    path = answers(f"{RIGHT}\nimport math\n{STAGED}")
    result = run("lesson-08", "--answers", path)
    assert result.exit_code == 0, result.stdout
    assert result.stdout.endswith("4 of 4 right\n")


STAGED = """
def staged(x, y):
    s, r = 1 / (1 + math.exp(-x)), x * x + y * y
    return (1 - s) * s * y / r - 2 * x * s * y / r**2, s / r - 2 * y * s * y / r**2
"""


def test_hints_grow_plainer(answers):
    path = answers("def tanh_slope(out):\n    return 1 - out")
    hints = [run(path).stdout.split("hint ")[1].splitlines()[0] for _ in range(4)]
    assert [h[:4] for h in hints] == ["1/3:", "2/3:", "3/3:", "3/3:"]
    assert hints[-1] == "3/3: 1 - out * out"


def test_in_chinese(answers):
    result = run(answers("factor = 2"), "--language", "zh")
    assert "· gates: 还没有回答" in result.stdout
    assert "✗ factor: factor = 2 不对" in result.stdout
    assert "提示 1/2" in result.stdout
    assert "4 题中答对 0 题" in result.stdout


def test_nothing_of_the_learner_is_overwritten(answers):
    path = answers("factor = 1000")
    with pytest.raises(UsageError, match="exists already; write your answers there"):
        begin(LESSON, path)
    assert path.read_text("utf-8") == "factor = 1000"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("x = 1\ny = 1 / 0", "line 2 stops with ZeroDivisionError: division by zero"),
        ("def gates(x:\n    return", "line 1 stops with SyntaxError"),
        ("x = 1\n)", "line 2 stops with SyntaxError: unmatched ')'"),
        ("import no_such_module", "line 1 stops with ModuleNotFoundError"),
        ("raise SystemExit", "line 1 stops with SystemExit"),
        ("import os\nos._exit(3)", "it ended, or ran over 20 s, in the middle of exercise 1"),
    ],
)
def test_a_file_that_does_not_run(answers, content, message):
    with pytest.raises(UsageError) as caught:
        judge(LESSON, answers(content))
    assert message in str(caught.value)
    assert "lesson-08.py" in str(caught.value)


def test_a_crash_is_told_by_its_line_and_the_others_are_checked(answers):
    content = "def gates(x, y, z, w):\n    a = x\n    return a.nothing\nfactor = 1000"
    outcomes = {o.name: o for o in judge(LESSON, answers(content))}
    assert outcomes["gates"].text.en.startswith("line 3 stops with AttributeError: 'float' object")
    assert outcomes["factor"].state == "right"


def test_a_loop_that_never_ends(answers):
    path = answers("def tanh_slope(out):\n    while True:\n        out += 1\nfactor = 1000")
    lines = run(path, "--seconds", "1").stdout.splitlines()
    assert re.fullmatch(
        r"✗ tanh_slope: still running after 1 s at line [23]; a loop that never ends, .*", lines[2]
    )
    assert lines[3].startswith("    hint 1/3")
    assert lines[4] == "· factor: not checked, for the one before did not end"
    assert lines[-1] == "0 of 4 right"


def test_a_loop_outside_of_the_answers(answers):
    with pytest.raises(UsageError, match=r"lesson-08.py: still running after 1 s at line 1; "):
        judge(LESSON, answers("while True: pass"), seconds=1)


def test_wrong_usage(tmp_path):
    missing = run("lesson-08", "--answers", tmp_path / "none.py")
    assert missing.exit_code == 2
    assert "begin with: tushuo check lesson-08 --start" in missing.stderr
    unknown = run("lesson-99")
    assert unknown.exit_code == 2
    assert "there is no lesson 'lesson-99'; there are lesson-" in unknown.stderr
    assert "named twice" in run("lesson-08.py", "--answers", "x.py").stderr


def test_in_a_notebook(capsys):
    check("lesson-08", factor=3, tanh_slope=...)
    first = capsys.readouterr().out
    assert "✗ factor: factor = 3 is not right\n    hint 1/2" in first
    assert "· tanh_slope: not answered yet" in first
    assert first.endswith("0 of 2 right\n")
    check("lesson-08", factor=3)
    alone = capsys.readouterr().out
    assert "hint 2/2" in alone
    assert "of 1 right" not in alone
    with pytest.raises(UsageError, match="lesson-08 has no exercise 'factr'; it has gates, staged"):
        check("lesson-08", factr=3)
    with pytest.raises(UsageError, match="unknown language 'fr'; use en or zh"):
        text.language("fr")


def test_the_language_of_the_environment(monkeypatch):
    monkeypatch.setattr(text, "_chosen", None)
    for key in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(key, raising=False)
    assert text.spoken() == "en"
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert text.spoken() == "zh"


@pytest.mark.parametrize(
    ("got", "message"),
    [
        ([1.0, 2.0, 3.0], "v has shape (3,); shape (2,) is expected"),
        ([1.0, 2.5], "v is [1. , 2.5]; [1., 2.] is right"),
        ([[1.0], [2.0, 3.0]], "v is a list"),
        ("ab", "v is a str, 'ab'; numbers are expected"),
        ([float("nan"), 2.0], "v is [nan"),
    ],
)
def test_near_says_what_differs(got, message):
    near([1.0, 2.0 + 1e-9], [1.0, 2.0], "v")
    with pytest.raises(WrongAnswer) as caught:
        near(got, [1.0, 2.0], "v")
    assert message in str(caught.value)


def test_a_report_of_nothing():
    assert list(report(LESSON, [], {})) == ["0 of 0 right"]
