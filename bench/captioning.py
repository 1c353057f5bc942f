"""How fast captions come: process start, import, photographs a second, memory, size on disk.

Run: python bench/captioning.py [--photos DIR] [--install] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "samples"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, default=SAMPLES, help="a folder of photographs")
    parser.add_argument("--count", type=int, default=64, help="how many to caption for the rate")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--install", action="store_true", help="also install anew and weigh it")
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    options = parser.parse_args()
    photos = sorted(options.photos.glob("*.jpg"))
    if not photos:
        parser.error(f"no .jpg in {options.photos}")
    figures = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {sys.version.split()[0]}",
        "python start, s": spread(options.runs, lambda: run("-c", "pass")),
        "python + import tushuo, s": spread(options.runs, lambda: run("-c", "import tushuo")),
        "start to caption, one photograph, s": spread(
            options.runs, lambda: run("-m", "tushuo", "caption", str(photos[0]))
        ),
        **rates(photos, options.count, options.runs),
    }
    if options.install:
        figures["installed size, MB"] = installed_size()
    for name, value in figures.items():
        print(f"{name:66} {value}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


def run(*args: str) -> None:
    subprocess.run([sys.executable, *args], check=True, stdout=subprocess.DEVNULL)


def spread(runs: int, job: Callable[[], object]) -> dict[str, float]:
    """Median and extremes of the wall time, after one run to warm the disk cache."""
    job()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        job()
        times.append(time.perf_counter() - start)
    found = {"median": statistics.median(times), "min": min(times), "max": max(times)}
    return {name: round(value, 3) for name, value in found.items()}


def rates(photos: list[Path], count: int, runs: int) -> dict[str, object]:
    """Photographs a second with the command, and the networks' shares on one core."""
    files = (photos * (count // len(photos) + 1))[:count]
    command = ("-m", "tushuo", "caption", *map(str, files))
    whole = spread(max(1, runs // 2), lambda: run(*command))["median"]
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command does
    from tushuo import load_captioner

    start = time.perf_counter()
    captioner = load_captioner()
    loaded = time.perf_counter() - start
    features = captioner.encode(files[:8])
    encode = spread(max(1, runs // 2), lambda: captioner.encode(files[:32], batch_size=4))["median"]
    decode = spread(runs, lambda: captioner.caption_features(features[:1]))["median"]
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {
        f"photographs a second, {count} files to sentences, start included": round(
            count / whole, 1
        ),
        "loading the bundle, s": round(loaded, 3),
        "reading and encoding, one core, ms a photograph": round(encode / 32 * 1e3, 1),
        "decoding one, default beam, one core, ms": round(decode * 1e3, 1),
        "peak memory of the command, MB": round(peak),
    }


def installed_size() -> float:
    """Megabytes that `pip install .` adds to a fresh environment, dependencies included."""
    with tempfile.TemporaryDirectory() as folder:
        run("-m", "venv", folder)
        python = Path(folder) / "bin" / "python"
        before = size(Path(folder))
        command = [str(python), "-m", "pip", "install", "--quiet", str(ROOT)]
        subprocess.run(command, check=True)
        return round((size(Path(folder)) - before) / 1e6, 1)


def size(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file() and not p.is_symlink())


if __name__ == "__main__":
    main()
