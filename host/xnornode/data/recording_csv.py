"""Recordings as CSV for people and other programs, and back without a bit lost.

The first line is a comment that says what a `.rec` file says of itself
(docs/reference/recordings.md). Values stand in their unit, with all their digits.
"""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from xnornode._files import open_to_read, read_most
from xnornode._typing import Int16
from xnornode.data.recording_file import FORMAT, LONGEST, Header, RecordFile, header_of
from xnornode.model.limits import INT16

MARK = f"# {FORMAT} "
"""How the first line begins; a JSON object follows."""
TIME = "time (s)"
NANO = 10**9
NEAR = 0.01
"""How far a value may be from a count, in counts: more has been changed by somebody."""
BREAK = 1.0
"""Seconds, or more samples than a reader takes for one recording, that a break is as a time."""
BREAK_SAMPLES = 20
ROWS = 4096
"""Samples that are written at a time."""


def to_csv(record: RecordFile) -> bytes:
    """Write a recording as CSV.

    Parameters
    ----------
    record : RecordFile
        Any recording.

    Returns
    -------
    bytes
        UTF-8: a comment with the facts, a row of titles, a row for each sample: the time in
        seconds, then the channels in their units. Where samples are missing, times jump.
    """
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, "utf-8", newline="", write_through=True)
    out.write(MARK + json.dumps(header_of(record)) + "\n")
    write = csv.writer(out, lineterminator="\n").writerow
    write([TIME, *record.channels])
    samples = record.recording.samples
    # Some rows at a time: a list of Python's numbers takes twenty times their room
    rows = (row for at in range(0, len(samples), ROWS) for row in samples[at : at + ROWS].tolist())
    for time, row in zip(_times(record), rows, strict=True):
        write([time, *map(_value, row, record.scales)])
    out.flush()
    return raw.getvalue()


def _times(record: RecordFile) -> Iterator[str]:
    """Seconds from the start, as text."""
    rate = record.rate_mhz
    jump = max(round(BREAK * NANO), BREAK_SAMPLES * 1000 * NANO // rate)
    breaks, late = {*record.breaks}, 0
    for n in range(len(record.recording.samples)):
        late += jump if n in breaks else 0
        yield _decimal((2000 * NANO * n + rate) // (2 * rate) + late)


def _value(count: int, scale: int) -> str:
    """A count in its unit, exactly."""
    return _decimal(count * scale) if scale else str(count)


def _decimal(nanos: int) -> str:
    """Billionths as a decimal number.

    >>> _decimal(-122070), _decimal(2 * NANO), _decimal(0)
    ('-0.00012207', '2', '0')
    """
    whole, rest = divmod(abs(nanos), NANO)
    text = f"{'-' if nanos < 0 else ''}{whole}.{rest:09d}"
    return text.rstrip("0").rstrip(".")


def read_csv(path: Path) -> RecordFile | None:
    """Read a CSV file that `to_csv` has written.

    Parameters
    ----------
    path : Path
        Any file.

    Returns
    -------
    RecordFile or None
        The same counts as were written. None for any other file, and for one whose titles or
        values have been changed: it is a table as any other then.

    Raises
    ------
    DataError
        The file says that it is a recording, and its first line is damaged.
    """
    with open_to_read(path) as file:
        first = file.readline(LONGEST)
        if not first.startswith(MARK.encode()):
            return None
        text = read_most(file, LONGEST).decode("utf-8", "replace")
    header = Header.read(first[len(MARK) :], str(path))
    rows = csv.reader(io.StringIO(text))
    try:
        head = next(rows)
        if head != [TIME, *header.channels]:
            return None
        values = np.array([row[1:] for row in rows], np.float64)
    except (StopIteration, ValueError, csv.Error):
        return None
    counts = _counts(values, header.scales)
    if counts is None or not all(0 < at < len(counts) for at in header.more["breaks"]):
        return None
    return header.file(counts)


def _counts(values: np.ndarray, scales: tuple[int, ...]) -> Int16 | None:
    """Values (n, channels) as counts; None where they are none."""
    if values.ndim != 2 or not len(values):
        return None
    exact = values * NANO / np.array([scale or NANO for scale in scales])
    counts = np.rint(exact)
    if not np.isfinite(exact).all() or np.abs(exact - counts).max() > NEAR:
        return None
    if counts.min() < INT16.min or counts.max() > INT16.max:
        return None
    return counts.astype(np.int16)
