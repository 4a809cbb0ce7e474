"""One recording under way: samples of a stream become a recording file."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from xnornode.data.recording_file import RecordFile
from xnornode.data.windows import Recording
from xnornode.errors import LinkError
from xnornode.link.messages import Streaming
from xnornode.link.recording import Block

MOST_BREAKS = 1000
"""How often samples may be missing in one recording."""
LONGEST_NAME = 64
"""Letters that are kept of the names of a sensor and of a board."""
OFF = 0.05
"""The share by which a sensor's rate may differ from what it says, before that is said."""
ENOUGH_MS = 500
"""Milliseconds of the node's clock from which on a rate is measured."""


class RateMeter:
    """The rate at which a node's sensor gives samples, by the node's clock.

    Examples
    --------
    >>> meter = RateMeter()
    >>> for ms in (100, 400, 700):
    ...     meter.add(taken=ms // 10, ms=ms)
    >>> meter.rate
    100.0
    """

    def __init__(self) -> None:
        self._points: list[tuple[int, int]] = []  # milliseconds, samples

    def add(self, taken: int, ms: int) -> None:
        """Take what a line says: how many samples the sensor had given at which time."""
        if self._points and (ms < self._points[-1][0] or taken < self._points[-1][1]):
            self._points.clear()  # the node has started again
        self._points.append((ms, taken))
        if len(self._points) > 1000:  # thin them out; the first and the last one tell most
            self._points = self._points[::2]

    @property
    def rate(self) -> float:
        """Samples a second; 0 while too little has come."""
        if not self._points or self._points[-1][0] - self._points[0][0] < ENOUGH_MS:
            return 0.0
        ms, taken = np.array(self._points, np.float64).T
        ms -= ms.mean()
        return float(1000 * (ms @ (taken - taken.mean())) / (ms @ ms))


class Take:
    """A recording under way.

    Parameters
    ----------
    info : Streaming
        What the node says of its sensor.
    seconds : float
        How long it is to be, by the sensor's own rate.
    began : datetime, optional
        When it began. Default: now.

    Attributes
    ----------
    info : Streaming
        What the node says of its sensor.
    began : datetime
        When it began, in UTC.
    seconds : float
        How long it is to be.
    wanted, taken : int
        Samples that it is to have, and that it has.
    lost : int
        Samples that are missing in it.
    clipped : int
        Values at an end of the sensor's range.
    """

    def __init__(self, info: Streaming, seconds: float, began: datetime | None = None) -> None:
        self.info, self.seconds = info, seconds
        self.wanted = max(1, round(seconds * info.rate_mhz / 1000))
        self.taken = self.lost = self.clipped = 0
        self._parts: list[np.ndarray] = []
        self._breaks: list[int] = []
        self.began = began or datetime.now(UTC)
        self._meter = RateMeter()

    @property
    def done(self) -> bool:
        """Whether it is as long as it is to be."""
        return self.taken == self.wanted

    @property
    def rate(self) -> float:
        """Samples a second as measured, by the node's clock; 0 if it is too short for that."""
        return self._meter.rate

    def add(self, block: Block) -> None:
        """Take samples of the stream.

        Parameters
        ----------
        block : Block
            The next one. What is more than the recording is to have is left out.

        Raises
        ------
        LinkError
            If samples are missing at more places than a recording can say.
        """
        if block.broken and self.taken:
            if len(self._breaks) == MOST_BREAKS:
                raise LinkError(f"samples are missing at more than {MOST_BREAKS} places")
            self._breaks.append(self.taken)
            self.lost += block.lost
        samples = block.samples[: self.wanted - self.taken]
        self._parts.append(samples)
        self.taken += len(samples)
        self.clipped += int((np.abs(samples.astype(np.int32)) >= self.info.limit).sum())
        self._meter.add(block.taken, block.ms)

    def warnings(self) -> list[str]:
        """What is wrong with it, a sentence each."""
        found = []
        if self.lost or self._breaks:
            lost = f"{self.lost:,} samples are" if self.lost else "samples are"
            found.append(f"{lost} missing, at {len(self._breaks)} places")
        if self.clipped:
            found.append(
                f"{self.clipped:,} values are at an end of the sensor's range: set a larger one "
                "with `xnornode sensor`"
            )
        nominal = self.info.rate_mhz / 1000
        if self.rate and abs(self.rate - nominal) > OFF * nominal:
            found.append(f"the sensor gives {self.rate:.4g} Hz, and says {nominal:g} Hz")
        return found

    def file(self, name: str, label: str, group: str = "") -> RecordFile:
        """The recording as it is now.

        Parameters
        ----------
        name : str
            What lines and messages call it.
        label : str
            The class.
        group : str, default ""
            Who or what was recorded.

        Returns
        -------
        RecordFile
            `cut` if it is shorter than it was to be.
        """
        info = self.info
        return RecordFile(
            Recording(np.concatenate(self._parts), label, group, name),
            info.channels,
            info.scales,
            info.rate_mhz,
            sensor=info.sensor[:LONGEST_NAME],
            time=self.began.isoformat(timespec="seconds").replace("+00:00", "Z"),
            device=info.device[:LONGEST_NAME],
            lost=self.lost,
            clipped=self.clipped,
            cut=not self.done,
            breaks=tuple(self._breaks),
        )


@dataclass(frozen=True)
class Written:
    """A recording that was written.

    Parameters
    ----------
    path : Path
        The file.
    label, group : str
        What was recorded.
    channels : tuple of str
        The channels' names with units.
    seconds : float
        How long it is.
    samples, lost, clipped : int
        What it has, what is missing, and values at an end of the sensor's range.
    rate : float
        Samples a second as measured; 0 if it is too short for that.
    cut : bool
        Whether it ended before its time.
    warnings : tuple of str
        What is wrong with it.
    """

    path: Path
    label: str
    group: str
    channels: tuple[str, ...]
    seconds: float
    samples: int
    lost: int
    clipped: int
    rate: float
    cut: bool
    warnings: tuple[str, ...]

    @classmethod
    def of(cls, path: Path, take: Take, label: str, group: str) -> "Written":
        """What there is to say of a take that was written to `path`."""
        return cls(
            path,
            label,
            group,
            take.info.channels,
            1000 * take.taken / take.info.rate_mhz,
            take.taken,
            take.lost,
            take.clipped,
            take.rate,
            not take.done,
            tuple(take.warnings()),
        )
