"""The table of what was understood of data, as rows of text for a terminal and for a page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from xnornode.data.understood import ChannelFacts, ClassFacts, Understood
from xnornode.report.units import short

MOST_ROWS = 20
NAME = 32  # characters of a name in a table
OVERRULE = (
    "Any of this can be overruled: --label, --label-all, --group, --time COLUMN|none, --channels, "
    "--header yes|no,\n--charset, --rate, --resample, --window 1.5s, --full-scale, --image HxW; "
    "--skip leaves out what is faulty,\n--fill interpolates gaps."
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
        _items("class", u.classes, "groups"),
        _items("group", u.groups if u.grouping == "group" else (), "classes"),
        Section("", CHANNEL_HEADS, tuple(map(_channel, u.channels)), ("channel", "remark")),
        _facts("", ("column", "used as", "why"), ((c.name, c.role, c.why) for c in u.columns)),
        _facts("", ("equal items", ""), ((f"{len(c)}", ", ".join(c[:3])) for c in u.copies)),
        _facts("", ("left out or filled",), ((text,) for text in u.dropped)),
        _facts("", ("guess", "settled by"), ((g.text, g.option) for g in u.guesses)),
    ]
    return [section for section in found if section.rows]


CHANNEL_HEADS = ("channel", "minimum", "maximum", "unit", "per count", "remark")


def _facts(title: str, heads: tuple[str, ...], rows: Iterator[Sequence[str]]) -> Section:
    listed = tuple(tuple(row) for row in rows)
    if len(listed) > MOST_ROWS:
        more = (f"and {len(listed) - MOST_ROWS:,} more", *[""] * (len(heads) - 1))
        listed = (*listed[:MOST_ROWS], more)
    return Section(title, heads, listed, heads)


def _items(what: str, facts: Sequence[ClassFacts], others: str) -> Section:
    rows = (
        (short(f.name, NAME), f"{f.items:,}", f"{f.samples:,}", _seconds(f.seconds), f"{f.groups}")
        for f in facts
    )
    section = _facts("", (what, "items", "samples", "time", others), rows)
    return Section("", section.heads, section.rows, (what,))


def _summary(u: Understood) -> Iterator[tuple[str, str]]:
    yield "name", u.name
    files = f"{u.files:,} files, " if u.files > 1 else ""
    yield "holds", f"{files}{u.items:,} {u.kind}" + (f" ({u.source})" if u.source else "")
    if u.equal and not u.copies:
        yield "equal", f"{u.equal:,} {u.kind} are equal to others"
    low, middle, high = u.lengths
    what = "bytes" if u.kind == "texts" else "samples"
    if u.rate:
        text = " to ".join(_seconds(n / u.rate) for n in sorted({low, high}))
        yield "lengths", f"{text}, median {middle / u.rate:.3g} s ({middle:,} {what})"
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
        text += f", measured {u.slowest:.4g} to {u.fastest:.4g} Hz, jitter {u.jitter:.1%}"
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
        remarks.append(f"{c.outliers:,} values beyond full scale")
    scale = f"{c.scale:.4g}" if c.scale else "1"
    low, high = (f"{v:.6g}" for v in (c.minimum, c.maximum))
    return short(c.name, NAME), low, high, c.unit, scale, ", ".join(remarks)
