"""Makes recordings of a node's samples: what is checked before, the countdown, the files."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from xnornode.data.recording_file import LONGEST as LONGEST_FILE
from xnornode.data.recording_file import RecordFile
from xnornode.data.recording_folder import (
    Kept,
    add_recording,
    check_alike,
    check_name,
    check_parts,
    check_place,
    kept,
    next_name,
)
from xnornode.data.recording_groups import group_warning
from xnornode.errors import DataError, LinkError
from xnornode.link.deadline import Deadline
from xnornode.link.messages import Button, Event, Streaming
from xnornode.link.partial import Partial, recover
from xnornode.link.recording import USABLE, Block, fastest_rate, needed_bytes
from xnornode.link.take import Take, Written
from xnornode.model.names import name_fault

GLANCE = 0.1
"""Seconds that samples are waited for, before the time is looked at again."""
SETTLE = 1.0
"""Seconds in which samples from before a recording are dropped."""
SLOWEST, LATE = 3.0, 10.0
"""How many times longer than said a recording may take, and seconds on top, before it is ended."""
LONGEST_WAIT = 3600.0
"""Seconds in which the node's button is to be pressed."""
LONGEST = 24 * 3600.0
"""Seconds of a recording, and of a pause."""


class Source(Protocol):
    """Where samples come from, such as a SampleStream."""

    @property
    def info(self) -> Streaming:
        """What the node says of its sensor."""

    def read(self, seconds: float) -> Block | None:
        """The next samples; None if none come in time. Raises LinkError."""


class Recorder:
    """Makes recordings of one label and group.

    Parameters
    ----------
    folder : Path
        Of all recordings. It need not be there.
    label : str
        The class.
    group : str, default ""
        Who or what is recorded.
    seconds : float, default 10.0
        How long each recording is, by the sensor's own rate.
    allow_loss : bool, default False
        Whether a port may be too slow for its sensor.

    Attributes
    ----------
    there : list of Kept
        All recordings of the folder.
    written : list of Written
        Those that this one has made.
    recovered : list of Written
        What programs that were killed had recorded, and what is in its place now.
    warnings : list of str
        What may become a trouble, though it can be recorded.

    Raises
    ------
    DataError
        If this cannot be recorded into the folder.
    OSError
        What a program that was killed had recorded cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        label: str,
        group: str = "",
        seconds: float = 10.0,
        allow_loss: bool = False,
    ) -> None:
        self.folder, self.seconds, self.allow_loss = folder, seconds, allow_loss
        self.label = check_name(label, "label")
        self.group = check_name(group, "group") if group else ""
        check_place(folder, self.label, self.group)
        self.recovered = [*recover(folder)]
        self.there: list[Kept] = [*kept(folder)]
        self.written: list[Written] = []
        self.warnings: list[str] = []
        self._pressed = False
        check_parts([self.label, *(r.label for r in self.there)], "label")
        groups = [r.group for r in self.there]
        if self.group:
            check_parts([self.group, *groups], "group")
        if text := group_warning(groups, self.group):
            self.warnings.append(text)

    @property
    def named(self) -> str:
        """What is recorded, as a person reads it: `wave (anna)`."""
        return f"{self.label} ({self.group})" if self.group else self.label

    def check_sensor(self, info: Streaming) -> None:
        """Raise DataError where a sensor does not fit the data or the file."""
        for name in info.channels:
            if fault := name_fault(name):
                raise DataError(f"the node names a channel {name[:80]!r}: {fault}")
        check_alike(self.there, info.channels, info.scales)
        size = 2 * len(info.channels) * self.seconds * info.rate_mhz / 1000
        if size > 0.99 * LONGEST_FILE:
            raise DataError(
                f"{self.seconds:g} s of this sensor are {size:,.0f} bytes, and a recording has "
                f"at most {LONGEST_FILE:,}: take fewer --seconds and more --repeat"
            )

    def check_port(self, info: Streaming) -> str:
        """A warning where the port is too slow and losses are allowed. Raises LinkError."""
        text = port_fault(info)
        if text and not self.allow_loss:
            raise LinkError(f"{text}. Set the rate with `xnornode sensor`, or give --allow-loss")
        return f"{text}; what is lost is counted" if text else ""

    def check_button(self, info: Streaming) -> None:
        """Raise LinkError where the node has no button."""
        if not info.button:
            raise LinkError(
                "the node has no button: name one with `xnornode sensor KIND --button`, such as "
                "--button GP15 (to ground) or --button bootsel"
            )

    def heard(self, event: Event) -> None:
        """Take what the node says beside its samples, as `on_event` of a stream."""
        self._pressed |= isinstance(event, Button)

    def wait_for_press(self, source: Source, shown: Callable[[Block | None], None]) -> Block | None:
        """Wait until the node's button is pressed.

        Parameters
        ----------
        source : Source
            Where samples come from; it gives other events to `heard`.
        shown : callable
            Gets new samples or None, some ten times a second.

        Returns
        -------
        Block or None
            The first samples after the press, if they came with it.

        Raises
        ------
        LinkError
            Nobody pressed it, or there are no more samples.
        """
        self._pressed = False
        wait, block = Deadline(LONGEST_WAIT), None
        while not self._pressed:
            if wait.passed:
                minutes = f"{LONGEST_WAIT / 60:.0f} minutes"
                raise LinkError(f"nobody pressed the node's button in {minutes}")
            block = source.read(GLANCE)
            shown(block)
        return block

    def count_down(
        self, source: Source, pause: float, shown: Callable[[float, Block | None], None]
    ) -> None:
        """Wait for so many seconds, then drop the samples that came before.

        Parameters
        ----------
        source : Source
            Where samples come from.
        pause : float
            Seconds.
        shown : callable
            Gets the seconds that are left, and new samples or None, some ten times a second.

        Raises
        ------
        LinkError
            There are no more samples.
        """
        until = time.monotonic() + pause
        while (left := until - time.monotonic()) > 0:
            shown(left, source.read(min(left, GLANCE)))
        settled = Deadline(SETTLE)
        while source.read(0) and not settled.passed:  # what came before the recording begins
            pass

    def record(
        self,
        source: Source,
        shown: Callable[[Take, Block | None], None],
        wrote: Callable[[Written], None],
        first: Block | None = None,
    ) -> None:
        """Make one recording, which is on disk as it comes.

        Parameters
        ----------
        source : Source
            Where samples come from.
        shown : callable
            Gets what has been taken, and the new samples or None, some ten times a second.
        wrote : callable
            Gets the recording; also that of a node that has gone away in the middle, before the
            LinkError.
        first : Block, optional
            Samples that are its beginning.

        Raises
        ------
        LinkError
            There are no more samples, or too few for the sensor's rate.
        OSError
            A file cannot be written.
        """
        take = Take(source.info, self.seconds)
        with Partial(self.folder, take, self.label, self.group) as partial:
            try:
                self._fill(take, source, shown, partial, first)
            except LinkError:
                if take.taken:  # what came is kept
                    wrote(self._write(take))
                raise
            wrote(self._write(take))

    def _fill(
        self,
        take: Take,
        source: Source,
        shown: Callable[[Take, Block | None], None],
        partial: Partial,
        first: Block | None,
    ) -> None:
        late = Deadline(SLOWEST * take.seconds + LATE)
        while not take.done:
            if late.passed:
                raise LinkError(
                    f"the node sends too few samples for its rate: {take.rate:.4g} a second"
                )
            block, first = first or source.read(GLANCE), None
            if block:
                take.add(block)
                partial.add(block)
            shown(take, block)

    def _write(self, take: Take) -> Written:
        name = next_name(self.folder, self.label, self.group)
        record = take.file(name, self.label, self.group)
        path = add_recording(self.folder, record)
        self.there.append(_kept(path, record))
        self.written.append(Written.of(path, take, self.label, self.group))
        return self.written[-1]


def _kept(path: Path, r: RecordFile) -> Kept:
    own = r.recording
    return Kept(path, own.label, own.group, r.channels, r.scales, r.rate_mhz, len(own.samples))


def port_fault(info: Streaming) -> str:
    """Why a node's port is too slow for its sensor, and which rate fits; empty if it is not.

    Examples
    --------
    >>> slow = Streaming(None, "mic", ("sound (FS)",), (1,), 16_000_000, "", 0, 11520, True, 32767)
    >>> port_fault(slow)  # doctest: +ELLIPSIS
    "the node's port carries 11,520 bytes/s, ... up to 3300 Hz fit"
    """
    width, rate = len(info.channels), info.rate_mhz / 1000
    needed = needed_bytes(width, rate)
    if info.port is None or needed <= USABLE * info.port:
        return ""
    return (
        f"the node's port carries {info.port:,} bytes/s, and this sensor needs {needed:,.0f} "
        f"at {rate:g} Hz: up to {fastest_rate(width, info.port):g} Hz fit"
    )
