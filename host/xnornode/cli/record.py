"""`xnornode record`: a node's raw samples as recordings, which a training takes as they are."""

import argparse
import time
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from typing import Any

from xnornode.cli.command import add_command, number
from xnornode.cli.live_signal import LiveSignal
from xnornode.cli.output import say, show_table
from xnornode.cli.port_options import add_port, add_reset, port_of
from xnornode.data.recording_file import LONGEST as LONGEST_FILE
from xnornode.data.recording_file import RecordFile
from xnornode.data.recording_folder import (
    Kept,
    add_recording,
    check_alike,
    check_name,
    check_parts,
    check_place,
    count_classes,
    kept,
    next_name,
)
from xnornode.errors import DataError, LinkError
from xnornode.link.deadline import Deadline
from xnornode.link.messages import Button, Event, Streaming
from xnornode.link.recording import (
    USABLE,
    Block,
    SampleStream,
    fastest_rate,
    needed_bytes,
    streaming,
)
from xnornode.link.take import Take
from xnornode.model.names import name_fault

GLANCE = 0.1
"""Seconds that samples are waited for, before the time is looked at again."""
SETTLE = 1.0
"""Seconds in which samples from before a recording are dropped."""
SLOWEST, LATE = 3.0, 10.0
"""How many times longer than said a recording may take, and seconds on top, before it is ended."""
LONGEST = 24 * 3600.0
"""Seconds of a recording, and of a pause."""
LONGEST_WAIT = 3600.0
"""Seconds in which the node's button is to be pressed."""
HEADS = ("recording", "time", "samples", "rate", "lost", "clipped")


def add_parsers(commands: Any) -> None:
    """Add the command `xnornode record`."""
    parser = add_command(
        commands,
        "record",
        "record a node's sensor",
        "Record the raw samples of a node's sensor into DATA/LABEL/GROUP/1.rec, 2.rec and so on, "
        "as `xnornode train DATA` takes them. The node's program goes on; a node without one needs "
        "only its library and a sensor (`xnornode sensor`). Each recording begins after a "
        "countdown, or at a press of the node's own button. Lost samples, clipped values and the "
        "measured rate are said. No file is overwritten. Ctrl-C ends it; the "
        "recording under way is dropped then.",
        """
        xnornode record gestures --label wave
        xnornode record gestures --label wave --group anna --seconds 10 --repeat 5
        xnornode record gestures --label wave --seconds 2 --repeat 20 --button
        """,
        usage="DATA --label LABEL [OPTIONS]",
    )
    parser.add_argument("data", type=Path, metavar="DATA", help="the folder of all recordings")
    parser.add_argument("--label", required=True, help="the class that is recorded")
    parser.add_argument(
        "--group",
        "--person",
        default="",
        help="who or what is recorded: a training holds out whole groups for its test",
    )
    parser.add_argument(
        "--seconds",
        type=number(float, above=0, most=LONGEST),
        default=10.0,
        metavar="S",
        help="the length of a recording (default: 10)",
    )
    parser.add_argument(
        "--repeat",
        type=number(int, least=1),
        default=1,
        metavar="N",
        help="make so many recordings (default: 1)",
    )
    parser.add_argument(
        "--pause",
        type=number(float, least=0, most=LONGEST),
        default=3.0,
        metavar="S",
        help="seconds before each recording (default: 3)",
    )
    parser.add_argument(
        "--button",
        action="store_true",
        help="begin each recording when the node's button is pressed, in place of --pause (the "
        "node gets one with `xnornode sensor KIND --button`)",
    )
    parser.add_argument(
        "--allow-loss",
        action="store_true",
        help="record even if the node's port is too slow for its sensor; what is lost is counted",
    )
    add_port(parser)
    add_reset(parser)
    parser.set_defaults(run=run)


@dataclass
class _Work:
    """What is to be recorded, and what has been."""

    options: argparse.Namespace
    label: str
    group: str
    there: list[Kept]  # all recordings of the folder
    written: list[tuple[str, ...]] = field(default_factory=list)  # rows of the table
    presses: list[Button] = field(default_factory=list)  # of the node's button

    def heard(self, event: Event) -> None:
        """Take what the node says beside its samples."""
        if isinstance(event, Button):
            self.presses[:] = [event]

    @property
    def named(self) -> str:
        return f"{self.label} ({self.group})" if self.group else self.label

    @property
    def account(self) -> str:
        count = len(self.written)
        if not count:
            return "no recording was written"
        return f"{count} recording{'s were' if count > 1 else ' was'} written"


def run(options: argparse.Namespace) -> int:
    """Carry out `xnornode record`; the exit status. Raises XnorNodeError."""
    work = _plan(options)
    port = port_of(options)
    try:
        with streaming(port, say=say, on_event=work.heard, reset=options.reset) as stream:
            _check_sensor(work, stream.info)
            _make(work, stream)
    except KeyboardInterrupt:
        say(f"stopped; {work.account}")
        return 1
    except LinkError as error:
        say(f"{error}; {work.account}" if work.written else str(error))
        return 1
    finally:
        _show(work)
    return 0


def _plan(options: argparse.Namespace) -> _Work:
    """What is to be recorded. Raises DataError."""
    label = check_name(options.label, "label")
    group = check_name(options.group, "group") if options.group else ""
    check_place(options.data, label, group)
    there = [*kept(options.data)]
    check_parts([label, *(r.label for r in there)], "label")
    groups = [r.group for r in there]
    if group:
        check_parts([group, *groups], "group")
    if there and bool(group) != all(groups):
        say(
            "warning: some recordings have a group and others have none, so a training cannot hold "
            "out whole groups (--group)"
        )
    return _Work(options, label, group, there)


def _check_sensor(work: _Work, info: Streaming) -> None:
    """Raise DataError or LinkError where the sensor does not fit the data, the file or the port."""
    for name in info.channels:
        if fault := name_fault(name):
            raise DataError(f"the node names a channel {name[:80]!r}: {fault}")
    check_alike(work.there, info.channels, info.scales)
    width, rate = len(info.channels), info.rate_mhz / 1000
    size = 2 * width * work.options.seconds * rate
    if size > 0.99 * LONGEST_FILE:
        raise DataError(
            f"{work.options.seconds:g} s of this sensor are {size:,.0f} bytes, and a recording has "
            f"at most {LONGEST_FILE:,}: take fewer --seconds and more --repeat"
        )
    if work.options.button and not info.button:
        raise LinkError(
            "the node has no button: name one with `xnornode sensor KIND --button`, such as "
            "--button GP15 (to ground) or --button bootsel"
        )
    said = f"{width} channels" if width > 1 else info.channels[0]
    say(f"{info.sensor}: {said} at {rate:g} Hz")
    needed = needed_bytes(width, rate)
    if info.port is not None and needed > USABLE * info.port:
        text = (
            f"the node's port carries {info.port:,} bytes/s, and this sensor needs {needed:,.0f} "
            f"at {rate:g} Hz: up to {fastest_rate(width, info.port):g} Hz fit"
        )
        if not work.options.allow_loss:
            raise LinkError(f"{text}. Set the rate with `xnornode sensor`, or give --allow-loss")
        say(f"warning: {text}; what is lost is counted")


def _make(work: _Work, stream: SampleStream) -> None:
    """Make all recordings. Raises LinkError, OSError."""
    info, options = stream.info, work.options
    with LiveSignal(info.channels, info.scales, info.rate_mhz / 1000) as view:
        for turn in range(1, options.repeat + 1):
            which = f"recording {turn} of {options.repeat}: {work.named}"
            first = None
            if options.button:
                first = _wait_for_press(work, stream, view, which)
            else:
                _count_down(stream, view, which, options.pause)
            take = Take(info, options.seconds)
            if first:
                take.add(first)
            try:
                _fill(take, stream, view, f"{which}, {options.seconds:g} s")
            except LinkError:
                if take.taken:  # of a node that was unplugged, what came is kept
                    _write(work, take, view)
                raise
            _write(work, take, view)


def _count_down(stream: SampleStream, view: LiveSignal, which: str, pause: float) -> None:
    """Show the signal until a recording begins."""
    if pause and not view.live:
        view.say(f"{which} begins in {pause:g} s")
    until = time.monotonic() + pause
    while (left := until - time.monotonic()) > 0:
        if block := stream.read(min(left, GLANCE)):
            view.add(block.samples)
        view.show(f"{which} begins in {ceil(left)} s")
    settled = Deadline(SETTLE)
    while stream.read(0) and not settled.passed:  # what came before the recording begins
        pass


def _wait_for_press(
    work: _Work, stream: SampleStream, view: LiveSignal, which: str
) -> Block | None:
    """Show the signal until the node's button is pressed; the samples that came with the press."""
    if not view.live:
        view.say(f"{which} begins when the node's button is pressed")
    work.presses.clear()
    wait, block = Deadline(LONGEST_WAIT), None
    while not work.presses:
        if wait.passed:
            raise LinkError(f"nobody pressed the node's button in {LONGEST_WAIT / 60:.0f} minutes")
        if block := stream.read(GLANCE):
            view.add(block.samples)
        view.show(f"{which} begins when the node's button is pressed")
    return block  # what came after the press


def _fill(take: Take, stream: SampleStream, view: LiveSignal, which: str) -> None:
    """Take samples until a recording is whole. Raises LinkError."""
    if not view.live:
        view.say(which)
    late = Deadline(SLOWEST * take.seconds + LATE)
    while not take.done:
        if late.passed:
            raise LinkError(
                f"the node sends too few samples for its rate: {take.rate:.4g} a second"
            )
        if block := stream.read(GLANCE):
            take.add(block)
            view.add(block.samples)
        done = f"{100 * take.taken / take.wanted:.0f} %"
        rate = f", {take.rate:.1f} Hz" if take.rate else ""
        view.show(f"{which}: {done}{rate}, {take.lost:,} lost, {take.clipped:,} clipped")


def _write(work: _Work, take: Take, view: LiveSignal) -> None:
    name = next_name(work.options.data, work.label, work.group)
    record = take.file(name, work.label, work.group)
    path = add_recording(work.options.data, record)
    work.there.append(_kept(path, record))
    short = f"{record.seconds:.4g} s" + (", cut short" if record.cut else "")
    view.say(f"wrote {path}, {short}")
    for warning in take.warnings():
        view.say(f"warning: {path}: {warning}")
    rate = f"{take.rate:.1f} Hz" if take.rate else ""
    counts = [f"{count:,}" for count in (take.taken, take.lost, take.clipped)]
    work.written.append((str(path), short, counts[0], rate, *counts[1:]))


def _kept(path: Path, r: RecordFile) -> Kept:
    own = r.recording
    return Kept(path, own.label, own.group, r.channels, r.scales, r.rate_mhz, len(own.samples))


def _show(work: _Work) -> None:
    """Print what was written, and what there is of each class by now."""
    if not work.written:
        return
    show_table(HEADS, work.written, left=("recording",))
    print()
    rows = [
        (c.name, f"{c.items:,}", f"{c.seconds:,.1f} s", f"{c.groups:,}")
        for c in count_classes(work.there)
    ]
    show_table(("class", "recordings", "time", "groups"), rows, left=("class",))
