"""Parts of a recording, with what its head says of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from xnornode._typing import Int16
from xnornode.data.recording_file import RecordFile
from xnornode.data.sound import CHANNEL, SCALE, read_frames
from xnornode.data.sound import SUFFIXES as SOUNDS
from xnornode.data.windows import Recording
from xnornode.errors import DataError
from xnornode.studio.data_list import Item
from xnornode.studio.data_signal import read_record


def whole(item: Item) -> RecordFile:
    """A recording that can be cut. Raises DataError."""
    if record := read_record(item.path):
        r = record.recording
        return replace(record, recording=Recording(r.samples, item.label, item.group, r.name))
    if item.path.suffix.lower() in SOUNDS:
        samples, rate = read_frames(item.path)
        wide = samples.shape[1]
        recording = Recording(samples, item.label, item.group, item.path.stem)
        return RecordFile(recording, (CHANNEL,) * wide, (SCALE,) * wide, 1000 * rate)
    raise DataError(f"{item.path} is no recording that can be cut here: import it first (drop it)")


def part_of(record: RecordFile, first: int, last: int) -> RecordFile:
    """The samples from `first` to before `last`. Raises DataError if it has no such part."""
    r, count = record.recording, len(record.recording.samples)
    if first >= last:
        raise DataError(
            f"the range ends at sample {last:,}, which is not behind its start at sample "
            f"{first:,}: nothing was cut"
        )
    if first < 0 or last > count:
        raise DataError(f"a part of {count:,} samples cannot be from {first:,} to {last:,}")
    breaks = tuple(at - first for at in record.breaks if first < at < last)
    samples = r.samples[first:last]
    return replace(
        record,
        recording=Recording(samples, r.label, r.group, r.name),
        breaks=breaks,
        lost=record.lost if breaks or not record.breaks else 0,
        clipped=_clipped(record, samples),
        cut=record.cut and last == count,
    )


def _clipped(record: RecordFile, part: Int16) -> int:
    """How many of a part's values are at the end of the range: so far out as those of the whole."""
    if not record.clipped:
        return 0
    size = np.abs(record.recording.samples.astype(np.int32)).ravel()
    least = np.partition(size, -min(record.clipped, size.size))[-min(record.clipped, size.size)]
    return int((np.abs(part.astype(np.int32)) >= least).sum())
