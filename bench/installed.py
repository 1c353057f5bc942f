"""How much disk an engine takes. Run in its environment: python -m bench.installed FAMILY."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from bench.engines import FAMILIES, OWN
from bench.environments import ROOT


def main(family: str) -> None:
    """Print the megabytes of a family's package and of all that it requires."""
    seen: set[str] = set()
    waiting = [p.partition("==")[0] for p in FAMILIES[family].packages[:1]] or [family]
    waiting += ["llvmlite"] if family == OWN else []
    total = 0
    while waiting:
        name = waiting.pop()
        if name.lower() in seen:
            continue
        seen.add(name.lower())
        size, required = _weighed(name)
        total += size
        waiting += required
    if family == OWN:  # installed as a link to its sources
        total += sum(p.stat().st_size for p in (ROOT / "src").rglob("*") if p.is_file())
    print(round(total / 1e6, 1))


def _weighed(name: str) -> tuple[int, list[str]]:
    """Bytes of a package, and what it requires without being asked for extras."""
    try:
        package = distribution(name)
    except PackageNotFoundError:  # for another system
        return 0, []
    files = [Path(str(file.locate())) for file in package.files or ()]
    size = sum(f.stat().st_size for f in files if f.is_file())
    return size, [_name(line) for line in package.requires or () if "extra ==" not in line]


def _name(requirement: str) -> str:
    end = next((i for i, c in enumerate(requirement) if c in " ;<>=!~[("), len(requirement))
    return requirement[:end]


if __name__ == "__main__":
    main(*sys.argv[1:])
