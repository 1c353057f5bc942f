"""What `tushuo` itself offers: all there, all documented, and imported only when used."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

import tushuo

ROOT = Path(__file__).resolve().parents[1]
PUBLIC = [
    *("caption", "caption.metrics", "data", "draw", "gradients", "gradients.symbolic", "graph"),
    *("lessons", "models", "nn", "optim", "photos", "train"),
]


@pytest.mark.parametrize("name", tushuo.__all__)
def test_every_name_is_there_and_documented(name):
    value = getattr(tushuo, name)
    assert value.__doc__
    assert value.__doc__.strip().split("\n")[0].endswith((".", "?", ":"))


def test_operations_derivatives_and_layers_are_offered():
    offered = set(tushuo.__all__)
    assert {"exp", "matmul", "conv2d", "where", "grad", "hessian", "Tensor"} <= offered
    assert {"nn", "optim", "errors", "load_captioner"} <= offered
    assert len(offered) == len(tushuo.__all__)
    assert offered <= set(dir(tushuo))
    namespace: dict[str, object] = {}
    exec("from tushuo import *", namespace)
    assert offered <= set(namespace)


@pytest.mark.parametrize("name", PUBLIC)
def test_packages_export_what_they_list(name):
    module = import_module(f"tushuo.{name}")
    assert module.__doc__
    listed = getattr(module, "__all__", [])
    assert len(set(listed)) == len(listed)
    assert all(hasattr(module, each) for each in listed)


def test_the_types_list_the_same_names():
    """The lists that type checkers read are the ones that are used."""
    text = (ROOT / "src" / "tushuo" / "__init__.py").read_text("utf-8")
    block = text[text.index("if TYPE_CHECKING") : text.index("__version__")]
    scope: dict[str, object] = {"TYPE_CHECKING": True}
    exec(block, scope)
    assert sorted(scope["__all__"]) == tushuo.__all__


def test_an_unknown_name():
    with pytest.raises(AttributeError, match="module 'tushuo' has no attribute 'exq'"):
        _ = tushuo.exq


def test_importing_is_light():
    script = (
        "import sys, tushuo; "
        "heavy = {'numpy', 'PIL', 'rich', 'typer', 'safetensors'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    path = {"PYTHONPATH": str(ROOT / "src")}
    subprocess.run([sys.executable, "-c", script], env=path, check=True)


def test_the_version_is_that_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project.get("version", tushuo.__version__) == tushuo.__version__
