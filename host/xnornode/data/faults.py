"""Faulty rows of a table: told together, or left out."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from xnornode.data.column_cells import MOST_FAULTS, Fault
from xnornode.data.columns import Columns
from xnornode.data.counters import Bools
from xnornode.errors import DataError

REMEDY = (
    "fill in or drop what is missing, leave a column out with --channels, leave these rows out "
    "with --skip, or interpolate with --fill N"
)


def faulty_rows(columns: Columns, used: Sequence[str], label: str | None) -> Bools:
    """The rows with a fault in the columns that are used.

    Parameters
    ----------
    columns : Columns
        The table.
    used : sequence of str
        The columns of numbers, times and texts that matter.
    label : str or None
        The column of labels, which must not be empty.

    Returns
    -------
    ndarray of bool, shape (n,)
        Rows that are too short or too long, or have a cell that is no finite number or no label.
    """
    bad = np.zeros(len(columns), bool) if columns.broken is None else columns.broken.copy()
    for name in (*used, *([label] if label else ())):
        bad |= _empty(columns, name)
    return bad


def _empty(columns: Columns, name: str) -> Bools:
    """The rows where a column says nothing."""
    if name not in columns.texts:
        return np.isnan(columns.values(name))
    cells = columns.texts[name]
    return np.fromiter(map(len, cells), np.int64, len(cells)) == 0


def list_faults(
    columns: Columns, bad: Bools, used: Sequence[str], label: str | None
) -> list[Fault]:
    """The first faults of rows that are bad, in the order of lines."""
    lines = columns.lines[bad][:MOST_FAULTS].tolist()
    wanted = set(lines)
    found = [f for f in columns.faults if f.column in ("", *used) and f.line in wanted]
    known = {fault.line for fault in found}
    rows = np.flatnonzero(bad)[:MOST_FAULTS].tolist()
    for row, line in zip(rows, lines, strict=True):
        if line in known:
            continue
        if label in columns.texts and not columns.texts[label][row]:
            text = "has no label: training needs to know its class"
            found.append(Fault(line, text, label or ""))
            continue
        for name in used:
            if _empty(columns, name)[row]:
                found.append(Fault(line, "the cell is empty", name))
    return _merged(sorted(found, key=lambda fault: (fault.column, fault.line)))[:MOST_FAULTS]


def _merged(faults: Sequence[Fault]) -> list[Fault]:
    """Faults in the order of lines; equal ones in lines that follow each other are one."""
    merged: list[Fault] = []
    for fault in faults:
        before = merged[-1] if merged else None
        alike = before and (before.column, before.text) == (fault.column, fault.text)
        if before and alike and fault.line == (before.last or before.line) + 1:
            merged[-1] = replace(before, last=fault.line)
        else:
            merged.append(fault)
    return sorted(merged, key=lambda fault: fault.line)


def refuse(columns: Columns, bad: Bools, faults: Sequence[Fault]) -> DataError:
    """The error that tells all faults of a table."""
    count = int(bad.sum())
    if len(faults) == 1 and count == _lines(faults):
        where = f"{columns.path}, {faults[0]}"
        return DataError(f"{where}: {REMEDY}")
    told = "".join(f"\n  {fault}" for fault in faults)
    more = f"\n  and more: {count:,} rows in all" if count > _lines(faults) else ""
    rows = "1 faulty row" if count == 1 else f"{count:,} faulty rows"
    return DataError(f"{columns.path} has {rows}:{told}{more}\n{REMEDY}")


def _lines(faults: Sequence[Fault]) -> int:
    return len({n for f in faults for n in range(f.line, (f.last or f.line) + 1)})


def tell_dropped(columns: Columns, count: int, faults: Sequence[Fault]) -> tuple[str, ...]:
    """What was left out: how many rows, and the first faults."""
    rows = "1 faulty row" if count == 1 else f"{count:,} faulty rows"
    told = "; ".join(str(fault) for fault in faults)
    more = "; ..." if count > _lines(faults) else ""
    return (f"{columns.path}: {rows} left out: {told}{more}",)
