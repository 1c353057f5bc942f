"""`tushuo models`: what is installed."""

from __future__ import annotations

from tushuo.cli.faces import write, write_json
from tushuo.cli.options import Json

__all__ = ["models"]


def models(as_json: Json = False) -> None:
    """List the installed models: name, type, size on disk."""
    from tushuo.models.installed import installed_models

    for model in installed_models():
        if as_json:
            content = {"name": model.name, "model_type": model.model_type, "bytes": model.size}
            write_json({**content, "path": str(model.folder)})
        else:
            write(f"{model.name:<24}{model.model_type:<24}{model.size / 1e6:6.1f} MB")
