"""A page that steps through both passes, one gate at a time, with parts that fold by a click."""

from __future__ import annotations

import json
from html import escape
from importlib.resources import files
from typing import Any

from tushuo.draw import place
from tushuo.draw.look import LABEL, PITCH, Card
from tushuo.draw.marks import text_width
from tushuo.draw.model import ROOT, Graph, Item
from tushuo.draw.plan import Plan
from tushuo.draw.scene import MARGIN, Studio, frame_marks, frame_title_width
from tushuo.draw.story import story, welcome
from tushuo.draw.svg import clean, element, fonts, rules
from tushuo.draw.theme import paints

_BUTTONS = (
    ("first", "Start"),
    ("back", "Back"),
    ("next", "Step"),
    ("last", "End"),
    ("play", "Play"),
)
_VIEWS = (("smaller", "-"), ("larger", "+"), ("fit", "Fit"), ("theme", "Light / dark"))


def html(studio: Studio, opened: frozenset[Item]) -> str:
    """A page that stands alone: it loads nothing and sends nothing."""
    title = escape(clean(studio.graph.title))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
script-src 'unsafe-inline'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>{fonts()}{rules(paints(False), ".tushuo")}{rules(paints(True), "[data-theme=dark] .tushuo")}
{_asset("page.css")}</style>
</head>
<body>
<header>
<h1>{title}</h1>
<div>{_buttons(_BUTTONS)} <output id="count"></output></div>
<div>{_buttons(_VIEWS)}</div>
<div class="keys">Arrow keys step, Home and End jump, P plays, F fits. Click a violet part to \
unfold it, its title to fold it.</div>
</header>
<main><svg id="picture" class="tushuo" xmlns="http://www.w3.org/2000/svg"></svg></main>
<footer id="panel" aria-live="polite"></footer>
<script type="application/json" id="data">{_json(_data(studio, opened))}</script>
<script>
{_asset("layout.js")}
{_asset("page.js")}
</script>
</body>
</html>
"""


def _buttons(names: tuple[tuple[str, str], ...]) -> str:
    return " ".join(f'<button id="{name}">{text}</button>' for name, text in names)


def _asset(name: str) -> str:
    return files("tushuo.draw").joinpath(name).read_text("utf-8")


def _json(content: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(content, separators=(",", ":")).replace("<", "\\u003c")


def _data(studio: Studio, opened: frozenset[Item]) -> dict[str, Any]:
    graph = studio.graph
    return layout_data(studio) | {
        "opened": sorted(opened),
        "gradients": any(v.gradient is not None for v in graph.vertices.values()),
        "pictures": {item: _picture(card) for item, card in studio.cards.items()},
        "frames": {
            scope.id: "".join(map(element, frame_marks(scope, 0, 0)))
            for scope in graph.scopes.values()
        },
        "about": story(graph),
        "welcome": welcome(graph),
    }


def layout_data(studio: Studio) -> dict[str, Any]:
    """What the coordinates follow from, for ``layout.js``."""
    graph = studio.graph
    return {
        "root": ROOT,
        "sizes": {
            "gap": place.GAP,
            "dummyGap": place.DUMMY_GAP,
            "curve": place.CURVE,
            "many": place.MANY,
            "top": place.TOP,
            "side": place.SIDE,
            "bottom": place.BOTTOM,
            "rounds": place.ROUNDS,
            "stiff": place.STIFF,
            "pitch": PITCH,
            "margin": MARGIN,
        },
        "plans": {s: _plan(p, studio.labels[s]) for s, p in studio.plans.items()},
        "cards": _cards(graph, studio.cards),
        "titles": {scope.id: frame_title_width(scope) for scope in graph.scopes.values()},
    }


def _cards(graph: Graph, cards: dict[Item, Card]) -> dict[Item, Any]:
    return {i: (c.width, c.height, int(i in graph.scopes)) for i, c in cards.items()}


def _plan(plan: Plan, labels: list[tuple[str, str]]) -> dict[str, Any]:
    links = [
        {
            "start": link.start,
            "end": link.end,
            "value": link.value,
            "slot": link.slot,
            "texts": texts,
            "width": max(text_width(text, LABEL) for text in texts),
        }
        for link, texts in zip(plan.links, labels, strict=True)
    ]
    return {
        "points": [(p.kind, p.item) for p in plan.points],
        "links": links,
        "layers": plan.layering.layers,
        "chains": [plan.layering.chains[link.start, link.end] for link in plan.links],
    }


def _picture(card: Card) -> str:
    ground = "".join(map(element, card.ground))
    return f"{ground}<g>{''.join(map(element, card.marks))}</g>"
