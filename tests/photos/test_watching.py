"""Watched folders: what changes is indexed, when it has settled, and only then."""

from __future__ import annotations

import os
import time

import pytest

import tushuo.photos.watching
from photos.conftest import age, shown
from tiny import save_photograph
from tushuo.photos import watch


@pytest.fixture
def reports_of(library, folder, captioner, monkeypatch):
    """What a watch did (captioned, known, missing, failed), with one action after each walk."""

    def reports_of(*actions):
        left = iter(actions)

        def sleep(seconds):
            assert seconds >= 2
            action = next(left, None)
            if action is None:
                raise KeyboardInterrupt  # as a person ends it
            action()

        monkeypatch.setattr(tushuo.photos.watching.time, "sleep", sleep)
        reports = []
        with pytest.raises(KeyboardInterrupt):
            reports.extend(watch(library, [folder], captioner))
        return [(one.captioned, one.known, one.missing, len(one.failed)) for one in reports]

    return reports_of


def test_what_changes_is_indexed(library, folder, captioner, reports_of):
    text = []
    reports = reports_of(
        lambda: None,
        lambda: age(save_photograph(folder / "new.png", seed=8)),
        lambda: text.append(shown(library)["new.png"]),
        lambda: (folder / "new.png").rename(folder / "renamed.png"),
        lambda: (folder / "renamed.png").unlink(),
    )
    assert reports == [(4, 0, 0, 0), (1, 0, 0, 0), (0, 1, 1, 0), (0, 0, 1, 0)]
    assert len(shown(library)) == 4
    assert text == [captioner([save_photograph(folder / "new.png", seed=8)])[0].text]


def test_what_is_being_written_has_time(library, folder, captioner, reports_of):
    whole = save_photograph(folder.parent / "whole.png", seed=9).read_bytes()
    copy = folder / "copy.png"
    reports = reports_of(
        lambda: copy.write_bytes(whole[:100]),
        lambda: copy.write_bytes(whole),
        lambda: age(copy),
    )
    assert reports == [(4, 0, 0, 0), (1, 0, 0, 0)]


def test_a_file_from_the_future_is_read_once(library, folder, captioner, reports_of):
    tomorrow = time.time() + 86400
    os.utime(folder / "a.png", (tomorrow, tomorrow))
    nothing = [lambda: None] * 3
    assert reports_of(*nothing) == [(4, 0, 0, 0)]


def test_problems_are_told_once(library, folder, captioner, reports_of):
    elsewhere = folder.with_name("elsewhere")
    bad = folder / "bad.png"
    reports = reports_of(
        lambda: (bad.write_bytes(b"no image"), age(bad)),
        lambda: None,
        lambda: folder.rename(elsewhere),
        lambda: None,
        lambda: elsewhere.rename(folder),
        lambda: folder.rename(elsewhere),
    )
    gone = (0, 0, 0, 1)
    assert reports == [(4, 0, 0, 0), (0, 0, 0, 1), gone, gone]
    assert len(shown(library)) == 4
