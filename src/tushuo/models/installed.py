"""Model folders: the ones shipped with the package, by name, and any other, by path."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tushuo.errors import BundleError, version_hint

__all__ = [
    "BUNDLES",
    "InstalledModel",
    "check_version",
    "find_installed",
    "find_model",
    "installed_models",
    "read_config",
]

BUNDLES = Path(__file__).resolve().parents[1] / "bundles"
"""Where the shipped model folders lie."""

_MAX_CONFIG_BYTES = 1 << 20
_ANEW = "train the model anew"


@dataclass(frozen=True)
class InstalledModel:
    """A shipped model.

    Attributes:
        name: What it is called.
        folder: Where it lies.
        config: What its `config.json` says.
    """

    name: str
    folder: Path
    config: dict[str, Any] = field(repr=False, compare=False)

    @property
    def model_type(self) -> str:
        """What kind of model it is: "show-attend-tell", "efficientnet-lite", ..."""
        return str(self.config.get("model_type"))

    @property
    def language(self) -> str:
        """The language that it writes, as "en"; empty if it writes none."""
        return str(self.config.get("language", ""))

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(path.stat().st_size for path in self.folder.iterdir() if path.is_file())


def installed_models(model_type: str | None = None) -> list[InstalledModel]:
    """The shipped models by name, all or those of one type ("show-attend-tell", ...)."""
    folders = sorted(path.parent for path in BUNDLES.glob("*/config.json"))
    models = [InstalledModel(f.name, f, read_config(f / "config.json")) for f in folders]
    return [model for model in models if model_type in (None, model.model_type)]


def find_model(name_or_path: str | os.PathLike[str], *model_types: str) -> Path:
    """The folder of a model.

    Args:
        name_or_path: The name of a shipped model (such a name comes before a folder of the same
            name; write `./name` for the folder), or the path of a folder.
        *model_types: What a shipped model may be, by default anything. A folder's type is left to
            the caller.

    Raises:
        BundleError: There is no such model or folder, or the shipped one is of another type; the
            hint lists those that would do.
    """
    text = os.fspath(name_or_path)
    models = {model.name: model for model in installed_models()}
    fitting = [m.name for m in models.values() if not model_types or m.model_type in model_types]
    if text in fitting:
        return models[text].folder
    if os.path.isdir(text):  # noqa: PTH112  (unlike Path.is_dir it takes any text for an answer)
        return Path(text)
    what = "is a file, not a folder" if os.path.isfile(text) else "no such model"  # noqa: PTH113
    if text in models:
        expected = " or ".join(map(repr, model_types))
        what = f"model_type: got {models[text].model_type!r:.60}, expected {expected}"
    known = ", ".join(fitting) or "none"
    raise BundleError(f"{text!r}: {what}", hint=f"installed: {known}; or give a model folder")


def find_installed(name: str) -> Path:
    """The folder of a shipped model; unlike `find_model` it takes a name only, never a path.

    Raises:
        BundleError: There is no such model; the hint lists those there are.
    """
    models = {model.name: model.folder for model in installed_models()}
    if name not in models:
        raise BundleError(
            f"{name!r:.60}: no such model is installed",
            hint=f"installed: {', '.join(models) or 'none'}",
        )
    return models[name]


def read_config(path: Path) -> dict[str, Any]:
    """A file that holds one JSON object.

    Raises:
        BundleError: It is missing, above 1 MiB, or no JSON object.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_CONFIG_BYTES + 1)
        if len(raw) > _MAX_CONFIG_BYTES:
            raise BundleError(f"{path}: larger than {_MAX_CONFIG_BYTES} bytes")
        content = json.loads(raw)
    except FileNotFoundError:
        raise BundleError(f"{path}: missing", hint="a model folder needs it") from None
    except OSError as error:
        raise BundleError(f"{path}: cannot be read ({error.strerror or error})") from None
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{path}: not JSON ({error})") from None
    if not isinstance(content, dict):
        raise BundleError(f"{path}: holds a {type(content).__name__}, expected a JSON object")
    return content


def check_version(
    path: Path, config: Mapping[str, Any], *, anew: str = _ANEW, **expected: Any
) -> None:
    """Whether a file is of the type and version that is read here.

    Args:
        path: The file.
        config: What it says.
        anew: What to do about an older version.
        **expected: What it has to say, as `model_type="show-attend-tell", format_version=1`.

    Raises:
        BundleError: It says something else.
    """
    for key, value in expected.items():
        if config.get(key) != value:
            raise BundleError(
                f"{path}: {key}: got {config.get(key)!r:.60}, expected {value!r}",
                hint=version_hint(config.get(key), value, anew),
            )
