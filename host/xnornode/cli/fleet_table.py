"""The table of `xnornode fleet status`: as wide as the terminal, with the nodes' names whole."""

from collections import Counter
from collections.abc import Sequence

from xnornode._words import columns, cut, pad
from xnornode.fleet.status import Row

HEADS = ("node", "board", "library", "model", "rev", "rate", "lost", "seen", "update", "trouble")
NUMBERS = ("rev", "rate", "lost", "seen")
GIVE_WAY = ("board", "library", "lost", "rev")
"""Columns that go, one after another, where the terminal is too narrow."""
DIGITS = 8
"""Of the SHA-256, where two models have one name and revision."""
INDENT = "    "


def table_lines(rows: Sequence[Row], width: int | None = None) -> list[str]:
    """The lines of a table of nodes.

    Parameters
    ----------
    rows : sequence of Row
        One a node.
    width : int, optional
        Columns of the terminal; default: as many as it takes, and one line a node.

    Returns
    -------
    list of str
        The head, then one or two lines a node: what needs a look is below a node where it does not
        fit beside it. A node's name is never cut.
    """
    cells = _cells(rows)
    heads = list(HEADS)
    if width is None or _needs(heads, cells) <= width:
        return _drawn(heads, cells)
    for gone in GIVE_WAY:
        heads.remove(gone)
        if _needs(heads, cells) <= width:
            return _drawn(heads, cells)
    heads = [head for head in HEADS if head not in ("trouble", "update")]
    for gone in ("", *GIVE_WAY):
        heads = [head for head in heads if head != gone]
        if _needs(heads, cells) <= width:
            break
    lines = _drawn(heads, cells)
    made = [lines[0]]
    for line, cell in zip(lines[1:], cells, strict=True):
        made.append(line)
        more = "; ".join(filter(None, (cell["trouble"], cell["update"])))
        if more:
            made.append(cut(INDENT + more, width))
    return made


def _cells(rows: Sequence[Row]) -> list[dict[str, str]]:
    named = {(row.model, row.revision, row.sha256) for row in rows}
    times = Counter((name, revision) for name, revision, _ in named)
    return [_cell(row, times[row.model, row.revision] > 1) for row in rows]


def _cell(row: Row, twice: bool) -> dict[str, str]:
    update = row.update
    if update == "DOWNLOADING":
        update += f" {row.progress} %"
    if row.latest and update not in ("DOWNLOADING", "DOWNLOADED", "VERIFIED"):
        update = f"{update}; to have {row.latest}".lstrip("; ")
    line = (
        row.node,
        row.board,
        row.library,
        f"{row.model} {row.sha256[:DIGITS]}" if twice and row.sha256 else row.model,
        "" if row.revision is None else str(row.revision),
        "" if row.rate is None else f"{row.rate:.3g}/s",
        str(row.lost),
        ago(row.seen),
        update,
        row.trouble,
    )
    return dict(zip(HEADS, line, strict=True))


def _needs(heads: Sequence[str], cells: Sequence[dict[str, str]]) -> int:
    return sum(_width(head, cells) for head in heads) + 2 * (len(heads) - 1)


def _width(head: str, cells: Sequence[dict[str, str]]) -> int:
    return max(map(columns, (head, *(cell[head] for cell in cells))))


def _drawn(heads: Sequence[str], cells: Sequence[dict[str, str]]) -> list[str]:
    widths = {head: _width(head, cells) for head in heads}
    return [
        "  ".join(pad(line[h], widths[h], right=h in NUMBERS) for h in heads).rstrip()
        for line in ({head: head for head in heads}, *cells)
    ]


def ago(milliseconds: int | None) -> str:
    """How long ago something was.

    Examples
    --------
    >>> ago(5000), ago(7_200_000), ago(None)
    ('5 s', '2 h', '')
    """
    if milliseconds is None:
        return ""
    seconds = milliseconds // 1000
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
