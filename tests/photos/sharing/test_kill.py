"""A process that is killed while it writes leaves a whole photograph, old or new."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from hashlib import sha256
from itertools import count

import pytest

from photos.metadata.odd_files import odd_files, pixels
from tushuo.photos import Captioned, Sharing, Shown, write_captions
from tushuo.photos.exif import Facts
from tushuo.photos.metadata import read_notes

KILLS = 8


def embed_for_ever(photo, started):
    """One caption after the other."""
    for number in count():
        digest = sha256(photo.read_bytes()).hexdigest()
        caption = Shown(f"caption {number}", "en", None, None)
        write_captions(Captioned(photo, digest, (caption,), Facts(4, 3)), Sharing(embed=True))
        os.write(started, b".")


@pytest.mark.skipif(sys.platform == "win32", reason="processes do not fork there")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # the child starts no thread
def test_killed_at_any_moment(tmp_path):
    photo = tmp_path / "a.jpg"
    whole = odd_files()["progressive.jpg"] + os.urandom(1 << 20)  # takes a while to write
    chance = random.Random(0)
    for _ in range(KILLS):
        photo.write_bytes(whole)
        told, started = os.pipe()
        child = os.fork()
        if not child:
            try:
                embed_for_ever(photo, started)
            finally:
                os._exit(1)
        os.read(told, 1)
        time.sleep(chance.uniform(0, 0.05))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(told)
        os.close(started)
        data = photo.read_bytes()
        assert pixels(data) == pixels(whole)
        assert data.endswith(whole[-(1 << 20) :])
        assert read_notes(data, ".jpg").exif.startswith("caption ")
