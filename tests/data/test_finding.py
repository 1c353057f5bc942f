from __future__ import annotations

import os

import pytest

from tushuo.data import find_images


def names(root, found):
    return [item.path.relative_to(root).as_posix() for item in found]


def test_folders_are_walked_by_name_and_hidden_files_skipped(tmp_path):
    for name in ("b/2.JPG", "b/10.png", "a.jpg", "z.webp", "b/c/é 图.heic", "notes.txt", ".x.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / ".thumbs").mkdir()
    (tmp_path / ".thumbs/t.jpg").touch()
    found = list(find_images([tmp_path]))
    assert names(tmp_path, found) == ["a.jpg", "b/10.png", "b/2.JPG", "b/c/é 图.heic", "z.webp"]
    assert all(item.error is None for item in found)


def test_explicit_paths_are_always_yielded_in_order(tmp_path):
    (tmp_path / "photo.dat").touch()
    (tmp_path / ".hidden.jpg").touch()
    paths = ["photo.dat", "missing.jpg", ".hidden.jpg", "nul\0"]
    assert names(tmp_path, find_images(tmp_path / path for path in paths)) == paths


def test_an_empty_path_is_not_the_present_folder(tmp_path, monkeypatch):
    (tmp_path / "photo.jpg").touch()
    monkeypatch.chdir(tmp_path)
    (found,) = find_images([""])
    assert str(found.error) == "the path is empty"


def test_folder_with_none_is_one_error_and_the_walk_goes_on(tmp_path):
    (tmp_path / "none/deeper").mkdir(parents=True)
    (tmp_path / "none/readme.md").touch()
    none, last = find_images([tmp_path / "none", tmp_path / "last.jpg"])
    assert str(none.error).startswith(f"no photograph in folder {str(tmp_path / 'none')!r}; looked")
    assert ".jpeg" in str(none.error)
    assert last.error is None


def test_link_loops_end_and_each_folder_counts_once(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/1.jpg").touch()
    (tmp_path / "a/up").symlink_to(tmp_path)
    (tmp_path / "again").symlink_to(tmp_path / "a")
    (tmp_path / "self.jpg").symlink_to(tmp_path / "self.jpg")
    assert names(tmp_path, find_images([tmp_path])) == ["a/1.jpg", "self.jpg"]


def test_unreadable_folder(tmp_path, monkeypatch):
    (tmp_path / "locked").mkdir()
    (tmp_path / "m.jpg").touch()
    real = os.scandir

    def scandir(path):
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    locked, photo = find_images([tmp_path])
    assert (
        str(locked.error) == f"cannot read folder {str(tmp_path / 'locked')!r}: Permission denied"
    )
    assert photo.path.name == "m.jpg"


@pytest.mark.parametrize("depth", [300])
def test_deep_folders(tmp_path, depth):
    folder = tmp_path.joinpath(*["d"] * depth)
    folder.mkdir(parents=True)
    (folder / "deep.gif").touch()
    assert len(list(find_images([tmp_path]))) == 1
