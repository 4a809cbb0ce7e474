"""Tables of one sample per row: where a recording begins and ends."""

import numpy as np

from xnornode.data.column_roles import Roles, title_words
from xnornode.data.csv_columns import Columns
from xnornode.data.dataset import Dataset

UNITS = {"ms": 1e-3, "millis": 1e-3, "us": 1e-6, "micros": 1e-6, "ns": 1e-9, "s": 1.0, "sec": 1.0}
UNITS |= {"seconds": 1.0}
MAX_GAP = 10  # usual steps of time without a sample: a recording does not go on beyond that


def split_recordings(columns: Columns, roles: Roles, label: str, rate_mhz: int) -> Dataset:
    """Split a table of one sample per row into recordings.

    A recording ends where the label, the group or the recording's name changes, where time turns
    back, and at a gap of more than 10 usual steps of time.

    Parameters
    ----------
    columns : Columns
        The table.
    roles : Roles
        What its columns are used for.
    label : str
        The label of all rows where no column says it.
    rate_mhz : int
        Sample rate in millihertz. 0: taken from the times where their title has a unit.

    Returns
    -------
    Dataset
        The recordings, samples float64 (n, channels).
    """
    labels, groups, names = map(columns.strings, (roles.label, roles.group, roles.recording))
    begins = np.zeros(len(columns), bool)
    begins[0] = True
    for cells in filter(None, (labels, groups, names)):
        begins[1:] |= np.array(cells[1:]) != np.array(cells[:-1])
    if roles.time in columns.numbers:
        steps = np.diff(columns.numbers[roles.time])
        usual = float(np.median(steps[steps > 0])) if (steps > 0).any() else 0.0
        begins[1:] |= (steps < 0) | (steps > MAX_GAP * usual)
        rate_mhz = rate_mhz or _rate_mhz(roles.time, usual)
    starts = np.flatnonzero(begins)
    where = [str(columns.path)]
    if len(starts) > 1:
        lines = zip(columns.lines[starts], columns.lines[[*starts[1:] - 1, -1]], strict=True)
        where = [f"{columns.path}, lines {first} to {last}" for first, last in lines]
    owners = groups or names
    notes = [f"{columns.path.name}: one sample per row, {len(starts)} recordings"]
    if not owners:
        notes.append(
            "no column names a person or a recording: each stretch of one label is taken for a "
            "recording of its own (name a column with --group)"
        )
    return Dataset(
        name=columns.path.stem,
        kind="recordings",
        items=np.split(columns.stack(roles.channels), starts[1:]),
        labels=[labels[i] if labels else label for i in starts],
        groups=[owners[i] for i in starts] if owners else where,
        names=where,
        grouping="group" if groups else "recording",
        channels=roles.channels,
        rate_mhz=rate_mhz,
        notes=tuple(notes),
    )


def _rate_mhz(title: str, step: float) -> int:
    """Sample rate by the usual step of a column of times; 0 if its title has no unit."""
    unit = next((UNITS[w] for w in reversed(title_words(title)) if w in UNITS), None)
    return round(1000 / (step * unit)) if unit and step else 0
