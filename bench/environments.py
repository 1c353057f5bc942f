"""The environments of the engines: each family has one of its own under `.bench/`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from bench import zig_clang
from bench.engines import FAMILIES

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".bench"
_SLOWED_BY = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "TUSHUO_EAGER")


def found(
    families: list[str], given: Mapping[str, str], tell: Callable[[str], None]
) -> dict[str, Path]:
    """Each family's Python; those whose environment cannot be made are told and left out.

    Args:
        families: Their names.
        given: For some of them the Python of an environment that exists.
        tell: Takes a line for the user.
    """
    pythons: dict[str, Path] = {}
    for name in families:
        try:
            pythons[name] = _given(given[name]) if name in given else _made(name, tell)
        except (OSError, subprocess.CalledProcessError) as error:
            tell(f"left out {name}: no environment ({error})")
    return pythons


def _given(python: str) -> Path:
    if not Path(python).is_file():
        raise FileNotFoundError(f"{python} is no Python")
    return Path(python).absolute()


def _made(name: str, tell: Callable[[str], None]) -> Path:
    packages = FAMILIES[name].packages
    if not packages:
        return Path(sys.executable)
    folder = FOLDER / name
    python, done = folder / "bin" / "python", folder / "installed"
    if os.name == "nt":
        python = folder / "Scripts" / "python.exe"
    if not done.exists() or done.read_text() != "\n".join(packages):
        tell(f"installing {', '.join(packages)} into {folder.relative_to(ROOT)}")
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
        done.write_text("\n".join(packages))
    return python


def variables(family: str, python: Path, threads: int) -> dict[str, str]:
    """The environment variables of a worker: so many threads, caches that stay, no chatter."""
    kept = {k: v for k, v in os.environ.items() if k not in _SLOWED_BY}
    count = {
        f"{library}_NUM_THREADS": str(threads)
        for library in ("OMP", "OPENBLAS", "MKL", "TUSHUO", "VECLIB_MAXIMUM")
    }
    path = [str(ROOT), *filter(None, [kept.get("PYTHONPATH")])]
    own = {
        "PYTHONPATH": os.pathsep.join(path),
        "JAX_PLATFORMS": "cpu",
        "JAX_COMPILATION_CACHE_DIR": str(FOLDER / "cache" / "jax"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "TORCHINDUCTOR_CACHE_DIR": str(FOLDER / "cache" / "inductor"),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CACHEDB": str(FOLDER / "cache" / "tinygrad.db"),
    }
    if family == "tinygrad" and "CC" not in kept and not shutil.which("clang"):
        own["CC"] = str(zig_clang.install(python))
    return {**kept, **count, **own}
