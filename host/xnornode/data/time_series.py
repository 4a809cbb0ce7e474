"""Tables of one sample per row: where a recording begins and ends."""

from dataclasses import replace

import numpy as np

from xnornode.data.column_roles import Roles, changes
from xnornode.data.columns import Columns
from xnornode.data.counters import Bools, Floats
from xnornode.data.dataset import Dataset
from xnornode.data.faults import faulty_rows, list_faults, refuse, tell_dropped
from xnornode.data.fill import fill_cells, fill_gaps
from xnornode.data.read_options import ReadOptions, Seconds
from xnornode.data.reading import Guess, Reading, Timing
from xnornode.data.time_axis import MAX_GAP, gaps_before, time_axis, timing
from xnornode.errors import DataError


def split_recordings(
    columns: Columns, roles: Roles, label: str, options: ReadOptions | None = None
) -> Dataset:
    """Split a table of one sample per row into recordings.

    A recording ends where the label, the group or the recording's name changes, where time turns
    back, at a gap of more than 10 usual steps of time, and where faulty rows are left out.

    Parameters
    ----------
    columns : Columns
        The table. Missing cells are interpolated in it if the options say so.
    roles : Roles
        What its columns are used for.
    label : str
        The label of all rows where no column says it.
    options : ReadOptions, optional
        Its `sample_rate`, `skip` and `fill` matter here.

    Returns
    -------
    Dataset
        The recordings, samples float64 (n, channels), with their timing in `reading`.

    Raises
    ------
    DataError
        Rows are faulty, and `skip` does not leave them out.
    """
    options = options or ReadOptions()
    named = changes(columns, (roles.label, roles.group, roles.recording))
    columns, named, cut, most, dropped = _whole_rows(columns, roles, options, named)
    axis = time_axis(columns, roles.time, named, options.sample_rate) if roles.time else None
    begins = named | cut
    if axis:
        begins[1:] |= axis.breaks(max(MAX_GAP, most + 1))
    starts = np.flatnonzero(begins)
    ends = np.append(starts[1:], len(columns))
    labels, groups, names = map(columns.strings, (roles.label, roles.group, roles.recording))
    where = [str(columns.path)]
    if len(starts) > 1:
        lines = zip(columns.lines[starts], columns.lines[ends - 1], strict=True)
        where = [f"{columns.path}, lines {first} to {last}" for first, last in lines]
    items = np.split(columns.stack(roles.channels), starts[1:])
    timings: list[Timing] = []
    if axis:
        before = gaps_before(axis, starts.tolist(), named)
        times = np.split(axis.values, starts[1:])
        if most and axis.step and not axis.coarse:
            dropped += _fill_times(items, times, axis.step, most, where)
        timings = [timing(axis, *t) for t in zip(times, before.tolist(), strict=True)]
    owners = groups or names
    notes = [f"{columns.path.name}: one sample per row, {len(starts)} recordings"]
    guesses = [*(axis.guesses if axis else ())]
    if not owners:
        text = "no column names a person or a recording: each stretch of one label is taken for a "
        notes.append(f"{text}recording of its own (name a column with --group)")
        if roles.label:
            guesses.append(Guess(f"{text}recording", "--group COLUMN"))
    turns = int((begins & ~named & ~cut)[1:][np.diff(axis.values) < 0].sum()) if axis else 0
    if turns:
        text = f"{roles.time} goes back {turns:,} times within one label: recordings begin there"
        guesses.append(Guess(text, "--time COLUMN|none"))
    rate_mhz = options.rate_mhz or (axis.rate_mhz if axis else 0)
    return Dataset(
        name=columns.path.stem,
        kind="recordings",
        items=items,
        labels=[labels[i] if labels else label for i in starts.tolist()],
        groups=[owners[i] or "(none)" for i in starts.tolist()] if owners else where,
        names=where,
        grouping="group" if groups else "recording",
        channels=roles.channels,
        rate_mhz=rate_mhz,
        notes=tuple(notes),
        reading=Reading(
            files=1,
            kind=f"{columns.kind}, one sample per row",
            timings=tuple(timings),
            guesses=tuple(guesses),
            dropped=tuple(dropped),
        ),
    )


def _whole_rows(
    columns: Columns, roles: Roles, options: ReadOptions, named: Bools
) -> tuple[Columns, Bools, Bools, int, list[str]]:
    """The table without faulty rows.

    Returns the table, where recordings begin by name and where rows were left out, the samples that
    may be interpolated, and what was left out or filled.
    """
    used = [*roles.channels, *([roles.time] if roles.time else [])]
    bad = faulty_rows(columns, used, roles.label)
    cut = np.zeros(len(columns), bool)
    most = _most(columns, roles, options, named)
    dropped: list[str] = []
    if not bad.any():
        return columns, named, cut, most, dropped
    columns, named = _named_as_before(columns, roles, named)
    if most:
        filled = fill_cells([columns.values(n) for n in used], bad, named, most)
        bad &= ~filled
        if filled.any():
            lines = ", ".join(map(str, columns.lines[filled][:20].tolist()))
            more = ", ..." if filled.sum() > 20 else ""
            text = f"{columns.path.name}: {int(filled.sum()):,} rows filled by interpolation"
            dropped.append(f"{text}: lines {lines}{more}")
    if not bad.any():
        return columns, named, cut, most, dropped
    faults = list_faults(columns, bad, used, roles.label)
    if not options.skip:
        raise refuse(columns, bad, faults)
    dropped += tell_dropped(columns, int(bad.sum()), faults)
    if bad.all():
        raise DataError(f"{columns.path}: every row is faulty: {faults[0]}")
    # What begins at a row that is left out begins at the next one that is kept.
    cut[1:] = bad[:-1]
    kept = ~bad
    blocks = np.cumsum(named)[kept]
    named = np.concatenate([[True], np.diff(blocks) > 0])
    return keep(columns, kept), named, cut[kept], most, dropped


def keep(columns: Columns, kept: Bools) -> Columns:
    """The rows of a table where `kept`, bool (n,), is true."""
    return replace(
        columns,
        numbers={name: values[kept] for name, values in columns.numbers.items()},
        times={name: values[kept] for name, values in columns.times.items()},
        texts={
            name: [c for c, k in zip(cells, kept.tolist(), strict=True) if k]
            for name, cells in columns.texts.items()
        },
        lines=columns.lines[kept],
        broken=None,
    )


def _named_as_before(columns: Columns, roles: Roles, named: Bools) -> tuple[Columns, Bools]:
    """Names in broken rows are those of the row before: their cells may stand anywhere."""
    broken = columns.broken
    if broken is None or not broken.any():
        return columns, named
    names = [n for n in (roles.label, roles.group, roles.recording) if n in columns.texts]
    texts = dict(columns.texts)
    for name in names:
        cells = list(texts[name])
        for row in np.flatnonzero(broken).tolist():
            if row:
                cells[row] = cells[row - 1]
        texts[name] = cells
    columns = replace(columns, texts=texts)
    return columns, changes(columns, (roles.label, roles.group, roles.recording))


def _most(columns: Columns, roles: Roles, options: ReadOptions, named: Bools) -> int:
    """How many samples may be interpolated, from samples or seconds."""
    if not isinstance(options.fill, Seconds):
        return options.fill
    rate = options.sample_rate
    if not rate and roles.time:
        known = ~np.isnan(columns.values(roles.time))
        axis = time_axis(keep(columns, known), roles.time, named[known], 0.0)
        rate = axis.rate_mhz / 1000
    if not rate:
        raise DataError(
            f"{columns.path}: --fill in seconds needs the sample rate, which is unknown: give it "
            "with --rate, or --fill in samples"
        )
    return options.fill.samples(rate)


def _fill_times(
    items: list[Floats], times: list[Floats], step: float, most: int, where: list[str]
) -> list[str]:
    """Interpolate samples that the times show to be missing, in place; what was filled."""
    told = []
    for i in range(len(items)):
        items[i], times[i], count = fill_gaps(items[i], times[i], step, most)
        if count:
            told.append(f"{where[i]}: {count:,} samples filled by interpolation")
    return told
