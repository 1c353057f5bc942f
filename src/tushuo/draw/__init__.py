"""Pictures of graphs: SVG, PNG, DOT, Mermaid, and a page that steps through both passes.

```
from tushuo.draw import draw

draw(lambda a, b: (a + b) * (b + 1))(2.0, 1.0).save("circuit.svg")
```
"""

from __future__ import annotations

from tushuo.draw.drawing import Drawing, draw

__all__ = ["Drawing", "draw"]
