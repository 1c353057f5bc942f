"""图说: a neural image captioner that you can open up, and the engine under it.

```
import tushuo

captioner = tushuo.load_captioner()
print(captioner(["photograph.jpg"])[0])
```

Here are the operations (`tushuo.exp`, ...), the derivatives (`tushuo.grad`, ...) and the layers of
the package (`tushuo.nn`, ...). Each is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from types import FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tushuo import caption, data, draw, errors, gradients, graph, models, nn, optim, train
    from tushuo.caption import Caption, Captioner, load_captioner
    from tushuo.compile import compile
    from tushuo.graph import (
        Tensor,
        asarray,
        check_grads,
        grad,
        gradient,
        hessian,
        jacobian,
        jvp,
        ops,
        tree_map,
        value_and_grad,
        variable,
        vjp,
    )
    from tushuo.graph.ops import *  # noqa: F403
    from tushuo.native import eager, is_eager
    from tushuo.threads import get_num_threads, set_num_threads

    __all__ = ["Caption", "Captioner", "load_captioner"]
    __all__ += ["compile", "draw"]
    __all__ += ["caption", "data", "errors", "gradients", "graph", "models", "nn", "optim", "train"]
    __all__ += ["Tensor", "asarray", "tree_map", "variable"]
    __all__ += ["check_grads", "grad", "gradient", "hessian", "jacobian", "jvp"]
    __all__ += ["value_and_grad", "vjp"]
    __all__ += ["eager", "is_eager"]
    __all__ += ["get_num_threads", "set_num_threads"]
    __all__ += ops.__all__

__version__ = "0.1.0"

_LAYERS = (
    "caption",
    "compile",
    "data",
    "draw",
    "errors",
    "gradients",
    "graph",
    "models",
    "nn",
    "optim",
    "train",
)
_CAPTION = ("Caption", "Captioner", "load_captioner")
_GRAPH = (
    *("Tensor", "asarray", "tree_map", "variable"),
    *("check_grads", "grad", "gradient", "hessian", "jacobian", "jvp", "value_and_grad", "vjp"),
)
_NATIVE = ("eager", "is_eager")
_THREADS = ("get_num_threads", "set_num_threads")


def __getattr__(name: str) -> Any:
    value = _found(name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    own = {name for name in globals() if name.startswith("_")}
    return sorted({*own, *_exported()})


def _found(name: str) -> Any:
    if name in _LAYERS:
        return import_module(f"tushuo.{name}")
    if name in _CAPTION:
        return getattr(import_module("tushuo.caption"), name)
    if name == "__all__":
        return _exported()
    if name in _NATIVE:
        return getattr(import_module("tushuo.native"), name)
    if name in _THREADS:
        return getattr(import_module("tushuo.threads"), name)
    if name in _GRAPH:
        return getattr(import_module("tushuo.graph"), name)
    if not name.startswith("_") and name in _operations():
        return getattr(import_module("tushuo.graph.ops"), name)
    raise AttributeError(f"module 'tushuo' has no attribute {name!r}", name=name)


def _exported() -> list[str]:
    return sorted((*_LAYERS, *_CAPTION, *_GRAPH, *_NATIVE, *_THREADS, *_operations()))


def _operations() -> list[str]:
    """The public functions of the package of operations."""
    functions = vars(import_module("tushuo.graph.ops")).items()
    return [name for name, value in functions if isinstance(value, FunctionType) and name[0] != "_"]
