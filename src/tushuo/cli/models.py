"""`tushuo models`: what is installed, what can be had, and bundles packed anew."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tushuo.cli.faces import guarded, write, write_json
from tushuo.cli.options import Json
from tushuo.errors import BundleError

if TYPE_CHECKING:
    from tushuo.caption import Bundle
    from tushuo.models import InstalledModel
    from tushuo.models.catalogue import KnownModel

__all__ = ["app"]

app = typer.Typer(help="List models, and pack bundles anew.")

_SHOWN = ("BLEU-4", "CIDEr-D")
_MOST_PHOTOGRAPHS = 64

Source = Annotated[
    str, typer.Argument(metavar="BUNDLE", help="The name of an installed bundle, or a folder.")
]
Out = Annotated[Path, typer.Argument(metavar="OUT", help="The folder to make.")]
ShareEncoder = Annotated[
    str | None,
    typer.Option(
        metavar="MODEL",
        help="Name this installed model as the holder of the encoder, which must be the same, "
        "instead of keeping a copy. Such a bundle works only where that model is installed.",
        show_default="keep a copy",
    ),
]
Calibrate = Annotated[
    Path | None,
    typer.Option(
        metavar="PHOTOGRAPHS",
        help="A folder of some dozen photographs, of which up to 64 are looked at, to find out "
        "how large activations become: captioning with --precision int16 or int8 needs that.",
        show_default="what the old bundle has",
    ),
]
StoreAs = Annotated[
    str, typer.Option(metavar="KIND", help="How matrices are stored: float16, or int8 in half.")
]


@app.callback(invoke_without_command=True)
@guarded
def models(context: typer.Context, as_json: Json = False) -> None:
    """List the models: name, type, language, size on disk, scores; then those that can be had.

    How the scores were made is told by --json and in each model's README.md.
    """
    if context.invoked_subcommand is not None:
        return
    from tushuo.models.catalogue import obtainable
    from tushuo.models.installed import installed_models

    installed, others = installed_models(), obtainable()
    if as_json:
        for content in (*map(_entry, installed), *map(_known_entry, others)):
            write_json(content)
        return
    for model in installed:
        write(_line(model))
    for other in others:
        write(f"{_names(other)}  not here; {other.how}")


@app.command()
@guarded
def pack(
    source: Source,
    out: Out,
    share_encoder: ShareEncoder = None,
    store: StoreAs = "float16",
    calibrate: Calibrate = None,
) -> None:
    """Write a bundle anew: alone and whole, or smaller; the old one stays.

    By default the new bundle has all that it needs, and can be given away. Storing as int8 costs a
    little of the captions' quality: measure it with `tushuo evaluate --model OUT`.
    """
    from tushuo.caption import load_bundle, save_bundle
    from tushuo.caption.bundle import read_readme
    from tushuo.models.weights_file import store_named

    bundle, readme = load_bundle(source), read_readme(source)
    kind = store_named(store)
    if calibrate is not None:
        bundle = _calibrated(bundle, out, calibrate)
    save_bundle(out, bundle, readme, store=kind, share_encoder=share_encoder)
    size = sum(path.stat().st_size for path in out.iterdir())
    write(f"{out}\t{size / 1e6:.1f} MB")


def _calibrated(bundle: Bundle, out: Path, folder: Path) -> Bundle:
    """The bundle with the ranges of its activations, once it is clear that it can be written."""
    from dataclasses import replace

    from tushuo.caption.calibrating import calibrated
    from tushuo.data import find_images

    if out.exists() or out.is_symlink():
        raise BundleError(f"{out}: exists already", hint="choose another name or remove it")
    photographs = list(find_images([folder]))
    for found in photographs:
        if found.error is not None:
            raise found.error
    step = max(1, len(photographs) // _MOST_PHOTOGRAPHS)
    chosen = [found.path for found in photographs[::step]][:_MOST_PHOTOGRAPHS]
    return replace(bundle, quantization=calibrated(bundle, chosen))


def _line(model: InstalledModel) -> str:
    entry = _entry(model)
    scores = [f"{name} {entry['scores'][name]:.3f}" for name in _SHOWN if name in entry["scores"]]
    encoder = entry["shared_encoder"]
    shares = [f"with the encoder of {encoder}"] if encoder else []
    rest = "  ".join([f"{model.size / 1e6:6.1f} MB", *scores, *shares])
    return f"{_names(model)}{rest}"


def _names(model: InstalledModel | KnownModel) -> str:
    return f"{model.name:<20}{model.model_type:<18}{model.language:<4}"


def _entry(model: InstalledModel) -> dict[str, Any]:
    from tushuo.caption import Evaluation

    encoder, said = (model.config.get(key) for key in ("encoder", "evaluation"))
    evaluation = Evaluation.from_config(model.folder / "config.json", said)
    return {
        "name": model.name,
        "model_type": model.model_type,
        "installed": True,
        "language": model.language or None,
        "bytes": model.size,
        "scores": dict(evaluation.scores) if evaluation else {},
        "signature": evaluation.signature if evaluation else None,
        "shared_encoder": encoder.get("shared") if isinstance(encoder, dict) else None,
        "path": str(model.folder),
    }


def _known_entry(model: KnownModel) -> dict[str, Any]:
    kind = {"name": model.name, "model_type": model.model_type, "installed": False}
    return {**kind, "language": model.language or None, "how": model.how}
