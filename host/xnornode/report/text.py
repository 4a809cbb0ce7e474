"""The report as plain text for a terminal."""

from collections.abc import Iterator, Sequence

from xnornode.report.metrics import Report
from xnornode.report.units import energy, operations_text, ram_text, share, time

SPARKS = "▁▂▃▄▅▆▇█"
WIDEST = 110  # characters of a confusion matrix that still can be read
CELL = 7
CURVE = 60


def to_text(report: Report) -> str:
    """A page of text: accuracy, classes, confusion matrix, costs. Lines end with a newline."""
    parts = [_accuracy(report), _classes(report), _confusion(report), _curve(report), _cost(report)]
    return "\n".join("\n".join(part) + "\n" for part in map(list, parts) if part)


def _accuracy(r: Report) -> Iterator[str]:
    c = r.counts
    held = f", held out: {_few(c.held_out)}" if c.held_out else ""
    low, high = r.interval
    yield f"{r.name}: {c.training:,} training, {c.validation:,} validation, {c.test:,} test{held}"
    yield (
        f"accuracy    {r.accuracy:.1%}  integer network, as on the node (95 % interval "
        f"{low:.1%} to {high:.1%})"
    )
    yield f"float       {r.float_accuracy:.1%}  {_differing(r)}"
    if abs(r.balanced - r.accuracy) >= 0.0005:
        yield f"balanced    {r.balanced:.1%}  mean recall of the classes"


def _differing(r: Report) -> str:
    if not r.differing:
        return f"the same class on all {r.counts.test:,}"
    return f"another class on {r.differing:,} of {r.counts.test:,}"


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _classes(r: Report) -> Iterator[str]:
    width = max(5, *(len(c.label) for c in r.classes))
    yield f"{'class':<{width}}  windows   recall  precision"
    for c in r.classes:
        yield f"{c.label:<{width}}  {c.windows:7,}  {share(c.recall)}     {share(c.precision)}"
    if len(r.groups) > 1:
        yield ""
        width = max(5, *(len(g.group) for g in r.groups))
        yield f"{'group':<{width}}  windows accuracy"
        for g in r.groups:
            yield f"{g.group:<{width}}  {g.windows:7,}  {share(g.accuracy)}"


def _confusion(r: Report) -> Iterator[str]:
    width = max(4, *(len(label) for label in r.labels))
    heads = [label[:CELL] for label in r.labels]
    cell = max(5, *(len(h) for h in heads)) + 1
    if width + cell * len(heads) > WIDEST:
        yield from _worst(r)
        return
    yield "confusion matrix: a row per true class, a column per predicted one"
    yield " " * width + "".join(f"{h:>{cell}}" for h in heads)
    for label, row in zip(r.labels, r.confusion, strict=True):
        yield f"{label:<{width}}" + "".join(f"{n or '.':>{cell}}" for n in row)


def _worst(r: Report) -> Iterator[str]:
    """Instead of a large matrix what is taken for something else most often."""
    pairs = [
        (n, r.labels[i], r.labels[j])
        for i, row in enumerate(r.confusion)
        for j, n in enumerate(row)
        if n and i != j
    ]
    yield "most frequent confusions"
    for n, true, taken in sorted(pairs, key=lambda p: -p[0])[:10]:
        yield f"{n:7,}  {true} taken for {taken}"


def _curve(r: Report) -> Iterator[str]:
    values = [e.validation for e in r.history if e.validation is not None]
    what = "validation"
    if not values:
        values, what = [e.accuracy for e in r.history], "training"
    shown = values[:: -(-len(values) // CURVE)]
    low, high = min(shown), max(shown)
    span = (high - low) or 1.0
    line = "".join(SPARKS[round((v - low) / span * (len(SPARKS) - 1))] for v in shown)
    yield f"{what} {low:.1%} {line} {high:.1%}, epoch {r.best_epoch} of {len(r.history)} kept"


def _cost(r: Report) -> Iterator[str]:
    c = r.cost
    yield from (f"layer       {text}" for text in r.layers)
    yield f"model       {c.file_bytes:,} bytes, {c.weight_bytes:,} of them weights"
    yield f"operations  {operations_text(c.operations)}"
    yield f"RAM         {ram_text(c.ram)}"
    for t in c.times:
        yield f"time        {time(t.microseconds)} estimated on {t.chip}, {t.megahertz} MHz"
        yield f"            ({t.basis})"
    yield ""
    yield "the same network     bytes  multiply-accumulates  energy, estimated"
    for v in c.variants:
        yield f"{v.kind:<15} {v.bytes:>10,}  {v.macs:>20,}  {energy(v.nanojoules):>17}"
    yield f"({c.energy_basis})"
