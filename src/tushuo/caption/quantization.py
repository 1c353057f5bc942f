"""`quantization.json`: what a bundle needs to be run with whole numbers of few bits.

Rounding an activation to 8 or 16 bits needs to know how large it becomes. That is found out once,
with photographs (:mod:`.calibrating`), and travels with the bundle: for each product its weights'
name, and the least and the largest number that they were multiplied by. It holds for the weights
that it was made with, whose file is therefore named by its sha256.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

from tushuo.errors import BundleError, UsageError
from tushuo.models.installed import check_version, read_config
from tushuo.native import CALIBRATED, PRECISIONS, Ranges
from tushuo.nn import Module

__all__ = ["FILE", "Lowering", "Quantization", "load_quantization", "lowering", "save_quantization"]

FILE = "quantization.json"

_FORMAT_VERSION = 1
_PARTS = ("encoder", "decoder")
_AGAIN = re.compile(r"#[1-9][0-9]?$")  # behind the name of weights that are used several times
_MOST, _HUGE = 2000, 1e9
_ANEW = "make it anew: tushuo models pack BUNDLE OUT --calibrate PHOTOGRAPHS"


class Lowering(NamedTuple):
    """The precision of a network's products, and the ranges that it needs."""

    precision: str
    ranges: Ranges | None = None


@dataclass(frozen=True)
class Quantization:
    """Between which numbers the activations of a captioner lie.

    Attributes:
        encoder: For each product of the encoder, by the path of its weights, the least and the
            largest number that they are multiplied by.
        decoder: The same for the decoder.
        photographs: How many were looked at.
    """

    encoder: Ranges
    decoder: Ranges
    photographs: int


def save_quantization(folder: Path, quantization: Quantization, weights: Path) -> None:
    """Write the file into a bundle's folder, for weights that are there already.

    Raises:
        OSError: The folder cannot be written.
    """
    content = {
        "format_version": _FORMAT_VERSION,
        "weights_sha256": _sha256(weights),
        "photographs": quantization.photographs,
        **{part: _written(getattr(quantization, part)) for part in _PARTS},
    }
    (folder / FILE).write_text(json.dumps(content, indent=1) + "\n", "utf-8")


def load_quantization(
    folder: Path, weights: Path, networks: Mapping[str, Module]
) -> Quantization | None:
    """What stands in the file; None where a bundle has none.

    Args:
        folder: The bundle's folder.
        weights: Its file of weights.
        networks: The "encoder" and the "decoder".

    Raises:
        BundleError: It is damaged, of another version, or was made for other weights.
    """
    path = folder / FILE
    if not path.exists():
        return None
    config = read_config(path)
    check_version(path, config, anew=_ANEW, format_version=_FORMAT_VERSION)
    if config.get("weights_sha256") != _sha256(weights):
        raise BundleError(f"{path}: was made for other weights than {weights.name}", hint=_ANEW)
    count = config.get("photographs")
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise BundleError(f"{path}: photographs: got {count!r:.60}, expected how many they were")
    encoder, decoder = (
        _ranges(path, part, config.get(part), networks[part].named_parameters()) for part in _PARTS
    )
    return Quantization(encoder, decoder, count)


def lowering(
    name: str, quantization: Quantization | None, precision: str
) -> tuple[Lowering, Lowering]:
    """In which precisions a bundle's encoder and decoder run, and with which ranges.

    Args:
        name: Of the bundle.
        quantization: Its ranges.
        precision: "float32", "bfloat16", "int16" or "int8".

    Raises:
        UsageError: There is no such precision.
        BundleError: It needs ranges, and there are none.
    """
    if precision in PRECISIONS:
        return Lowering(precision), Lowering(precision)
    if precision not in CALIBRATED:
        raise UsageError(
            f"no precision {precision!r:.60}",
            hint=f"choose among {', '.join((*PRECISIONS, *CALIBRATED))}",
        )
    if quantization is None:
        raise BundleError(
            f"model {name!r} has no {FILE}, which precision {precision!r} needs",
            hint="tushuo models pack MODEL OUT --calibrate PHOTOGRAPHS; or use bfloat16",
        )
    return Lowering(precision, quantization.encoder), Lowering(precision, quantization.decoder)


def _written(ranges: Ranges) -> dict[str, list[float]]:
    """Ranges with as many digits as a float32 has."""
    return {name: [float(f"{x:.9g}") for x in found] for name, found in ranges.items()}


def _ranges(
    path: Path, part: str, content: Any, parameters: Collection[str]
) -> dict[str, tuple[float, float]]:
    if not isinstance(content, dict) or not 0 < len(content) <= _MOST:
        raise BundleError(f"{path}: {part}: got {content!r:.60}, expected ranges by name")
    found: dict[str, tuple[float, float]] = {}
    for name, pair in content.items():
        if _AGAIN.sub("", name) not in parameters:
            raise BundleError(f"{path}: {part} has no weights {name!r:.60}", hint=_ANEW)
        if not _is_range(pair):
            raise BundleError(
                f"{path}: {part}.{name}: got {pair!r:.60}, expected the least and the largest "
                "of finite numbers"
            )
        found[name] = float(pair[0]), float(pair[1])
    return found


def _is_range(value: Any) -> TypeGuard[list[float]]:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(isinstance(x, int | float) and not isinstance(x, bool) for x in value)
        and all(isfinite(x) and abs(x) < _HUGE for x in value)
        and value[0] <= value[1]
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
