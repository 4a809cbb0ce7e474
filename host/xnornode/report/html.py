"""The report as one HTML page that needs nothing else: no script, no font, no picture beside it."""

from collections.abc import Iterable, Sequence
from html import escape
from math import log10

from xnornode.report.charts import bars, heat_map, line_chart
from xnornode.report.metrics import Report
from xnornode.report.units import energy, operations_text, ram_text, share, time

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1c2430; --soft: #5b6675; --grid: #e3e8ee;
  --card: #f6f8fa; --one: #1f6feb; --two: #c2410c; --hit: #1f7a4d; --miss: #c0392b; }
@media (prefers-color-scheme: dark) { :root { --paper: #12161c; --ink: #e6ebf2; --soft: #9aa7b8;
  --grid: #2b333e; --card: #1a2029; --one: #6ea8fe; --two: #f5a365; --hit: #2c8c60;
  --miss: #c4534a; } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 52rem; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
h1 { margin: 0; font-size: 1.7rem } h2 { margin: 2.5rem 0 .75rem; font-size: 1.15rem }
p { margin: .4rem 0 } .soft { color: var(--soft); font-size: .875rem }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: .75rem;
  margin: 1.25rem 0 }
.card { background: var(--card); border-radius: .6rem; padding: .8rem 1rem }
.card b { display: block; font-size: 1.5rem; line-height: 1.3 }
.warning { border-left: 4px solid var(--two); background: var(--card); padding: .6rem 1rem;
  border-radius: .3rem; margin: .75rem 0 }
.wide { overflow-x: auto } table { border-collapse: collapse; width: 100%; font-size: .925rem;
  font-variant-numeric: tabular-nums }
th { text-align: left; font-weight: 600 } th, td { padding: .3rem .75rem .3rem 0;
  border-bottom: 1px solid var(--grid); vertical-align: top } .number { text-align: right }
svg { display: block; width: 100%; height: auto; font: 12px system-ui, sans-serif }
svg text { fill: var(--ink) } svg .small { fill: var(--soft) } svg .on { fill: #fff }
.grid { stroke: var(--grid) } .mark { stroke: var(--soft); stroke-dasharray: 3 4 }
.line { fill: none; stroke-width: 2 } .line.one { stroke: var(--one) }
.line.two { stroke: var(--two) } .dot.one { fill: var(--one) } .dot.two { fill: var(--two) }
svg .fill-one { fill: var(--one) } svg .fill-two { fill: var(--two) }
.cell { fill: var(--card) } .hit { fill: var(--hit) } .miss { fill: var(--miss) }
.bar.one { fill: var(--one) } .bar.two { fill: var(--two) }
"""


def to_html(report: Report, first: Sequence[tuple[str, str]] = ()) -> str:
    """The page. Everything that comes from data is escaped. first: (title, HTML) of sections that
    stand before the others."""
    r = report
    sections = [
        *first,
        ("How it was learned", _curve(r)),
        ("What is taken for what", _matrix(r)),
        ("Classes", _classes(r)),
        ("Groups held out", _groups(r)),
        ("What it costs on a node", _cost(r)),
        ("The same network in other numbers", _variants(r)),
        ("How it was made", _settings(r)),
    ]
    body = "".join(f"<section><h2>{title}</h2>{text}</section>" for title, text in sections if text)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(r.name)}: training report</title><style>{STYLE}</style></head>"
        f"<body>{_head(r)}{body}"
        f'<p class="soft">xnornode {escape(r.version)}</p></body></html>\n'
    )


def _head(r: Report) -> str:
    c, low, high = r.counts, *r.interval
    pico = r.cost.times[0]
    cards = [
        (f"{r.accuracy:.1%}", f"accuracy of the integer network, {low:.1%} to {high:.1%}"),
        (f"{r.float_accuracy:.1%}", f"in float arithmetic; {r.differing:,} of {c.test:,} differ"),
        (f"{r.cost.file_bytes:,}", "bytes of the model"),
        (time(pico.microseconds), f"estimated each time, {pico.chip} at {pico.megahertz} MHz"),
    ]
    held = f"; held out: {', '.join(c.held_out)}" if 0 < len(c.held_out) <= 12 else ""
    line = f"{c.training:,} training, {c.validation:,} validation, {c.test:,} test{held}"
    return (
        f'<h1>{escape(r.name)}</h1><p class="soft">{escape(line)}</p>'
        + "".join(f'<p class="warning">{escape(w)}</p>' for w in r.warnings)
        + '<div class="cards">'
        + "".join(
            f'<div class="card"><b>{value}</b><span class="soft">{escape(text)}</span></div>'
            for value, text in cards
        )
        + "</div>"
    )


def _curve(r: Report) -> str:
    lines: list[tuple[str, str, Sequence[float]]] = [
        ("training", "one", [e.accuracy for e in r.history])
    ]
    watched = [e.validation for e in r.history if e.validation is not None]
    if watched:
        lines.append(("validation", "two", watched))
    seconds = sum(e.seconds for e in r.history)
    kept = f"Epoch {r.best_epoch} of {len(r.history)} was kept"
    why = ", the best on the validation part" if watched else ", the last"
    chart = line_chart(lines, r.best_epoch, "accuracy over epochs")
    return (
        f'<div class="wide">{chart}</div><p class="soft">{kept}{why}; {seconds:.0f} s in all.</p>'
    )


def _matrix(r: Report) -> str:
    return (
        f'<div class="wide">{heat_map(r.labels, r.confusion, "confusion matrix")}</div>'
        '<p class="soft">A row per true class, a column per predicted one: windows of the test, '
        "by the integer network.</p>"
    )


def _classes(r: Report) -> str:
    rows = [(c.label, c.recall or 0.0, f"{share(c.recall)} of {c.windows:,}") for c in r.classes]
    figures = table(
        ("class", "windows", "recall", "precision"),
        [(c.label, f"{c.windows:,}", share(c.recall), share(c.precision)) for c in r.classes],
    )
    return f"<p>Recall: how many windows of a class were found.</p>{bars(rows, 'recall')}{figures}"


def _groups(r: Report) -> str:
    if len(r.groups) < 2:
        return ""
    return bars([(g.group, g.accuracy, f"{g.accuracy:.1%} of {g.windows:,}") for g in r.groups], "")


def _cost(r: Report) -> str:
    c = r.cost
    ops, ram = c.operations, c.ram
    rows = [
        ("model", f"{c.file_bytes:,} bytes, {c.weight_bytes:,} of them weights"),
        ("RAM", ram_text(ram)),
        ("operations", operations_text(ops)),
    ]
    for t in c.times:
        took = f"{time(t.microseconds)} at {t.megahertz} MHz. Basis: {t.basis}"
        rows.append((f"time on {t.chip}, estimated", took))
    layers = table(("layers",), [(text,) for text in r.layers])
    return table(("", ""), rows) + layers


def _variants(r: Report) -> str:
    rows = [(v.kind, f"{v.bytes:,}", f"{v.macs:,}", energy(v.nanojoules)) for v in r.cost.variants]
    most = max(v.bytes for v in r.cost.variants)
    least = min(v.bytes for v in r.cost.variants) / 2
    # Sizes are a hundred times apart: lengths are logarithms.
    lengths = [
        (v.kind, log10(v.bytes / least) / log10(most / least), f"{v.bytes:,} bytes")
        for v in r.cost.variants
    ]
    heads = ("numbers", "bytes", "multiply-accumulates", "energy, estimated")
    basis = (
        f'<p class="soft">Bars in a logarithmic scale. Energy: {escape(r.cost.energy_basis)}.</p>'
    )
    return bars(lengths, "bytes") + table(heads, rows) + basis


def _settings(r: Report) -> str:
    notes = "".join(f"<p>{escape(note)}</p>" for note in r.notes)
    return notes + table(("setting", "value"), list(r.settings.items()), numbers=False)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: bool = True) -> str:
    """Rows of text; with more than two columns all but the first are aligned as numbers are."""

    def cell(tag: str, i: int, text: str) -> str:
        right = ' class="number"' if numbers and i and len(heads) > 2 else ""
        return f"<{tag}{right}>{escape(text)}</{tag}>"

    head = "".join(cell("th", i, h) for i, h in enumerate(heads)) if any(heads) else ""
    body = "".join(
        f"<tr>{''.join(cell('td', i, t) for i, t in enumerate(row))}</tr>" for row in rows
    )
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'
