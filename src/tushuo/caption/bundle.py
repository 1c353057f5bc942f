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
    Identity,
    check_vocabulary,
    decoder_sizes,
    read_identity,
)
from tushuo.caption.confidence import Calibration
from tushuo.caption.decoding import Decoding
from tushuo.caption.embedding import Embedder, load_embedder, save_embedder
from tushuo.caption.evaluation import Evaluation
from tushuo.caption.generation_config import (
    read_calibration,
    read_decoding,
    write_generation_config,
)
from tushuo.caption.phrases import Phrases, load_phrases, save_phrases
from tushuo.caption.quantization import Quantization, load_quantization, save_quantization
from tushuo.caption.shared_encoder import (
    Holder,
    encoder_network,
    encoder_weights,
    holder_of,
    shared,
)
from tushuo.data import Preprocessing, Vocabulary
from tushuo.errors import BundleError, CheckpointError
from tushuo.models.efficientnet import EfficientNetLite
from tushuo.models.installed import find_model, read_config
from tushuo.models.pretrained import MODEL_TYPE as EFFICIENTNET
from tushuo.models.pretrained import load_efficientnet
from tushuo.models.show_attend_tell import ShowAttendTell
from tushuo.models.weights_file import Store, Weights, read_shapes, read_weights, write_weights
from tushuo.nn import init

__all__ = ["Bundle", "load_bundle", "load_encoder", "read_readme", "save_bundle"]

_CONFIG = "config.json"
_WEIGHTS = "model.safetensors"
_TOKENIZER = "tokenizer.json"
_PREPROCESSOR = "preprocessor_config.json"
_GENERATION = "generation_config.json"
_README = "README.md"
_MAX_README_BYTES = 1 << 20
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
        calibration: Turns scores into confidence; None where that was never fitted.
        evaluation: How good its captions are; None where that was never measured.
        embedder: Puts photographs and sentences into one space; None where it has none.
        phrases: Knows what people would say, to rank sentences by; None where it has none.
        quantization: Ranges of activations, for "int16" and "int8"; None where it has none.
    """

    encoder: EfficientNetLite
    decoder: ShowAttendTell
    vocabulary: Vocabulary
    preprocessing: Preprocessing
    decoding: Decoding = field(default_factory=Decoding)
    name: str = ""
    calibration: Calibration | None = None
    evaluation: Evaluation | None = None
    embedder: Embedder | None = None
    phrases: Phrases | None = None
    quantization: Quantization | None = None

    @property
    def decoder_sizes(self) -> DecoderSizes:
        """The arguments of `ShowAttendTell` that give the decoder its shape."""
        parameters = self.decoder.named_parameters()
        return decoder_sizes({f"decoder.{name}": x.shape for name, x in parameters.items()})


def save_bundle(
    folder: str | os.PathLike[str],
    bundle: Bundle,
    readme: str,
    *,
    store: Store = "float16",
    share_encoder: str | None = None,
) -> None:
    """Write a bundle, whole or not at all.

    Args:
        folder: The folder to make; its parent folders are made as needed.
        bundle: What to write.
        readme: The text of README.md: data, scores, licence, how to reproduce.
        store: How matrices are stored: "float16", or "int8" in half the space (see
            `tushuo.models.int8`).
        share_encoder: The name of an installed model with the same encoder, which the bundle then
            names instead of keeping a copy. Such a bundle works only where that model is installed.

    Raises:
        BundleError: Something of that name exists (nothing is overwritten), the parts do not fit
            each other, a weight is not finite, or no such model is installed, or it has another
            encoder.
        UsageError: `store` is something else.
        OSError: The folder cannot be written.
    """
    target = Path(folder)
    if target.exists() or target.is_symlink():
        raise BundleError(f"{target}: exists already", hint="choose another name or remove it")
    holder = None if share_encoder is None else holder_of(bundle.encoder, share_encoder)
    check_vocabulary(target, bundle.vocabulary, bundle.vocabulary.language, bundle.decoder_sizes)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        part.chmod(0o755)  # temporary folders are private
        _write(part, bundle, readme, store, holder)
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
            version, or does not fit the others; or the model that holds its encoder is not
            installed. The message names the file.
    """
    folder = find_model(name_or_path, MODEL_TYPE)
    missing = [name for name in _FILES if not (folder / name).is_file()]
    if missing:
        raise BundleError(f"{folder}: no bundle, it lacks {', '.join(missing)}")
    sizes = decoder_sizes(read_shapes(folder / _WEIGHTS), folder / _WEIGHTS)
    identity = read_identity(folder / _CONFIG, sizes)
    vocabulary = Vocabulary.load(folder / _TOKENIZER)
    check_vocabulary(folder / _TOKENIZER, vocabulary, identity.language, sizes)
    encoder, decoder = _networks(folder, identity, sizes)
    phrases = load_phrases(folder, vocabulary, sizes.channels)
    embedder = load_embedder(folder, sizes.channels)
    return Bundle(
        encoder,
        decoder,
        vocabulary,
        _preprocessing(folder / _PREPROCESSOR),
        _decoding(folder / _GENERATION, phrases, embedder),
        folder.resolve().name,
        read_calibration(folder / _GENERATION),
        identity.evaluation,
        embedder,
        phrases,
        load_quantization(folder, folder / _WEIGHTS, {"encoder": encoder, "decoder": decoder}),
    )


def load_encoder(source: str | os.PathLike[str]) -> EfficientNetLite:
    """The encoder of a bundle, or a classifier as one.

    Args:
        source: A bundle's name or folder, or what `load_efficientnet` takes.

    Raises:
        BundleError: As of `load_bundle` and `load_efficientnet`.
        CheckpointError: A `.pth` file is damaged or holds other parameters.
    """
    if Path(source).suffix not in (".pth", ".pt"):
        config = read_config(find_model(source, MODEL_TYPE, EFFICIENTNET) / _CONFIG)
        if config.get("model_type") == MODEL_TYPE:
            return load_bundle(source).encoder
    return load_efficientnet(source)


def read_readme(name_or_path: str | os.PathLike[str]) -> str:
    """The text of a bundle's README.md, at most 1 MiB; empty where there is none.

    Raises:
        BundleError: There is no such bundle, or the text is larger or no UTF-8.
    """
    path = find_model(name_or_path, MODEL_TYPE) / _README
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_README_BYTES + 1)
        if len(raw) > _MAX_README_BYTES:
            raise BundleError(f"{path}: larger than {_MAX_README_BYTES:,} bytes")
        return raw.decode("utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError(f"{path}: cannot be read ({error})") from None


def _write(folder: Path, bundle: Bundle, readme: str, store: Store, holder: Holder | None) -> None:
    evaluation, shares = bundle.evaluation, {} if holder is None else holder.to_config()
    config = {
        "model_type": MODEL_TYPE,
        "format_version": FORMAT_VERSION,
        "language": bundle.vocabulary.language,
        "encoder": {"name": bundle.encoder.name, **shares},
        "decoder": bundle.decoder_sizes._asdict(),
        **({} if evaluation is None else {"evaluation": evaluation.to_config()}),
    }
    _write_json(folder / _CONFIG, config)
    _write_json(folder / _PREPROCESSOR, bundle.preprocessing.to_config())
    generation = write_generation_config(bundle.decoding, bundle.calibration)
    _write_json(folder / _GENERATION, generation)
    bundle.vocabulary.save(folder / _TOKENIZER)
    write_weights(folder / _WEIGHTS, _weights(bundle, with_encoder=holder is None), store)
    if bundle.embedder is not None:
        save_embedder(folder, bundle.embedder)
    if bundle.phrases is not None:
        save_phrases(folder, bundle.phrases, bundle.vocabulary, store)
    if bundle.quantization is not None:
        save_quantization(folder, bundle.quantization, folder / _WEIGHTS)
    (folder / _README).write_text(readme, "utf-8")


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _preprocessing(path: Path) -> Preprocessing:
    try:
        return Preprocessing.from_config(read_config(path))
    except BundleError as error:
        problem = error.problem.removeprefix(f"{path.name}: ").removeprefix(f"{path}: ")
        raise BundleError(f"{path}: {problem}", hint=error.hint) from None


def _decoding(path: Path, phrases: Phrases | None, embedder: Embedder | None) -> Decoding:
    decoding = read_decoding(path)
    for name, part, file in (
        ("phrase_weight", phrases, "phrases.json"),
        ("match_weight", embedder, "embedder.json"),
    ):
        if getattr(decoding, name) and part is None:
            raise BundleError(
                f"{path}: {name} {getattr(decoding, name):g}, but the folder has no {file}",
                hint=f"copy it again, or remove {name}",
            )
    return decoding


def _weights(bundle: Bundle, with_encoder: bool) -> Weights:
    kept = encoder_weights(bundle.encoder) if with_encoder else {}
    encoder = {f"encoder.{name}": x for name, x in kept.items()}
    return encoder | {f"decoder.{name}": x for name, x in bundle.decoder.state_dict().items()}


def _networks(
    folder: Path, identity: Identity, sizes: DecoderSizes
) -> tuple[EfficientNetLite, ShowAttendTell]:
    path, weights = folder / _WEIGHTS, read_weights(folder / _WEIGHTS)
    for name in weights:
        if not name.startswith(("encoder.", "decoder.")):
            raise BundleError(f"{path}: unknown weight {name!r:.60}")
    with init.skipped():
        decoder = ShowAttendTell(**sizes._asdict())
    try:
        decoder.load_state_dict(_below("decoder.", weights))
    except CheckpointError as error:
        raise BundleError(f"{path}: {error.problem}", hint=error.hint) from None
    own, holder = _below("encoder.", weights), identity.holder
    if holder is None:
        return encoder_network(path, identity.encoder, own), decoder.eval()
    if own:
        raise BundleError(f"{path}: holds an encoder, though {_CONFIG} says that it is shared")
    return shared(folder / _CONFIG, identity.encoder, holder), decoder.eval()


def _below(prefix: str, weights: Weights) -> Weights:
    return {name.removeprefix(prefix): x for name, x in weights.items() if name.startswith(prefix)}
