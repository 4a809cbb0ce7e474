"""`xnornode record`: a node's raw samples as recordings, which a training takes as they are."""

import argparse
from math import ceil
from pathlib import Path
from typing import Any

from xnornode.cli.command import add_command, number
from xnornode.cli.live_signal import LiveSignal
from xnornode.cli.output import say, show_table
from xnornode.cli.port_options import add_port, add_reset, port_of
from xnornode.data.recording_folder import count_classes
from xnornode.errors import LinkError
from xnornode.link.messages import Streaming
from xnornode.link.recorder import LONGEST, Recorder
from xnornode.link.recording import Block, SampleStream, streaming
from xnornode.link.take import Take, Written

AT_A_PRESS = "begins when the node's button is pressed"
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
        "measured rate are said. No file is overwritten. Ctrl-C ends it; the recording under way "
        "is dropped then.",
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


def run(options: argparse.Namespace) -> int:
    """Carry out `xnornode record`; the exit status. Raises XnorNodeError."""
    recorder = Recorder(
        options.data, options.label, options.group, options.seconds, options.allow_loss
    )
    for text in recorder.warnings:
        say(f"warning: {text}")
    for found in recorder.recovered:
        say(f"kept {found.path}, {_short(found)}, of a recording whose program was killed")
    port = port_of(options)
    try:
        with streaming(port, say=say, on_event=recorder.heard, reset=options.reset) as stream:
            _check_sensor(recorder, stream.info, options.button)
            _make(recorder, options, stream)
    except KeyboardInterrupt:
        say(f"stopped; {_account(recorder)}")
        return 1
    except LinkError as error:
        say(f"{error}; {_account(recorder)}" if recorder.written else str(error))
        return 1
    finally:
        _show(recorder)
    return 0


def _account(recorder: Recorder) -> str:
    count = len(recorder.written)
    if not count:
        return "no recording was written"
    return f"{count} recording{'s were' if count > 1 else ' was'} written"


def _check_sensor(recorder: Recorder, info: Streaming, button: bool) -> None:
    """Raise DataError or LinkError where the sensor does not fit the data, the file or the port."""
    recorder.check_sensor(info)
    if button:
        recorder.check_button(info)
    width = len(info.channels)
    said = f"{width} channels" if width > 1 else info.channels[0]
    say(f"{info.sensor}: {said} at {info.rate_mhz / 1000:g} Hz")
    if text := recorder.check_port(info):
        say(f"warning: {text}")


def _make(recorder: Recorder, options: argparse.Namespace, stream: SampleStream) -> None:
    """Make all recordings. Raises LinkError, OSError."""
    info = stream.info
    with LiveSignal(info.channels, info.scales, info.rate_mhz / 1000) as view:
        for turn in range(1, options.repeat + 1):
            which = f"recording {turn} of {options.repeat}: {recorder.named}"
            _make_one(recorder, options, stream, view, which)


def _make_one(
    recorder: Recorder,
    options: argparse.Namespace,
    stream: SampleStream,
    view: LiveSignal,
    which: str,
) -> None:
    """Make one recording, and show that. Raises LinkError, OSError."""

    def waiting(block: Block | None) -> None:
        if block:
            view.add(block.samples)
        view.show(f"{which} {AT_A_PRESS}")

    def counting(left: float, block: Block | None) -> None:
        if block:
            view.add(block.samples)
        view.show(f"{which} begins in {ceil(left)} s")

    def taking(take: Take, block: Block | None) -> None:
        if block:
            view.add(block.samples)
        done = f"{100 * take.taken / take.wanted:.0f} %"
        rate = f", {take.rate:.1f} Hz" if take.rate else ""
        view.show(f"{named}: {done}{rate}, {take.lost:,} lost, {take.clipped:,} clipped")

    def wrote(new: Written) -> None:
        view.say(f"wrote {new.path}, {_short(new)}")
        for warning in new.warnings:
            view.say(f"warning: {new.path}: {warning}")

    first = None
    if options.button:
        if not view.live:
            view.say(f"{which} {AT_A_PRESS}")
        first = recorder.wait_for_press(stream, waiting)
    else:
        if options.pause and not view.live:
            view.say(f"{which} begins in {options.pause:g} s")
        recorder.count_down(stream, options.pause, counting)
    named = f"{which}, {options.seconds:g} s"
    if not view.live:
        view.say(named)
    recorder.record(stream, taking, wrote, first)


def _short(new: Written) -> str:
    return f"{new.seconds:.4g} s" + (", cut short" if new.cut else "")


def _show(recorder: Recorder) -> None:
    """Print what was written, and what there is of each class by now."""
    if not recorder.written:
        return
    rows = [
        (
            str(new.path),
            _short(new),
            f"{new.samples:,}",
            f"{new.rate:.1f} Hz" if new.rate else "",
            f"{new.lost:,}",
            f"{new.clipped:,}",
        )
        for new in recorder.written
    ]
    show_table(HEADS, rows, left=("recording",))
    print()
    classes = [
        (c.name, f"{c.items:,}", f"{c.seconds:,.1f} s", f"{c.groups:,}")
        for c in count_classes(recorder.there)
    ]
    show_table(("class", "recordings", "time", "groups"), classes, left=("class",))
