"""An index run as a process, which can be told to die, or to run out of room:
job.py LIBRARY FOLDER [--die-at-line N] [--most-bytes N]."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import tushuo.photos
from photos.glancing import Glancing
from tushuo.photos import Done, Library

PACKAGE = str(Path(tushuo.photos.__file__).parent)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("library")
    parser.add_argument("folder")
    parser.add_argument("--die-at-line", type=int)
    parser.add_argument("--most-bytes", type=int, help="that a file can grow to")
    options = parser.parse_args()
    captioner = Glancing()
    print("ready", flush=True)
    if options.most_bytes:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (options.most_bytes, options.most_bytes))
    if options.die_at_line:
        die_at_line(options.die_at_line)
    with Library(options.library) as library:
        report = library.index([options.folder], captioner, batch_size=2, tell=tell)
    sys.settrace(None)
    print(f"captioned {report.captioned}", flush=True)


def tell(done: Done) -> None:
    print(f"stored {done.path.name}", flush=True)


def die_at_line(last: int) -> None:
    """Kill this process when it has run so many lines of the library's code."""
    count = 0

    def line(frame, event, arg):
        nonlocal count
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        count += event == "line"
        if count >= last:
            os.kill(os.getpid(), signal.SIGKILL)
        return line

    sys.settrace(line)


if __name__ == "__main__":
    main()
