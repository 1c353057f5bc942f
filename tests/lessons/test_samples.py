"""Where the sample photographs are."""

from __future__ import annotations

import pytest

from tushuo.errors import UsageError
from tushuo.lessons import sample


def test_samples_are_found_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert sample("dog.jpg").is_file()
    assert sample("dog.jpg").parent == sample("")


def test_samples_of_the_folder_come_first(tmp_path, monkeypatch):
    own = tmp_path / "samples" / "dog.jpg"
    own.parent.mkdir()
    own.touch()
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    assert sample("dog.jpg") == own


def test_no_such_sample():
    with pytest.raises(UsageError, match=r"there is no sample photograph 'cat\.jpg'") as caught:
        sample("cat.jpg")
    assert "within a copy of the project" in str(caught.value.hint)
