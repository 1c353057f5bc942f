"""Malformed caption files: each error names the file, the place and what was expected there."""

from __future__ import annotations

import json
import re

import pytest

from tushuo.data import load_captions
from tushuo.data.formats import text
from tushuo.errors import DatasetError

CASES = [
    ("Flickr8k.token.txt", "\n", "holds no captions", "<TAB>"),
    ("dataset_x.json", '{"images": [\n{]}', "line 2: got ']}'", "expected JSON"),
    ("dataset_x.json", "[1]", "top level: got [1]", "an object with a list 'images'"),
    ("dataset_x.json", b'{"images":\n"\xe9"}', "line 2: got 'byte e9'", "UTF-8"),
    ("dataset_x.json", "[" * 200_000, "line 1", "JSON of moderate depth"),
    ("dataset_x.json", "9" * 10_000, "line 1", "JSON of moderate depth and numbers"),
    ("captions_train2017.json", '{"annotations": 3}', "top level", "a list 'annotations'"),
    ("captions.csv", "name,text\n", "line 1: got 'name,text'", "the header 'file_name,caption"),
    ("captions.csv", "", "line 1", "the header"),
    ("captions.csv", 'file_name,caption\nok.jpg,x\na.jpg,"x\nz', "line 3", "comma-separated"),
    ("metadata.jsonl", b"x" * (text.MAX_LINE_BYTES + 1), "line 1", "at most 1,048,576 bytes"),
]
GOOD = {
    "Flickr8k.token.txt": "good.jpg#0\tA dog\n",
    "captions.csv": "file_name,caption\ngood.jpg,A dog\n",
    "metadata.jsonl": '{"file_name": "good.jpg", "text": "A dog"}\n',
    "dataset_x.json": {
        "images": [{"filename": "good.jpg", "split": "train", "sentences": [{"raw": "A dog"}]}]
    },
    "captions_train2017.json": {
        "images": [{"id": 1, "file_name": "good.jpg"}],
        "annotations": [{"image_id": 1, "caption": "A dog"}],
    },
}
OBJECT = "expected an object with "
TEXTS = f"{OBJECT}'file_name' and 'text' or 'caption' (a string or a list of strings)"
BROKEN_LINES = [
    ("Flickr8k.token.txt", "a.jpg A cat", "got 'a.jpg A cat', expected 'name.jpg#0<TAB>caption'"),
    ("Flickr8k.token.txt", "a.jpg#x\tA dog", "expected 'name.jpg#0<TAB>caption'"),
    ("Flickr8k.token.txt", b"a.jpg#1\t\xff", "got 'byte ff at column 9', expected text in UTF-8"),
    ("captions.csv", "a.jpg,x,y", "got 'a.jpg,x,y', expected 2 values as in the header"),
    ("captions.csv", b"a.jpg,caf\xe9", "got 'byte e9 at column 10', expected text in UTF-8"),
    ("metadata.jsonl", '{"fi', "expected JSON (unterminated string"),
    ("metadata.jsonl", '{"file_name": "a.jpg"}', TEXTS),
    ("metadata.jsonl", '{"file_name": 3, "text": "x"}', TEXTS),
    ("metadata.jsonl", '{"file_name": "a", "text": ["x", 3]}', TEXTS),
]
BROKEN_ENTRIES = [
    ("dataset_x.json", "images", {"split": "train"}, f"{OBJECT}strings 'filename' and 'split'"),
    (
        "dataset_x.json",
        "images",
        {"split": "val", "filename": "a.jpg", "sentences": [{"raw": 3}]},
        "got [{'raw': 3}], expected a list 'sentences' of objects with a string 'raw'",
    ),
    (
        "captions_train2017.json",
        "annotations",
        {"image_id": "7", "caption": "x"},
        f"{OBJECT}'image_id' (int) and 'caption' (str)",
    ),
    ("captions_train2017.json", "images", {"id": 1}, "got {'id': 1}, "),
]


@pytest.mark.parametrize(("name", "content", "place", "expected"), CASES)
def test_malformed(tmp_path, name, content, place, expected):
    (tmp_path / "images").mkdir()
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(DatasetError) as caught:
        load_captions(tmp_path, skip_bad=True)  # which forgives bad entries, not a bad file
    message = str(caught.value)
    assert message.startswith(str(path))
    assert place in message
    assert expected in message
    assert len(message) < 600
    assert "\n" not in message


def check_left_out(folder, where, problem):
    """The rest is used where that is wanted, else all is refused; both say why."""
    for place in ("images", "train2017"):
        (folder / place).mkdir(exist_ok=True)
        (folder / place / "good.jpg").touch()
    (folder / "good.jpg").touch()
    (found,) = (dataset := load_captions(folder, skip_bad=True)).problems
    assert found.startswith(f"{where}: ")
    assert problem in found
    assert [example.image.name for example in dataset.all_examples] == ["good.jpg"]
    with pytest.raises(DatasetError, match=r"^1 bad entry in .*; mend them, or") as caught:
        load_captions(folder)
    assert found in str(caught.value)
    assert caught.value.problems == (found,)


@pytest.mark.parametrize(("name", "line", "problem"), BROKEN_LINES)
def test_a_broken_line_is_named_and_can_be_left_out(tmp_path, name, line, problem):
    before = GOOD[name].encode()
    after = before.splitlines(keepends=True)[-1] if name != "captions.csv" else b""
    line = line if isinstance(line, bytes) else line.encode()
    (tmp_path / name).write_bytes(before + line + b"\n" + after.replace(b"dog", b"cat"))
    number = len(before.splitlines()) + 1
    check_left_out(tmp_path, f"{name}:{number}", problem)


@pytest.mark.parametrize(("name", "key", "entry", "problem"), BROKEN_ENTRIES)
def test_a_broken_entry_is_named_and_can_be_left_out(tmp_path, name, key, entry, problem):
    content = json.loads(json.dumps(GOOD[name]))
    content[key].append(entry)
    (tmp_path / name).write_text(json.dumps(content))
    check_left_out(tmp_path, f"{name}, {key}[1]", problem)


def test_huge_json_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "MAX_JSON_BYTES", 100)
    (tmp_path / "dataset_x.json").write_text(" " * 101)
    with pytest.raises(DatasetError, match="more than 100 bytes"):
        load_captions(tmp_path)


def test_folder_of_photographs_is_missing(tmp_path):
    (tmp_path / "Flickr8k.token.txt").write_text("a.jpg#0\tA dog\n")
    with pytest.raises(
        DatasetError, match=r"no folder of photographs in .*; expected one of: images"
    ):
        load_captions(tmp_path)


def test_coco_captions_without_a_photograph_are_a_problem(tmp_path):
    (tmp_path / "train2017").mkdir()
    content = {"images": [], "annotations": [{"image_id": 5, "caption": "A dog"}]}
    (tmp_path / "captions_train2017.json").write_text(json.dumps(content))
    problem = "captions_train2017.json, image_id 5: captions without a photograph"
    with pytest.raises(DatasetError, match=re.escape(problem)):
        load_captions(tmp_path)


def test_unreadable_file(tmp_path, monkeypatch):
    (tmp_path / "captions.csv").touch()

    def refuse(*args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(DatasetError, match=r"captions\.csv: cannot be read \(Permission denied\)"):
        load_captions(tmp_path)
