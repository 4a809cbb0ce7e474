"""The report as plain text, 80 columns wide."""

from collections.abc import Iterator, Sequence
from textwrap import wrap

from xnornode._words import columns, cut, few, pad
from xnornode.report.answer_words import answer_rows, threshold_table
from xnornode.report.baseline_words import HEADS as BASELINE_HEADS
from xnornode.report.baseline_words import baseline_rows, sampled
from xnornode.report.choice import HEADS as CHOICE_HEADS
from xnornode.report.choice import choice_rows
from xnornode.report.metrics import Report
from xnornode.report.units import cost_rows, energy, share

SPARKS = "▁▂▃▄▅▆▇█"
WIDTH = 80
INDENT = 12  # width of the names before the figures
CELL = 7  # characters of a class's name above the confusion matrix
NAME = 40  # characters of a class's or a group's name in a table
TRIED = 26  # characters of a name among what was tried
EPOCHS = 52  # epochs in the curve


def to_text(report: Report) -> str:
    """The report for a terminal.

    Parameters
    ----------
    report : Report
        The figures.

    Returns
    -------
    str
        Accuracy, classes, groups, confusion matrix, training and costs. Lines of at most 80
        characters, each with its newline.
    """
    parts = [
        _accuracy,
        _baselines,
        _hints,
        _choice,
        _classes,
        _confusion,
        _answers,
        _curve,
        _cost,
        _variants,
    ]
    texts = ("".join(f"{line}\n" for line in part(report)) for part in parts)
    return "\n".join(filter(None, texts))


def _field(name: str, text: str) -> list[str]:
    return _wrap(f"{name:<{INDENT}}{text}", " " * INDENT)


def _wrap(text: str, indent: str = "") -> list[str]:
    return wrap(text, WIDTH, subsequent_indent=indent, break_on_hyphens=False)


def _accuracy(r: Report) -> Iterator[str]:
    c = r.counts
    low, high = r.interval
    held = f", held out: {few(c.held_out)}" if c.held_out else ""
    yield from _wrap(
        f"{r.name}: {c.training:,} training, {c.validation:,} validation, {c.test:,} test{held}"
    )
    yield from _field("accuracy", f"{r.accuracy:.1%}  integer network, as on the node")
    yield from _field("", f"95 % interval {low:.1%} to {high:.1%}, {r.interval_how}")
    yield from _field("float", f"{r.float_accuracy:.1%}  {_differing(r)}")
    yield from _field("training", f"{r.training_accuracy:.1%}  of training windows")
    if abs(r.balanced - r.accuracy) >= 0.0005:
        yield from _field("balanced", f"{r.balanced:.1%}  mean recall of the classes")


def _baselines(r: Report) -> Iterator[str]:
    if not r.baselines:
        return
    heads, rows = BASELINE_HEADS, baseline_rows(r)
    yield "simpler methods on the same inputs"
    yield from _table(heads, rows)
    if note := sampled(r):
        yield from _wrap(note)


def _hints(r: Report) -> Iterator[str]:
    told: tuple[str, ...] = ()
    for hint in r.hints:
        yield from _field("hint", hint.text)
        for text in hint.tries if hint.tries != told else ():
            yield from _wrap(f"{'':<{INDENT}}- {text}", " " * (INDENT + 2))
        told = hint.tries


def _choice(r: Report) -> Iterator[str]:
    if r.choice is None:
        return
    yield "what was tried, by cross-validation in the training part; * was taken"
    yield from _table(CHOICE_HEADS, [(cut(n, TRIED), *rest) for n, *rest in choice_rows(r.choice)])
    yield from _wrap(f"chosen: {r.choice.why}")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows of numbers, with text in the first column."""
    widths = [max(map(columns, column)) for column in zip(heads, *rows, strict=True)]
    for row in (heads, *rows):
        first, *rest = map(pad, row, widths, [False, *[True] * (len(widths) - 1)])
        yield "  ".join([first, *rest]).rstrip()


def _differing(r: Report) -> str:
    if not r.differing:
        return f"the same class on all {r.counts.test:,}"
    return f"another class on {r.differing:,} of {r.counts.test:,}"


def _classes(r: Report) -> Iterator[str]:
    width = min(NAME, max(5, *(columns(c.label) for c in r.classes)))
    yield f"{'class':<{width}}  windows   recall  precision       F1"
    for c in r.classes:
        name = pad(cut(c.label, NAME), width)
        yield f"{name}  {c.windows:7,}  {share(c.recall)}    {share(c.precision)}  {share(c.f1)}"
    if len(r.groups) > 1:
        yield ""
        width = min(NAME, max(5, *(columns(g.group) for g in r.groups)))
        yield f"{'group':<{width}}  windows accuracy"
        for g in r.groups:
            yield f"{pad(cut(g.group, NAME), width)}  {g.windows:7,}  {share(g.accuracy)}"


def _confusion(r: Report) -> Iterator[str]:
    width = max(4, *map(columns, r.labels))
    heads = [_start(label) for label in r.labels]
    widest = max(5, *map(columns, heads))
    most = max(n for row in r.confusion for n in row)
    for cell in (max(widest, len(str(most))) + 6, widest + 1):
        if width + cell * len(heads) <= WIDTH:
            break
    else:
        yield from _worst(r)
        return
    percent = cell > widest + 1
    yield "confusion matrix: a row per true class, a column per predicted one"
    if percent:
        yield "windows, and their share of the true class"
    behind = 5 if percent else 0
    yield (
        " " * width
        + "".join(pad(h, cell - behind, right=True) + " " * behind for h in heads).rstrip()
    )
    for label, row in zip(r.labels, r.confusion, strict=True):
        total = max(1, sum(row))
        parts = [
            f"{n or '.':>{cell - behind}}" + f"{n / total:5.0%}" * (percent and n > 0) for n in row
        ]
        padded = "".join(f"{part:<{cell}}" for part in parts)
        yield pad(label, width) + padded.rstrip()


def _start(label: str) -> str:
    """As much of a class's name as stands above a column."""
    return next(label[:n] for n in range(CELL, -1, -1) if columns(label[:n]) <= CELL)


def _worst(r: Report) -> Iterator[str]:
    """The most frequent confusions, in place of a matrix that is too wide."""
    pairs = [
        (n, r.labels[i], r.labels[j])
        for i, row in enumerate(r.confusion)
        for j, n in enumerate(row)
        if n and i != j
    ]
    yield "most frequent confusions"
    for n, true, taken in sorted(pairs, key=lambda p: -p[0])[:10]:
        yield from _wrap(f"{n:7,}  {true} taken for {taken}", " " * 9)


def _answers(r: Report) -> Iterator[str]:
    if r.answers is None:
        return
    for name, text in answer_rows(r.answers):
        yield from _field(name, text)
    if r.answers.table:
        yield ""
        yield from _wrap(f"thresholds on {r.answers.part}, * the chosen one")
        heads, rows = threshold_table(r.answers)
        widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
        for row in (heads, *rows):
            yield "  ".join(f"{text:>{w}}" for text, w in zip(row, widths, strict=True))


def _curve(r: Report) -> Iterator[str]:
    values, what = [e.validation for e in r.history if e.validation is not None], "validation"
    if not values:
        values, what = [e.accuracy for e in r.history], "training"
    yield _sparks(what, values, "{:.1%}")
    yield _sparks("loss", [e.loss for e in r.history], "{:.3g}")
    yield from _field("epochs", f"{len(r.history)}; epoch {r.best_epoch} was kept")


def _sparks(what: str, values: Sequence[float], form: str) -> str:
    shown = values[:: -(-len(values) // EPOCHS)]
    low, high = min(shown), max(shown)
    span = (high - low) or 1.0
    line = "".join(SPARKS[round((v - low) / span * (len(SPARKS) - 1))] for v in shown)
    return f"{what:<{INDENT}}{form.format(low)} {line} {form.format(high)}"


def _cost(r: Report) -> Iterator[str]:
    for text in r.layers:
        yield from _field("layer", text)
    for name, text in cost_rows(r.cost):
        yield from _field(name, text)


def _variants(r: Report) -> Iterator[str]:
    yield "the same network     bytes  multiply-accumulates  energy, estimated"
    for v in r.cost.variants:
        yield f"{v.kind:<15} {v.bytes:>10,}  {v.macs:>20,}  {energy(v.nanojoules):>17}"
    yield from _wrap(f"({r.cost.energy_basis})")
