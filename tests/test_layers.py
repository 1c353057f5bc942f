"""Imports point one way: every import of the package is read and held against the design."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "tushuo"

ENGINE = {"errors", "graph"}
NETWORKS = ENGINE | {"nn"}
DRAWN = ENGINE | {"threads", "draw"}
COMPILED = DRAWN | {"compile", "native"}
PARTS = NETWORKS | COMPILED | {"optim", "models", "train", "data", "closed_pickle"}
MAY_IMPORT = {
    "errors": set(),
    "closed_pickle": {"errors"},
    "graph": {"errors"},
    "gradients": ENGINE,
    "threads": {"errors"},
    "draw": ENGINE,
    "compile": DRAWN,
    "native": DRAWN | {"compile"},
    "nn": ENGINE,
    "optim": NETWORKS,
    "models": NETWORKS | {"closed_pickle"},
    "train": NETWORKS | {"optim"},
    "data": {"errors", "closed_pickle"},
    "caption": PARTS,
    "digits": PARTS,
    "photos": PARTS | {"caption"},
    "lessons": PARTS | {"caption", "digits", "draw", "gradients"},
    "web": PARTS | {"caption", "draw", "photos"},
    "cli": PARTS | {"caption", "digits", "draw", "gradients", "lessons", "photos", "web"},
}
"""Layer -> the layers that it may import, besides itself."""

FACES = {"__init__", "__main__"}  # above all layers
FILES = {str(path.relative_to(PACKAGE)): path for path in sorted(PACKAGE.rglob("*.py"))}
LAYERED = [name for name, path in FILES.items() if path.stem not in FACES or "/" in name]


def layer_of(name):
    return name.split("/")[0].removesuffix(".py")


def imported_modules(path):
    """The dotted names of all imports, those inside functions too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "import_module":
            assert isinstance(node.args[0], ast.Constant), f"{path}: an import that cannot be read"
            yield node.args[0].value


@pytest.mark.parametrize("name", LAYERED)
def test_a_layer_imports_only_lower_ones(name):
    own = layer_of(name)
    for module in imported_modules(FILES[name]):
        package, _, rest = module.partition(".")
        if package == "tushuo" and rest != "__version__":
            target = rest.partition(".")[0]
            allowed = MAY_IMPORT[own] | {own}
            assert target in allowed, f"{name} imports {module}; {own} may import {allowed}"


def test_the_design_has_no_circles_and_all_layers():
    assert {layer_of(name) for name in LAYERED} <= set(MAY_IMPORT)
    for layer, lower in MAY_IMPORT.items():
        for other in lower:
            assert layer not in MAY_IMPORT[other]
            assert MAY_IMPORT[other] <= lower


def test_data_needs_numpy_and_pillow_only():
    for name, path in FILES.items():
        if layer_of(name) == "data":
            outside = {module.partition(".")[0] for module in imported_modules(path)}
            assert not outside & {"safetensors", "typer", "rich", "array_api_compat"}, name
