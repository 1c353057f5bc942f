"""Malformed caption files: each error names the file, the place and what was expected there."""

from __future__ import annotations

import json
import re

import pytest

from tushuo.data import load_captions
from tushuo.data.formats import text
from tushuo.errors import DatasetError

NOT_UTF8 = b"file_name,caption\na.jpg,caf\xe9\n"
CASES = [
    ("Flickr8k.token.txt", "a.jpg#0\tA dog\na.jpg A cat\n", "line 2: got 'a.jpg A cat'", "<TAB>"),
    ("Flickr8k.token.txt", "a.jpg#x\tA dog\n", "line 1", "'name.jpg#0<TAB>caption'"),
    ("Flickr8k.token.txt", "\n", "holds no captions", "<TAB>"),
    ("Flickr8k.token.txt", b"a.jpg#0\tok\na.jpg#1\t\xff\n", "line 2: got 'byte ff", "UTF-8"),
    ("dataset_x.json", '{"images": [\n{]}', "line 2: got ']}'", "expected JSON"),
    ("dataset_x.json", "[1]", "top level: got [1]", "an object with a list 'images'"),
    ("dataset_x.json", '{"images": [{"split": "train"}]}', "images[0]", "strings 'filename'"),
    (
        "dataset_x.json",
        '{"images": [{"split": "val", "filename": "a.jpg", "sentences": [{"raw": 3}]}]}',
        "images[0]: got [{'raw': 3}]",
        "a list 'sentences' of objects",
    ),
    ("dataset_x.json", b'{"images":\n"\xe9"}', "line 2: got 'byte e9'", "UTF-8"),
    ("dataset_x.json", "[" * 200_000, "line 1", "JSON of moderate depth"),
    ("dataset_x.json", "9" * 10_000, "line 1", "JSON of moderate depth and numbers"),
    ("captions_train2017.json", '{"annotations": 3}', "top level", "a list 'annotations'"),
    (
        "captions_train2017.json",
        json.dumps({"annotations": [{"image_id": "7", "caption": "x"}]}),
        "annotations[0]",
        "'image_id' (int) and 'caption' (str)",
    ),
    (
        "captions_train2017.json",
        json.dumps({"annotations": [], "images": [{"id": 1}]}),
        "images[0]: got {'id': 1}",
        "'file_name' (str)",
    ),
    ("captions.csv", "name,text\n", "line 1: got 'name,text'", "the header 'file_name,caption"),
    ("captions.csv", "", "line 1", "the header"),
    ("captions.csv", "file_name,caption\na.jpg,x,y\n", "line 2: got 'a.jpg,x,y'", "2 values"),
    ("captions.csv", 'file_name,caption\nok.jpg,x\na.jpg,"x\nz', "line 3", "comma-separated"),
    ("captions.csv", NOT_UTF8, "line 2: got 'byte e9 at column 10'", "text in UTF-8"),
    ("metadata.jsonl", '{"file_name": "a.jpg", "text": "x"}\n{"fi', "line 2", "expected JSON"),
    ("metadata.jsonl", '\n{"file_name": "a.jpg"}', "line 2", "'text' or 'caption'"),
    ("metadata.jsonl", '{"file_name": 3, "text": "x"}', "line 1", "'file_name'"),
    ("metadata.jsonl", '{"file_name": "a", "text": ["x", 3]}', "line 1", "a list of strings"),
    ("metadata.jsonl", b"x" * (text.MAX_LINE_BYTES + 1), "line 1", "at most 1,048,576 bytes"),
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
