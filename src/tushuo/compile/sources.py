"""Which compiler this is: a hash of the code that machine code comes from."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

WRITERS = ("compile", "graph")
"""The parts of the package whose code decides what kernels look like."""


@cache
def sources() -> str | None:
    """The hash; None where the sources cannot be read, as in an archive."""
    package, digest = Path(__file__).parent.parent, sha256()
    try:
        files = sorted(path for part in WRITERS for path in (package / part).rglob("*.py"))
        for path in files:
            digest.update(f"{path.relative_to(package)}\0".encode() + path.read_bytes())
    except OSError:
        return None
    return digest.hexdigest() if files else None
