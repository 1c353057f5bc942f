"""Speed of every workload on this engine and on others, in turns, in one run.

Engines are in environments of their own under .bench/, made on the first run (gigabytes). Results
are in .bench/figures.json and .bench/figures.svg, and on the screen.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from bench import environments, networks, probes, report, rounds, start
from bench.engines import FAMILIES
from bench.picture import picture
from bench.workloads import PIXELS, START, WORKLOADS, chosen

console = Console(width=None if sys.stdout.isatty() else 140)


def main() -> None:
    options = _options().parse_args()
    names = _checked(options)
    families = options.engines.split(",") if options.engines else list(FAMILIES)
    if options.weights:
        os.environ[networks.WEIGHTS] = str(_exported(options.weights))
    given = dict(pair.split("=", 1) for pair in options.env)
    pythons = environments.found(families, given, _tell)
    count, seconds = (3, 0.1) if options.quick else (options.rounds, options.seconds)
    settings = rounds.Settings(pythons, options.threads, count, seconds, probes.peak)
    trees: dict[str, Any] = {}
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        for name in names:
            _measured(name, settings, trees)
            _written(options.json, settings, trees)
    except KeyboardInterrupt:
        _tell("interrupted; what was measured follows")
    _written(options.json, settings, trees)
    console.print(report.summary(trees))
    _tell(f"figures: {options.json}, picture: {options.json.with_suffix('.svg')}")


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--only", help=f"of {', '.join([*WORKLOADS, START])}; D is D-1 and D-32")
    parser.add_argument("--engines", help=f"of {', '.join(FAMILIES)}")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.5, help="of a turn, about")
    parser.add_argument("--quick", action="store_true", help="three rounds of short turns")
    parser.add_argument("--env", action="append", default=[], metavar="ENGINE=PYTHON")
    parser.add_argument("--weights", type=Path, help="EfficientNet-Lite0 as published (.pth)")
    parser.add_argument("--json", type=Path, default=environments.FOLDER / "figures.json")
    return parser


def _checked(options: argparse.Namespace) -> list[str]:
    """The workloads' names; ends the program where an option names what there is not."""
    unknown = [f for f in (options.engines or "").split(",") if f and f not in FAMILIES]
    unknown += [e for e in options.env if e.partition("=")[0] not in FAMILIES or "=" not in e]
    if unknown:
        sys.exit(f"unknown engine {unknown[0]!r}; there are {', '.join(FAMILIES)}")
    try:
        return chosen(options.only)
    except KeyError as error:
        sys.exit(f"unknown workload {error}; there are {', '.join([*WORKLOADS, START])}")


def _measured(name: str, settings: rounds.Settings, trees: dict[str, Any]) -> None:
    """Measure a workload, and show and keep its figures even if it is interrupted."""
    if name == START:
        entries: dict[str, Any] = {}
        try:
            start.measure(settings, _tell, entries)
        finally:
            trees[name] = report.started(entries)
            console.print(report.table(name, trees[name]))
        return
    found = rounds.Found(name, settings.threads)
    try:
        rounds.measure(WORKLOADS[name], settings, _tell, found)
    finally:
        trees[name] = report.figures(WORKLOADS[name], found)
        console.print(report.table(name, trees[name]))


def _written(file: Path, settings: rounds.Settings, trees: Mapping[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    where = report.machine(settings.threads)
    file.write_text(json.dumps({"machine": where, "workloads": trees}, indent=2) + "\n")
    file.with_suffix(".svg").write_text(picture(trees, where), "utf-8")


def _exported(source: Path) -> Path:
    """A published network's weights, norms folded, as `bench.networks` reads them."""
    import numpy as np

    from tushuo import asarray
    from tushuo.models.pretrained import load_efficientnet

    model = load_efficientnet(source).folded()
    arrays = {f"{i:04}": p.numpy() for i, p in enumerate(_in_order(model))}
    photos = _photographs()
    arrays |= {"photos": photos, "labels": model(asarray(photos)).numpy().argmax(1)}
    file = environments.FOLDER / "data" / "lite0.npz"
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez(file, **arrays)
    return file


def _photographs() -> Any:
    """32 views of the samples, (32, 3, 224, 224): as they are and closer, each mirrored, too."""
    import numpy as np
    from PIL import Image

    from tushuo.data import Preprocessing

    found = []
    for path in sorted((environments.ROOT / "samples").glob("*.jpg")):
        image = Image.open(path).convert("RGB")
        w, h = image.size
        found += [image, image.crop((w // 8, h // 8, w * 7 // 8, h * 7 // 8))]
    x = Preprocessing(size=PIXELS).batch(found[:16])
    return np.concatenate([x, x[..., ::-1]])


def _in_order(model: Any) -> Any:
    parts = [model.stem]
    for block in model.blocks:
        parts += [p for p in (block.expand, block.depthwise, block.project) if p is not None]
    for part in (*parts, model.head):
        yield from (part.conv.weight, part.conv.bias)
    yield from (model.classifier.weight, model.classifier.bias)


def _tell(line: str) -> None:
    console.print(line, style="dim", highlight=False, markup=False)


if __name__ == "__main__":
    main()
