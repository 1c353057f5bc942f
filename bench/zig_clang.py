"""Clang out of the `ziglang` package, for tinygrad on machines that have none.

Its `zig cc` takes some options in other words, and writes files rather than to the standard output.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

SCRIPT = '#!/bin/sh\nexec "{python}" "{here}" "$@"\n'
_KEPT = ("-O", "-f", "-nostdlib")
_PLAIN = ("-g0", "-fno-sanitize=undefined", "-fomit-frame-pointer", "-fno-stack-protector")


def install(python: Path) -> Path:
    """Write a command `clang` beside an environment's Python, and return where it is."""
    command = python.parent / "clang"
    command.write_text(SCRIPT.format(python=python, here=Path(__file__).resolve()))
    command.chmod(0o755)
    return command


def main(options: list[str]) -> int:
    """Compile C from the standard input to an object file on the standard output."""
    machine = next(o for o in options if o.startswith("--target=")).partition("=")[2]
    kept = [o for o in options if o.startswith(_KEPT)]
    with tempfile.TemporaryDirectory() as folder:
        source, code = Path(folder) / "source.c", Path(folder) / "code.o"
        source.write_bytes(sys.stdin.buffer.read())
        target = ["-target", f"{machine.partition('-')[0]}-freestanding-none", "-mcpu=native"]
        command = [sys.executable, "-m", "ziglang", "cc", "-c", *kept, *_PLAIN]
        found = subprocess.run([*command, *target, source, "-o", code], stdout=sys.stderr)
        if found.returncode == 0:
            sys.stdout.buffer.write(code.read_bytes())
    return found.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
