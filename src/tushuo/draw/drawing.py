"""The pictures of one run of a function."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

from tushuo.draw.folding import BUDGET, opened_within, parents, titled
from tushuo.draw.model import ROOT, Graph, Item
from tushuo.draw.record import record
from tushuo.draw.scene import Studio
from tushuo.errors import UsageError

Opened = Literal["fit", "all", "none"]


def draw(
    f: Callable[..., Any], *, gradients: bool = True, opened: Opened | int = "fit"
) -> Callable[..., Drawing]:
    """The function that runs ``f`` and returns a :class:`Drawing` of what it computed.

    ``draw(f)(*inputs)``: numbers and floating-point arrays in the inputs, and the parameters of
    modules among them, become variables of the names of ``f``'s parameters. Values are green and
    stand above the edges; below them, in red, is what flows back: the derivative of the result by
    the value, as far as it goes by this edge. If the result is not one number, derivatives are
    those of the sum of its elements.

    Args:
        f: A function of trees of Tensors, or a module.
        gradients: Whether there is a backward pass.
        opened: Which parts (layers, time steps, functions) are not folded: as many as make a
            picture of about two dozen vertices ("fit"), or of that many, "all" or "none".

    Raises:
        UsageError: ``f`` is no function; or, when it is called, the inputs do not fit it.
        GraphError: The result of ``f`` holds no Tensor.
    """
    if not callable(f):
        raise UsageError(
            f"expected a function to draw, got {type(f).__name__} {f!r:.40}",
            hint="pass a function of Tensors, as draw(lambda a, b: a * b)(2.0, 3.0)",
        )
    if not isinstance(opened, int) and opened not in ("fit", "all", "none"):
        raise UsageError(f"opened is {opened!r}", hint="use 'fit', 'all', 'none' or a number")

    def drawn(*args: Any, **kwargs: Any) -> Drawing:
        graph = record(f, args, kwargs, gradients)
        return Drawing(Studio(graph), _opened(graph, opened))

    return drawn


class Drawing:
    """A graph that can be looked at.

    Attributes:
        graph: What is drawn.
        opened: The scopes that are not folded.
    """

    def __init__(self, studio: Studio, opened: frozenset[Item]) -> None:
        self._studio = studio
        self.graph = studio.graph
        self.opened = opened

    @property
    def visible(self) -> int:
        """The number of vertices and folded parts in the picture."""
        scopes = self.graph.scopes
        items = (i for s in scopes.values() if self._shows(s.id) for i in s.items)
        return sum(i not in self.opened for i in items)

    def _shows(self, scope: Item) -> bool:
        return {scope, *self.graph.around(scope)} <= self.opened

    def unfold(self, *titles: str) -> Drawing:
        """The drawing with the parts of these titles open, by default all.

        Raises:
            UsageError: The graph has no such part.
        """
        wanted = titled(self.graph, titles) if titles else set(self.graph.scopes)
        return Drawing(self._studio, self.opened | parents(self.graph, wanted))

    def fold(self, *titles: str) -> Drawing:
        """The drawing with the parts of these titles folded, by default all.

        Raises:
            UsageError: The graph has no such part.
        """
        wanted = titled(self.graph, titles) if titles else set(self.graph.scopes) - {ROOT}
        return Drawing(self._studio, self.opened - wanted)

    def svg(self) -> str:
        """The picture as an SVG document, light or dark as the screen is."""
        from tushuo.draw.svg import svg

        return svg(self._studio.scene(self.opened), self.graph.title)

    def png(self, scale: float = 2.0, dark: bool = False) -> bytes:
        """The picture as a PNG file.

        Args:
            scale: Pixels of the file for one of the layout.
            dark: Whether the ground is dark.

        Raises:
            UsageError: The picture would have more than 100 million pixels.
        """
        from tushuo.draw.png import png

        buffer = BytesIO()
        png(self._studio.scene(self.opened), scale, dark).save(buffer, "PNG")
        return buffer.getvalue()

    def dot(self) -> str:
        """The graph in Graphviz's language."""
        from tushuo.draw.dot import dot

        return dot(self.graph, self.opened)

    def mermaid(self) -> str:
        """The graph in Mermaid's language, as Markdown pages show it."""
        from tushuo.draw.mermaid import mermaid

        return mermaid(self.graph, self.opened)

    def html(self) -> str:
        """A page that goes through the forward and the backward pass, one gate at a time.

        It stands alone and asks nothing of the network; parts are folded by a click.
        """
        from tushuo.draw.html import html

        return html(self._studio, self.opened)

    def save(self, path: str | Path) -> Path:
        """Write the drawing in the format that the ending of the name says.

        Args:
            path: Ends with .svg, .png, .dot, .mmd (Mermaid) or .html.

        Returns:
            The path.

        Raises:
            UsageError: The ending is another one, or the file cannot be written.
        """
        path = Path(path)
        formats: dict[str, Callable[[], str | bytes]] = {
            ".svg": self.svg,
            ".png": self.png,
            ".dot": self.dot,
            ".mmd": self.mermaid,
            ".html": self.html,
        }
        if path.suffix.lower() not in formats:
            raise UsageError(
                f"cannot tell the format of {path.name!r}",
                hint=f"end the name with {', '.join(formats)}",
            )
        content = formats[path.suffix.lower()]()
        data = content.encode() if isinstance(content, str) else content
        try:
            path.write_bytes(data)
        except OSError as error:
            raise UsageError(f"cannot write {path}: {error.strerror}") from None
        return path

    def _repr_svg_(self) -> str:
        return self.svg()

    def __repr__(self) -> str:
        count = len(self.graph.vertices)
        return f"<Drawing of {self.graph.title}: {count} vertices, {self.visible} visible>"


def _opened(graph: Graph, opened: Opened | int) -> frozenset[Item]:
    if opened == "all":
        return frozenset(graph.scopes)
    if opened == "none":
        return frozenset({ROOT})
    return opened_within(graph, BUDGET if opened == "fit" else opened)
