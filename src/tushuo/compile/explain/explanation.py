"""The result of ``explain``: kernels with their figures, and the forms that they are shown in."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tushuo.compile.explain.kernel import Kernel
from tushuo.compile.explain.roofline import Roofline
from tushuo.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Group

    from tushuo.compile.plan import Plan
    from tushuo.draw import Drawing


@dataclass(frozen=True)
class Explanation:
    """All kernels of a compiled function, what they reach, and the memory that they need.

    ``print`` it for a table of all; Rich prints those that take longest, notebooks show the page.
    Times are those of each kernel alone, one after the other in the order of the program, so caches
    are as in real calls; images of a batch are not taken one by one, and values in between do not
    stay in the cache for them.

    Attributes:
        title: The name of the function.
        kernels: In the order in which they run.
        arena: Memory for what is computed in between, in bytes.
        total: What that would be without sharing.
        cached: Whether the machine code came from the cache on disk.
        seconds: The shortest time of a whole call, None if it was not measured.
        roofs: What the machine reaches with one thread, and with all if there are several.
    """

    title: str
    kernels: list[Kernel]
    arena: int
    total: int
    cached: bool
    seconds: float | None = None
    roofs: tuple[Roofline, ...] = ()
    plans: Sequence[Plan] = field(default=(), repr=False)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The kernels as plain data."""
        return [kernel.to_dict() for kernel in self.kernels]

    @property
    def flops(self) -> int:
        """Floating-point operations of all kernels."""
        return sum(kernel.flops for kernel in self.kernels)

    @property
    def bytes(self) -> int:
        """What all kernels read and write."""
        return sum(kernel.bytes for kernel in self.kernels)

    @property
    def apart(self) -> float | None:
        """The sum of the kernels' times, in seconds."""
        times = [k.seconds for k in self.kernels if k.seconds is not None]
        return sum(times) if times else None

    @property
    def share(self) -> float | None:
        """The part of the roofline that a whole call reaches, by its kernels' least times."""
        least = [k.least for k in self.kernels if k.least is not None]
        return sum(least) / self.seconds if least and self.seconds else None

    def to_dict(self) -> dict[str, Any]:
        """All figures, as JSON can hold them."""
        return {
            "title": self.title,
            "kernels": self.rows,
            "flops": self.flops,
            "bytes": self.bytes,
            "seconds": self.seconds,
            "share": self.share,
            "arena": self.arena,
            "total": self.total,
            "cached": self.cached,
            "roofs": [roof.to_dict() for roof in self.roofs],
        }

    def html(self) -> str:
        """A page with all kernels and their place under the roofline; it asks for nothing else."""
        from tushuo.compile.explain.page import page

        return page(self)

    def draw(self) -> Drawing:
        """The kernels and the values between them; a click or ``unfold()`` shows the operations.

        Raises:
            UsageError: It is of several programs.
        """
        from tushuo.compile.explain.drawing import kernels_drawn

        if len(self.plans) != 1:
            raise UsageError(
                f"{self.title} was compiled to {len(self.plans)} programs, and one can be drawn",
                hint="name it by its arguments, as in f.explain(x).draw()",
            )
        return kernels_drawn(self)

    def save(self, path: str | Path) -> Path:
        """Write it in the format that the ending of the name says.

        Args:
            path: Ends with .html, .json or .txt.

        Returns:
            The path.

        Raises:
            UsageError: The ending is another one, or the file cannot be written.
        """
        path = Path(path)
        formats: dict[str, Callable[[], str]] = {
            ".html": self.html,
            ".json": lambda: json.dumps(self.to_dict(), indent=2) + "\n",
            ".txt": lambda: f"{self}\n",
        }
        if path.suffix.lower() not in formats:
            raise UsageError(
                f"cannot tell the format of {path.name!r}",
                hint=f"end the name with {', '.join(formats)}",
            )
        try:
            path.write_text(formats[path.suffix.lower()](), "utf-8")
        except OSError as error:
            raise UsageError(f"cannot write {path}: {error.strerror}") from None
        return path

    def __str__(self) -> str:
        from tushuo.compile.explain.table import table

        return table(self)

    def __rich__(self) -> Group:
        from tushuo.compile.explain.terminal import rendered

        return rendered(self)

    def _repr_html_(self) -> str:
        from tushuo.compile.explain.page import fragment

        return fragment(self)
