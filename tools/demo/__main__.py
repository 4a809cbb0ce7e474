"""The command of `make demo`.

Without options an emulated Pico gets an emulated sensor, a minute of it is recorded, and a network
that is trained on that tells live what the sensor's wearer does. With --replay, or on a real board,
the watch dataset's network classifies recordings in flash. Predictions and the closing table go to
stdout, progress to stderr. Exit status 1 when a step fails or the node and the reference disagree.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools.demo import live, replay
from tools.demo.steps import Clock
from tools.firmware.build import BuildError
from xnornode.errors import XnorNodeError


def main() -> int:
    """Exit status 0; 1 with a message."""
    parser = argparse.ArgumentParser(description="Set up, record, train, push, classify, compare.")
    parser.add_argument(
        "--replay", action="store_true", help="train on the watch dataset, and classify from flash"
    )
    parser.add_argument("--port", help="a real board's serial port (default: an emulated Pico)")
    parser.add_argument("--drive", type=Path, help="where the RPI-RP2 drive is mounted")
    parser.add_argument("--setup-seconds", type=float, help="what the set-up before this took")
    options = parser.parse_args()
    clock = Clock()
    if options.setup_seconds is not None:
        clock.spent["set-up"] = options.setup_seconds
    try:
        if options.replay or options.port:
            return replay.run(clock, options.port, options.drive)
        return live.run(clock)
    except (XnorNodeError, BuildError, OSError) as error:
        print(f"demo: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("demo: stopped", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
