"""The table of what was understood of data, as rows of text for a terminal and for a page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from xnornode.data.facts import ChannelFacts, ClassFacts
from xnornode.data.understood import Understood
from xnornode.report.units import short

MOST_ROWS = 20
NAME = 32  # characters of a name in a table
OVERRULE = (
    "Any of this can be overruled: --label, --label-all, --group,\n--time COLUMN|none, --channels, "
    "--header yes|no, --charset, --rate, --resample,\n--window 1.5s, --short pad|drop, "
    "--full-scale, --shape LENGTHxCHANNELS,\n--image HxW. --skip leaves out what is faulty; "
    "--fill interpolates gaps."
)


@dataclass(frozen=True)
class Section:
    """One part of the table.

    Parameters
    ----------
    title : str
        What it is about; "" for the first part.
    heads : tuple of str
        The columns' titles.
    rows : tuple of tuple of str
        The cells.
    left : tuple of str
        The titles of the columns that hold text; others hold numbers.
    """

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: tuple[str, ...]


def sections(u: Understood) -> list[Section]:
    """The parts of the table that have something to say.

    Parameters
    ----------
    u : Understood
        What was understood.

    Returns
    -------
    list of Section
        The data as a whole, classes, groups, channels, columns, copies, what was dropped, guesses.
    """
    found = [
        _facts("", ("data", ""), _summary(u)),
        _items("class", u.classes, "groups", u),
        _items("group", u.groups if u.grouping == "group" else (), "classes", u),
        _numbers(CHANNEL_HEADS, [_channel(c) for c in u.channels], ("channel", "unit", "remark")),
        _facts("", ("column", "used as", "why"), ((c.name, c.role, c.why) for c in u.columns)),
        _facts("", ("equal items", ""), ((f"{len(c)}", ", ".join(c[:3])) for c in u.copies)),
        _facts("", ("left out or filled",), ((text,) for text in u.dropped)),
        _facts("", ("guess", "settled by"), ((g.text, g.option) for g in u.guesses)),
    ]
    return [section for section in found if section.rows]


CHANNEL_HEADS = ("channel", "minimum", "maximum", "unit", "per count", "remark")


def _facts(title: str, heads: tuple[str, ...], rows: Iterator[Sequence[str]]) -> Section:
    return Section(title, heads, _first(heads, [tuple(row) for row in rows]), heads)


def _first(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """The first rows, and how many more there are."""
    if len(rows) <= MOST_ROWS:
        return tuple(rows)
    more = (f"and {len(rows) - MOST_ROWS:,} more", *[""] * (len(heads) - 1))
    return (*rows[:MOST_ROWS], more)


def _numbers(
    heads: tuple[str, ...], rows: Sequence[tuple[str, ...]], left: tuple[str, ...]
) -> Section:
    """Rows of numbers, without the columns that say nothing."""
    said = [k for k in range(len(heads)) if any(row[k] for row in rows)]
    heads = tuple(heads[k] for k in said)
    return Section("", heads, _first(heads, [tuple(row[k] for k in said) for row in rows]), left)


def _items(what: str, facts: Sequence[ClassFacts], others: str, u: Understood) -> Section:
    unit = "bytes" if u.kind == "texts" else "samples"
    rows = [
        (
            short(f.name, NAME),
            f"{f.items:,}",
            "" if u.image_shape else f"{f.samples:,}",
            _seconds(f.seconds),
            f"{f.groups}" if u.grouping == "group" else "",
        )
        for f in facts
    ]
    return _numbers((what, "items", unit, "time", others), rows, (what,))


def _summary(u: Understood) -> Iterator[tuple[str, str]]:
    yield "name", u.name
    files = f"{u.files:,} files, " if u.files > 1 else ""
    yield "holds", f"{files}{u.items:,} {u.kind}" + (f" ({u.source})" if u.source else "")
    if u.equal and not u.copies:
        yield "equal", f"{u.equal:,} {u.kind} are equal to others"
    if u.image_shape:
        yield "size", "{} x {} pixels (height x width)".format(*u.image_shape)
        return
    low, middle, high = u.lengths
    what = "bytes" if u.kind == "texts" else "samples"
    if u.rate:
        span = f"{_seconds(low / u.rate)} to {_seconds(high / u.rate)}, median " * (low < high)
        yield "lengths", f"{span}{_seconds(middle / u.rate)} ({middle:,} {what})"
    else:
        span = f"{low:,} to {high:,} {what}, median {middle:,}"
        yield "lengths", span if low < high else f"{low:,} {'sample' if high == 1 else what}"
    if u.kind == "recordings":
        yield "sample rate", _rate(u)
        if u.gaps:
            yield "gaps", f"{len(u.gaps):,}, the longest {_seconds(u.gaps[0])}"


def _rate(u: Understood) -> str:
    if not u.rate:
        return "unknown: give it with --rate"
    text = f"{u.rate:g} Hz"
    if u.fastest:
        slow, fast = f"{u.slowest:.4g}", f"{u.fastest:.4g}"
        span = fast if slow == fast else f"{slow} to {fast}"
        text += f", measured {span} Hz, jitter {u.jitter:.1%}"
    return text


def _seconds(value: float) -> str:
    if not value:
        return ""
    if value >= 120:
        return f"{value / 60:,.1f} min"
    return f"{value:.3g} s"


def _channel(c: ChannelFacts) -> tuple[str, ...]:
    remarks = ["constant"] * c.constant + ["only rises"] * c.rising
    if c.outliers:
        remarks.append(f"{c.outliers:,} value{'s' * (c.outliers > 1)} beyond full scale")
    scale = f"{c.scale:.4g}" if c.scale else "1"
    low, high = (f"{v:.6g}" for v in (c.minimum, c.maximum))
    return short(c.name, NAME), low, high, c.unit, scale, ", ".join(remarks)
