"""Captions are written beside photographs or into them, and what people wrote stays."""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import replace
from hashlib import sha256

import pytest

import tushuo.photos.sharing.writing as writing
from photos.conftest import age
from photos.metadata.odd_files import odd_files, pixels
from photos.sharing.captioning import ALL, CAT, captioned, descriptions, names
from tiny import save_photograph
from tushuo.data import find_images
from tushuo.photos import Captioned, Captions, Failed, Sharing, write_captions
from tushuo.photos.metadata import ALT_TEXT, DESCRIPTION, merged, read_notes
from tushuo.photos.metadata.xmp import texts

BESIDE, INSIDE = Sharing(), Sharing(embed=True)


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(odd_files()["exif-first.jpg"])
    return age(path)


@pytest.fixture
def sidecar(tmp_path):
    return tmp_path / "a.jpg.xmp"


def test_beside(photo, sidecar):
    before = photo.read_bytes()
    shared = write_captions(captioned(photo), BESIDE)
    assert (shared.what, shared.targets, shared.caption) == ("written", (sidecar,), "A dog.")
    assert descriptions(sidecar) == dict.fromkeys(ALL, "A dog.")
    assert photo.read_bytes() == before
    assert write_captions(captioned(photo), BESIDE).what == "unchanged"


def test_inside(photo):
    before, status = photo.read_bytes(), photo.stat()
    photo.chmod(0o640)
    shared = write_captions(captioned(photo), INSIDE)
    after = photo.read_bytes()
    assert (shared.what, shared.targets) == ("written", (photo,))
    assert shared.sha256 == sha256(after).hexdigest()
    assert pixels(after) == pixels(before)
    assert descriptions(photo)[ALT_TEXT] == read_notes(after, ".jpg").exif == "A dog."
    assert photo.stat().st_mtime_ns == status.st_mtime_ns
    assert sys.platform == "win32" or stat.S_IMODE(photo.stat().st_mode) == 0o640
    assert names(photo.parent) == ["a.jpg"]
    assert write_captions(captioned(photo), INSIDE).what == "unchanged"
    assert photo.read_bytes() == after


@pytest.mark.parametrize("how", [BESIDE, INSIDE])
def test_our_own_text_is_renewed(photo, how):
    write_captions(captioned(photo), how)
    shared = write_captions(captioned(photo, CAT), how)
    assert (shared.what, shared.persons) == ("written", {})
    assert descriptions(shared.targets[0]) == dict.fromkeys(ALL, "A cat.")


@pytest.mark.parametrize("how", [BESIDE, INSIDE])
def test_a_persons_text_stays(photo, sidecar, how):
    target = write_captions(captioned(photo), how).targets[0]
    if how is BESIDE:
        sidecar.write_bytes(merged(sidecar.read_bytes(), {DESCRIPTION: {"x-default": "Bello"}}))
    else:  # another program changes EXIF alone
        from tushuo.photos.metadata.jpeg import write

        packet = read_notes(photo.read_bytes(), ".jpg").xmp
        photo.write_bytes(write(photo.read_bytes(), packet, "Bello"))
    shared = write_captions(captioned(photo, CAT), how)
    assert shared.persons == {"description": "Bello"}
    assert descriptions(target)[ALT_TEXT] == "A cat."  # that was ours
    assert descriptions(target)[DESCRIPTION] == ("Bello" if how is BESIDE else "A dog.")
    assert how is BESIDE or read_notes(photo.read_bytes(), ".jpg").exif == "Bello"
    replaced = write_captions(captioned(photo, CAT), replace(how, replace=True))
    assert (replaced.what, replaced.persons) == ("written", {"description": "Bello"})
    assert set(descriptions(target).values()) == {"A cat."}


def test_both_texts_by_a_person(photo, sidecar):
    own = {DESCRIPTION: {"x-default": "Bello"}, ALT_TEXT: {"x-default": "A brown dog"}}
    sidecar.write_bytes(merged(None, own))
    before = photo.read_bytes(), sidecar.read_bytes()
    for how in (BESIDE, INSIDE):
        shared = write_captions(captioned(photo), how)
        assert (shared.what, shared.targets) == ("kept", ())
        assert shared.persons == {"description": "Bello", "alt text": "A brown dog"}
    assert (photo.read_bytes(), sidecar.read_bytes()) == before


def test_a_sidecar_is_kept_in_step(photo, sidecar):
    write_captions(captioned(photo), BESIDE)
    assert write_captions(captioned(photo, CAT), INSIDE).targets == (sidecar, photo)
    assert descriptions(sidecar) == descriptions(photo)


def test_the_language_that_comes_first(photo, sidecar):
    write_captions(captioned(photo), replace(BESIDE, language="zh"))
    found = texts(sidecar.read_bytes())[DESCRIPTION]
    assert found == {"x-default": "一只狗。", "zh": "一只狗。", "en": "A dog."}


def test_dry_run(photo, sidecar):
    before = photo.read_bytes()
    for how, target in ((BESIDE, sidecar), (INSIDE, photo)):
        shared = write_captions(captioned(photo), replace(how, dry_run=True))
        assert (shared.what, shared.targets) == ("written", (target,))
    assert photo.read_bytes() == before
    assert names(photo.parent) == ["a.jpg"]


def test_the_original_is_kept_once(photo):
    before = photo.read_bytes()
    how = replace(INSIDE, keep_original=True)
    write_captions(captioned(photo), how)
    write_captions(captioned(photo, CAT), how)
    assert photo.with_name("a.jpg_original").read_bytes() == before
    assert descriptions(photo)[ALT_TEXT] == "A cat."


def test_a_disk_without_hard_links(photo, sidecar, monkeypatch):
    """Half an original does not pass for one."""
    before = photo.read_bytes()

    def refuse(*args):
        raise OSError(1, "Operation not permitted")

    def full(source, target):
        target.write_bytes(before[:100])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "link", refuse)
    how = replace(INSIDE, keep_original=True)
    with monkeypatch.context() as patch:
        patch.setattr("shutil.copy2", full)
        assert "No space left" in str(write_captions(captioned(photo), how).error)
    assert (photo.read_bytes(), names(photo.parent)) == (before, ["a.jpg"])
    assert write_captions(captioned(photo), how).what == "written"
    assert photo.with_name("a.jpg_original").read_bytes() == before
    assert write_captions(captioned(photo), BESIDE).targets == (sidecar,)


def test_a_name_too_long_for_a_sidecar(photo):
    photo = photo.rename(photo.with_name("x" * 251 + ".jpg"))
    assert write_captions(captioned(photo), INSIDE).what == "written"
    assert descriptions(photo)[ALT_TEXT] == "A dog."
    assert "File name too long" in str(write_captions(captioned(photo), BESIDE).error)
    assert names(photo.parent) == [photo.name]


def test_a_link_leads_to_the_photograph(photo, tmp_path):
    link = tmp_path / "link.jpg"
    link.symlink_to(photo)
    write_captions(captioned(link), INSIDE)
    assert link.is_symlink()
    assert descriptions(photo)[ALT_TEXT] == "A dog."


@pytest.mark.parametrize(
    ("name", "content", "how", "problem"),
    [
        ("a.gif", None, INSIDE, "JPEG, PNG, WebP and TIFF only; leave out --embed"),
        ("a.nef", odd_files()["plain.tif"], INSIDE, "JPEG, PNG, WebP and TIFF only"),
        ("a.png", odd_files()["plain.png"][:60], INSIDE, "the PNG is damaged: it is truncated"),
        ("a.jpg", b"\xff\xd8\xff\xe1\xff\xff", BESIDE, "a segment does not lie within it"),
    ],
)
def test_what_cannot_be_written(tmp_path, name, content, how, problem):
    path = tmp_path / name
    path.write_bytes(content) if content else save_photograph(path)
    before = path.read_bytes()
    shared = write_captions(captioned(path), how)
    assert shared.what == "failed"
    assert problem in str(shared.error)
    assert path.read_bytes() == before
    assert names(tmp_path) == [name]


def test_a_sidecar_that_is_none(photo, sidecar):
    sidecar.write_text("dear diary")
    shared = write_captions(captioned(photo), replace(BESIDE, replace=True))
    assert "its XMP is damaged" in str(shared.error)
    assert sidecar.read_text() == "dear diary"


def test_a_photograph_that_has_changed(photo):
    known = captioned(photo)
    photo.write_bytes(odd_files()["plain.jpg"])
    assert "changed since it was captioned" in str(write_captions(known, INSIDE).error)
    assert photo.read_bytes() == odd_files()["plain.jpg"]


@pytest.mark.parametrize("how", [BESIDE, INSIDE])
def test_a_full_disk(photo, sidecar, how, monkeypatch):
    before = photo.read_bytes()

    def full(number):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    shared = write_captions(captioned(photo), how)
    assert str(shared.error).endswith("No space left on device")
    assert photo.read_bytes() == before
    assert names(photo.parent) == ["a.jpg"]


def test_a_photograph_that_changes_meanwhile(photo, monkeypatch):
    keep = writing.keep
    other = odd_files()["plain.jpg"]
    monkeypatch.setattr(writing, "keep", lambda path: (keep(path), photo.write_bytes(other)))
    shared = write_captions(captioned(photo), replace(INSIDE, keep_original=True))
    assert "it has changed since it was read" in str(shared.error)
    assert photo.read_bytes() == other


def test_a_sidecar_that_changes_meanwhile(photo, sidecar, monkeypatch):
    """Whoever writes between our reading and our writing loses nothing."""
    own = merged(None, {DESCRIPTION: {"x-default": "Bello"}})
    for start in (None, merged(None, {DESCRIPTION: {"x-default": "A dog."}})):
        sidecar.unlink(missing_ok=True)
        if start is not None:
            sidecar.write_bytes(start)
        change = lambda *args: (sidecar.write_bytes(own), merged(*args))[1]  # noqa: E731
        monkeypatch.setattr(writing, "merged", change)
        shared = write_captions(captioned(photo, CAT), BESIDE)
        assert shared.what == "failed"
        assert "somebody else" in str(shared.error) or "changed since" in str(shared.error)
        assert sidecar.read_bytes() == own


def test_programs_see_that_a_sidecar_has_changed(photo, sidecar):
    write_captions(captioned(photo), BESIDE)
    before = age(sidecar).stat().st_mtime_ns
    assert write_captions(captioned(photo, CAT), BESIDE).what == "written"
    assert sidecar.stat().st_mtime_ns > before


class TestCaptions:
    """Whose caption it is: the library's, a person's, a model's."""

    def said(self, library, captioner, *paths):
        captions = Captions(captioner) if library is None else library.captions(captioner)
        return {found.path.name: found for found in captions.of(find_images(paths))}

    def test_of_a_model(self, folder, captioner):
        found = self.said(None, captioner, folder / "a.png", folder / "nope.png")
        assert found["a.png"].texts() == {"en": captioner([folder / "a.png"])[0].text}
        assert isinstance(found["nope.png"], Failed)

    def test_of_a_library(self, library, folder, captioner, tmp_path):
        library.index([folder], captioner)
        library.edit(folder / "a.png", "Bello")
        library.edit(folder / "a.png", "贝罗", language="zh")
        copy = tmp_path / "copy.png"
        copy.write_bytes((folder / "a.png").read_bytes())
        new = save_photograph(tmp_path / "new.png", seed=9)
        found = self.said(library, None, copy, new)
        assert found["copy.png"].texts("zh") == {"zh": "贝罗", "en": "Bello"}
        assert "index it" in str(found["new.png"].error)
        assert isinstance(self.said(library, captioner, new)["new.png"], Captioned)

    def test_sharing_keeps_a_photograph_known(self, library, folder, captioner):
        library.index([folder], captioner)
        library.edit(folder / "b.jpg", "Bello")
        (found,) = library.captions().of(find_images([folder / "b.jpg"]))
        assert library.share(found, INSIDE).what == "written"
        assert descriptions(folder / "b.jpg")[ALT_TEXT] == "Bello"
        (again,) = library.captions().of(find_images([folder / "b.jpg"]))
        assert again.texts() == {"en": "Bello"}
        report = library.index([folder], captioner)
        assert (report.captioned, report.known) == (0, 1)

    def test_a_person_is_heard_though_the_file_has_changed(self, library, folder, captioner):
        library.index([folder], captioner)
        library.edit(folder / "b.jpg", "Bello")
        write_captions(captioned(folder / "b.jpg", CAT), INSIDE)  # by another program, as it were
        assert self.said(library, captioner, folder / "b.jpg")["b.jpg"].texts() == {"en": "Bello"}

    def test_captions_that_are_not_sure(self, photo):
        found = captioned(photo)
        assert [c.language for c in found.sure(0.6).captions] == ["zh"]
        assert captioned(photo, CAT).sure(0.95) is None
