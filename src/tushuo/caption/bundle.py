"""Bundles: folders that hold all of a captioner, as files with the names of Hugging Face's."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tushuo.caption.bundle_config import (
    FORMAT_VERSION,
    MODEL_TYPE,
    DecoderSizes,
    check_vocabulary,
    decoder_sizes,
    read_identity,
)
from tushuo.caption.confidence import Calibration
from tushuo.caption.decoding import Decoding
from tushuo.caption.generation_config import (
    read_calibration,
    read_decoding,
    write_generation_config,
)
from tushuo.data import Preprocessing, Vocabulary
from tushuo.errors import BundleError, CheckpointError
from tushuo.models.efficientnet import EfficientNetLite
from tushuo.models.installed import InstalledModel, find_model, installed_models, read_config
from tushuo.models.show_attend_tell import ShowAttendTell
from tushuo.models.weights_file import Weights, read_shapes, read_weights, write_weights

__all__ = ["Bundle", "installed_bundles", "load_bundle", "save_bundle"]

_CONFIG = "config.json"
_WEIGHTS = "model.safetensors"
_TOKENIZER = "tokenizer.json"
_PREPROCESSOR = "preprocessor_config.json"
_GENERATION = "generation_config.json"
_README = "README.md"
_FILES = (_CONFIG, _WEIGHTS, _TOKENIZER, _PREPROCESSOR, _GENERATION)


@dataclass(frozen=True, eq=False)
class Bundle:
    """All of a captioner.

    Attributes:
        encoder: Makes feature maps of photographs. Its classifier is not kept.
        decoder: Writes sentences about feature maps.
        vocabulary: The decoder's words.
        preprocessing: How a photograph becomes the encoder's input.
        decoding: How sentences are searched for.
        name: The name of the bundle.
        calibration: Turns log-probabilities into confidence; None where that was never fitted.
    """

    encoder: EfficientNetLite
    decoder: ShowAttendTell
    vocabulary: Vocabulary
    preprocessing: Preprocessing
    decoding: Decoding = field(default_factory=Decoding)
    name: str = ""
    calibration: Calibration | None = None

    @property
    def decoder_sizes(self) -> DecoderSizes:
        """The arguments of `ShowAttendTell` that give the decoder its shape."""
        parameters = self.decoder.named_parameters()
        return decoder_sizes({f"decoder.{name}": x.shape for name, x in parameters.items()})


def installed_bundles() -> list[InstalledModel]:
    """The bundles shipped with the package."""
    return installed_models(MODEL_TYPE)


def save_bundle(folder: str | os.PathLike[str], bundle: Bundle, readme: str) -> None:
    """Write a bundle, whole or not at all.

    Args:
        folder: The folder to make; its parent folders are made as needed.
        bundle: What to write. Matrices are stored as float16.
        readme: The text of README.md: data, scores, licence, how to reproduce.

    Raises:
        BundleError: Something of that name exists (nothing is overwritten), the parts do not fit
            each other, or a weight is not finite.
        OSError: The folder cannot be written.
    """
    target = Path(folder)
    if target.exists() or target.is_symlink():
        raise BundleError(f"{target}: exists already", hint="choose another name or remove it")
    check_vocabulary(target, bundle.vocabulary, bundle.vocabulary.language, bundle.decoder_sizes)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        part.chmod(0o755)  # temporary folders are private
        _write(part, bundle, readme)
        part.rename(target)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def load_bundle(name_or_path: str | os.PathLike[str]) -> Bundle:
    """Read a bundle.

    Args:
        name_or_path: The name of a shipped bundle, or the path of a bundle's folder.

    Returns:
        The bundle, its networks in inference mode and float32.

    Raises:
        BundleError: There is no such bundle; or a file of it is missing, damaged, of another
            version, or does not fit the others. The message names the file.
    """
    folder = find_model(name_or_path, MODEL_TYPE)
    missing = [name for name in _FILES if not (folder / name).is_file()]
    if missing:
        raise BundleError(f"{folder}: no bundle, it lacks {', '.join(missing)}")
    sizes = decoder_sizes(read_shapes(folder / _WEIGHTS), folder / _WEIGHTS)
    identity = read_identity(folder / _CONFIG, sizes)
    vocabulary = Vocabulary.load(folder / _TOKENIZER)
    check_vocabulary(folder / _TOKENIZER, vocabulary, identity.language, sizes)
    encoder, decoder = _networks(folder / _WEIGHTS, identity.encoder, sizes)
    return Bundle(
        encoder,
        decoder,
        vocabulary,
        _preprocessing(folder / _PREPROCESSOR),
        read_decoding(folder / _GENERATION),
        folder.resolve().name,
        read_calibration(folder / _GENERATION),
    )


def _write(folder: Path, bundle: Bundle, readme: str) -> None:
    config = {
        "model_type": MODEL_TYPE,
        "format_version": FORMAT_VERSION,
        "language": bundle.vocabulary.language,
        "encoder": {"name": bundle.encoder.name},
        "decoder": bundle.decoder_sizes._asdict(),
    }
    _write_json(folder / _CONFIG, config)
    _write_json(folder / _PREPROCESSOR, bundle.preprocessing.to_config())
    generation = write_generation_config(bundle.decoding, bundle.calibration)
    _write_json(folder / _GENERATION, generation)
    bundle.vocabulary.save(folder / _TOKENIZER)
    write_weights(folder / _WEIGHTS, _weights(bundle))
    (folder / _README).write_text(readme, "utf-8")


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _preprocessing(path: Path) -> Preprocessing:
    try:
        return Preprocessing.from_config(read_config(path))
    except BundleError as error:
        problem = error.problem.removeprefix(f"{path.name}: ").removeprefix(f"{path}: ")
        raise BundleError(f"{path}: {problem}", hint=error.hint) from None


def _weights(bundle: Bundle) -> Weights:
    encoder = {f"encoder.{name}": x for name, x in bundle.encoder.state_dict().items()}
    decoder = {f"decoder.{name}": x for name, x in bundle.decoder.state_dict().items()}
    kept = {name: x for name, x in encoder.items() if not name.startswith("encoder.classifier.")}
    return kept | decoder


def _networks(
    path: Path, encoder_name: str, sizes: DecoderSizes
) -> tuple[EfficientNetLite, ShowAttendTell]:
    encoder = EfficientNetLite(encoder_name, classes=1, rng=0)
    decoder = ShowAttendTell(**sizes._asdict(), rng=0)
    weights = read_weights(path)
    for name in weights:
        if not name.startswith(("encoder.", "decoder.")):
            raise BundleError(f"{path}: unknown weight {name!r:.60}")
    unused = {name: x for name, x in encoder.state_dict().items() if name.startswith("classifier.")}
    try:
        encoder.load_state_dict(_below("encoder.", weights) | unused)
        decoder.load_state_dict(_below("decoder.", weights))
    except CheckpointError as error:
        raise BundleError(f"{path}: {error.problem}", hint=error.hint) from None
    return encoder.eval(), decoder.eval()


def _below(prefix: str, weights: Weights) -> Weights:
    return {name.removeprefix(prefix): x for name, x in weights.items() if name.startswith(prefix)}
