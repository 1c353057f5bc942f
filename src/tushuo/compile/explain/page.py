"""Kernels as a page: what they reach, where they stand under the roofline, and each in a row."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from importlib.resources import files

from tushuo.compile.explain.explanation import Explanation
from tushuo.compile.explain.kernel import Kernel, Line
from tushuo.compile.explain.plot import family, plot
from tushuo.compile.explain.ranking import Rank, ranked
from tushuo.compile.explain.table import duration, lengths, microseconds, percent, printable, rate

_HEAD = (("", "n"), ("Kernel", ""), ("Shape", ""), ("FLOPs", "n"), ("Bytes", "n"))
_TIMED = (("us", "n"), ("Time", "n"), ("GFLOP/s", "n"), ("GB/s", "n"), ("Of roof", "n"))
_TEXTS = (("Lines", ""), ("Why", ""))

_MANY = 40
"""From how many kernels on the page begins with those that take most of the time."""

_SHOWN = 12


def page(found: Explanation) -> str:
    """A page that stands alone: it loads nothing and sends nothing."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
script-src 'unsafe-inline'; style-src 'unsafe-inline'">
<title>{_text(found.title)}</title>
<style>body {{ margin: 0; }} main.kernels {{ min-height: 100vh; box-sizing: border-box;
  padding: 22px 26px 40px; }}
{_asset("page.css")}</style>
</head>
<body>
<main class="kernels">
{_content(found)}
</main>
<script>
{_asset("page.js")}</script>
</body>
</html>
"""


def fragment(found: Explanation) -> str:
    """The same for a notebook: without what a page has around it, and without scripts."""
    style = f"<style>{_asset('page.css')}</style>"
    return f'{style}<div class="kernels" style="padding: 16px">{_content(found)}</div>'


def _content(found: Explanation) -> str:
    parts = [f"<h1>{_text(found.title)}</h1>", _cards(found)]
    picture = plot(found)
    if picture:
        parts += ["<h2>Under the roofline</h2>", f"<figure>{picture}{_caption(found)}</figure>"]
    many = len(found.kernels) > _MANY
    if many:
        parts += ["<h2>Where the time goes</h2>", _ranks(found)]
    title = "Kernels, in the order in which they run"
    parts.append(f"<h2>{title}</h2>" if not many else f"<details><summary>{title}</summary>")
    parts.append(_table(found) if not many else f"{_table(found)}</details>")
    return "\n".join(parts)


def _ranks(found: Explanation) -> str:
    """The longest kernels, equal ones together."""
    columns = ("n", "us"), ("n", "Time"), ("n", "Of roof"), ("n", "Kernels"), ("", "Kernel")
    head = "".join(f'<th scope="col" class="{kind}">{name}</th>' for kind, name in columns)
    ranks = ranked(found)[:_SHOWN]
    rows = "\n".join(f"<tr>{''.join(_rank(found, rank))}</tr>" for rank in ranks)
    return (
        f'<div class="rows"><table><thead><tr>{head}<th scope="col">Shape</th>'
        f'<th scope="col">Why</th></tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>'
    )


def _rank(found: Explanation, rank: Rank) -> Iterator[str]:
    k, count = rank.first, len(rank.kernels)
    yield _number(rank.seconds, microseconds(rank.seconds))
    yield _meter(rank.seconds / found.apart if found.apart else None)
    yield _meter(rank.share)
    yield _number(count, f'<a href="#kernel-{k.number}">{count}</a>')
    yield _operations(k)
    yield f'<td class="shape"><code>{lengths(k.shape)}</code></td>'
    yield f'<td class="why">{"<br>".join(map(_text, rank.why))}</td>'


def _cards(found: Explanation) -> str:
    machine = sum(k.runs != "NumPy" for k in found.kernels)
    cards = [("Kernels", f"{len(found.kernels)}")]
    if machine < len(found.kernels):
        cards.append(("of them in NumPy", f"{len(found.kernels) - machine}"))
    cards += [("Operations", f"{_short(found.flops)}FLOP"), ("Moved", f"{_short(found.bytes)}B")]
    if found.seconds and found.apart is not None:
        cards += [
            ("A call", duration(found.seconds)),
            ("Kernels one by one", duration(found.apart)),
            ("Reached", f"{found.flops / found.seconds / 1e9:.1f} GFLOP/s"),
            ("Of the roofline", percent(found.share)),
        ]
    cards.append(("Memory in between", f"{_short(found.arena)}B"))
    rows = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in cards)
    return f"<dl>{rows}</dl>"


def _caption(found: Explanation) -> str:
    kinds = dict.fromkeys(map(family, found.kernels))
    names = {"product": "products", "convolution": "convolutions", "loop": "loops"}
    legend = "".join(f'<b class="{kind}">{names.get(kind, "other kernels")}</b>' for kind in kinds)
    still = sum(not k.flops for k in found.kernels)
    idle = f" {still} kernels only move elements, and are not shown." if still else ""
    return (
        f"<figcaption>{legend}<br>Areas are times. Roofs were measured on this machine: peak of "
        "multiply-adds, memory, and the nearest cache (dashed). A kernel is held against the "
        f"cache that is large enough for what it reads and writes.{idle}</figcaption>"
    )


def _table(found: Explanation) -> str:
    timed = bool(found.roofs)
    columns = (*_HEAD, *(_TIMED if timed else ()), *_TEXTS)
    head = "".join(f'<th scope="col" class="{kind}">{name}</th>' for name, kind in columns)
    all_seconds = found.apart or 0.0
    rows = "\n".join(_row(k, all_seconds if timed else None) for k in found.kernels)
    return (
        f'<div class="rows"><table><thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>'
        f"<tfoot><tr>{_totals(found, timed)}</tr></tfoot></table></div>"
    )


def _totals(found: Explanation, timed: bool) -> str:
    cells = ["", "all", "", _short(found.flops), _short(found.bytes)]
    seconds = found.apart
    if timed and seconds:
        least = sum(k.least or 0.0 for k in found.kernels)
        rates = [rate(x / seconds / 1e9) for x in (found.flops, found.bytes)]
        cells += [microseconds(seconds), "100%", *rates, percent(least / seconds)]
    kinds = ["n", "", "", *["n"] * (len(cells) - 3)]
    row = "".join(f'<td class="{k}">{x}</td>' for x, k in zip(cells, kinds, strict=True))
    return f'{row}<td colspan="2"></td>'


def _row(k: Kernel, all_seconds: float | None) -> str:
    cells = [
        f'<td class="n">{k.number}</td>',
        _operations(k),
        f'<td class="shape"><code>{lengths(k.shape)}</code></td>',
        _number(k.flops, _short(k.flops)),
        _number(k.bytes, _short(k.bytes)),
    ]
    if all_seconds is not None:
        part = (k.seconds or 0.0) / all_seconds if all_seconds else 0.0
        cells += [
            _number(k.seconds, microseconds(k.seconds)),
            _meter(part),
            _number(k.gflops, rate(k.gflops)),
            _number(k.bandwidth, rate(k.bandwidth)),
            _meter(k.share),
        ]
    lines = "".join(map(_line, k.lines))
    cells += [f'<td class="lines">{lines}</td>', f"<td>{_why(k)}</td>"]
    return f'<tr id="kernel-{k.number}">{"".join(cells)}</tr>'


def _operations(k: Kernel) -> str:
    kind = f'<span class="{family(k)}">{escape(k.kind)}</span>'
    return f'<td class="ops">{kind}<br><code>{_text(k.what)}</code></td>'


def _number(value: float | None, text: str) -> str:
    sort = "" if value is None else f"{value:.6g}"
    return f'<td class="n" data-sort="{sort}">{text}</td>'


def _meter(part: float | None) -> str:
    if part is None:
        return _number(None, "")
    filled = f"{min(part, 1.0):.1%}"
    text = percent(part) if part >= 0.01 else f"{part:.1%}" if part >= 0.0005 else "&lt;0.1%"
    return f'<td class="n meter" data-sort="{part:.6g}" style="--part: {filled}">{text}</td>'


def _line(line: Line) -> str:
    code = f" <code>{_text(line.text)}</code>" if line.text else ""
    return (
        f'<div title="{_text(line.text)}"><span class="place">{_text(str(line))}</span>{code}</div>'
    )


def _why(k: Kernel) -> str:
    return f"<details><summary>{escape(k.fused)}</summary><ul>{''.join(_reasons(k))}</ul></details>"


def _reasons(k: Kernel) -> Iterator[str]:
    for each in k.apart:
        link = f'<a href="#kernel-{each.kernel}">{each.kernel}</a>'
        yield f"<li>apart from {link}: {_text(each.why)}</li>"
    if len(k.ops) > 1:
        yield f"<li>does <code>{_text(' '.join(k.ops))}</code></li>"
    yield f"<li>reads <code>{_text(', '.join(k.reads))}</code></li>"
    yield f"<li>writes <code>{_text(', '.join(k.writes))}</code></li>"
    yield f"<li>{'one thread' if k.threads == 1 else f'up to {k.threads} threads'}</li>"


def _short(value: float) -> str:
    """A number with a prefix for its unit."""
    for prefix in ("", "k", "M", "G"):
        if value < 1000:
            return f"{value:.3g} {prefix}"
        value /= 1000
    return f"{value:.3g} T"


def _text(text: str) -> str:
    """Text that a page can hold."""
    return escape(printable(text))


def _asset(name: str) -> str:
    return files("tushuo.compile.explain").joinpath(name).read_text("utf-8")
