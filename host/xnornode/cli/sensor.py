"""`xnornode sensor`: which sensor a node has, at which pins, and whether it answers."""

import argparse
import contextlib
import json
import re
from typing import Any

from xnornode.board import sensor_setup
from xnornode.board.sensor_kinds import KINDS, OPTIONS, PATH, complete
from xnornode.board.sensor_setup import Reading
from xnornode.board.sensor_wires import Config, Value, button_at
from xnornode.cli.command import add_command
from xnornode.cli.output import say, show_field, show_table
from xnornode.cli.port_options import add_port, add_reset, port_of
from xnornode.errors import LinkError, XnorNodeError
from xnornode.link.repl import Board
from xnornode.link.share import held

RATE_UNITS = {"": 1, "hz": 1, "khz": 1000, "k": 1000}


def add_parsers(commands: Any) -> None:
    """Add the command `xnornode sensor`."""
    parser = add_command(
        commands,
        "sensor",
        "set the sensor of a node, and see whether it answers",
        "Say which sensor a node has and where it is wired. The sensor is looked for and read, ten "
        "samples are shown, and the node keeps the settings in its sensor.json. Without KIND: show "
        "the sensor that is set. What runs on the node is interrupted and started again.",
        """
        xnornode sensor mpu6050
        xnornode sensor mpu6050 --sda 6 --scl 7 --address 0x69 --rate 50 --range 2g
        xnornode sensor adc --pins 26,27 --rate 1000
        xnornode sensor mpu6050 --button GP15
        xnornode sensor i2s --sck 10 --ws 11 --sd 12 --rate 16k
        xnornode sensor
        """,
    )
    add = parser.add_argument
    add(
        "kind",
        nargs="?",
        metavar="KIND",
        help=f"{', '.join(KINDS)}, or module.Class of your own (default: show what is set)",
    )
    for name, what in (
        ("--sda", "GPIO of an I2C sensor's data"),
        ("--scl", "GPIO of its clock"),
        ("--i2c", "number of the I2C controller (default: the one that has these pins)"),
        ("--frequency", "of the I2C clock, in Hz"),
        ("--sck", "GPIO of a microphone's bit clock"),
        ("--ws", "GPIO of its word select"),
        ("--sd", "GPIO of its data"),
        ("--shift", "how many of its lowest bits go, 8 (loud) to 16 (default)"),
    ):
        add(name, type=_integer, metavar="N", help=what)
    add("--address", type=_integer, metavar="N", help="on the I2C bus, such as 0x69")
    add("--rate", type=_rate, metavar="HZ", help="samples a second, such as 100 or 16k")
    add("--range", type=_range, metavar="G", help="of acceleration, such as 4g")
    add(
        "--gyro-range",
        type=_range,
        metavar="DPS",
        help="of rotation in deg/s, such as 500; 0 for acceleration alone",
    )
    add("--channel", choices=("left", "right"), help="of a microphone: by its pin L/R")
    add("--pins", type=_pins, metavar="N,N", help="GPIOs of analog inputs")
    add(
        "--button",
        type=_button,
        metavar="GPIO",
        help="the node's button that begins a recording: GP15, from that pin to ground, or bootsel",
    )
    add(
        "--set",
        action="append",
        default=[],
        type=_setting,
        metavar="NAME=VALUE",
        help="any other setting; VALUE is JSON, or text",
    )
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--show", action="store_true", help="show the sensor that is set")
    one.add_argument("--remove", action="store_true", help="forget the sensor")
    one.add_argument("--dry-run", action="store_true", help="look for it and read, write nothing")
    add_port(parser)
    add_reset(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry out `xnornode sensor`; the exit status. Raises XnorNodeError."""
    given = _given(options)
    if options.kind and (options.show or options.remove):
        options.wrong_usage("--show and --remove go without KIND")
    if not options.kind and given:
        options.wrong_usage("name the KIND of sensor: " + ", ".join(KINDS))
    if options.kind and "." not in options.kind and options.kind not in KINDS:
        complete(options.kind, given, "", "")  # which raises
    port = port_of(options)
    with interrupted(port, options.reset) as board:
        if options.remove:
            sensor_setup.remove_config(board)
            print("the node has no sensor set: it plays recordings, if it has some")
            return 0
        on = sensor_setup.platform(board)
        if options.kind:
            config = complete(options.kind, given, on.platform, on.machine)
        else:
            there = sensor_setup.read_config(board)
            if there is None:
                print(f"no sensor is set: the node has no {PATH}; xnornode sensor KIND writes it")
                return 0
            config = there
        _show_config(config)
        reading = sensor_setup.read_samples(board, config)
        if reading.problem:
            raise LinkError(_with_advice(reading.problem, board, config))
        _show(reading)
        if options.kind and not options.dry_run:
            sensor_setup.write_config(board, config)
            show_field("written", PATH)
        elif options.kind:
            print("dry run: nothing was written")
    return 0


@contextlib.contextmanager
def interrupted(port: str, reset: bool) -> Any:
    """A board at its REPL, whose program is started again whatever happens."""
    with held(port), Board(port, reset=reset) as board:
        try:
            board.clear()
            yield board
        except BaseException:
            with contextlib.suppress(LinkError):
                board.restart()
            raise
        board.restart()


def _with_advice(problem: str, board: Board, config: Config) -> str:
    """A problem, and what to check where a sensor on a bus does not answer."""
    if "button" in config and "'button'" in problem:  # the driver was given it, as by older ones
        return "the node's library is older than --button: run `xnornode update`"
    kind = KINDS.get(str(config["sensor"]))
    sda, scl = config.get("sda"), config.get("scl")
    if not (kind and kind.addresses and isinstance(sda, int) and isinstance(scl, int)):
        return problem
    if "nothing answers" not in problem:
        return problem
    try:
        wires = sensor_setup.look_at_wires(board, sda, scl)
    except LinkError as error:
        say(f"the wires could not be looked at: {error}")
        return problem
    what = problem.partition("; ")[0]  # then the driver says what may be, before it was looked at
    return "\n  ".join([what, *sensor_setup.advice(wires, config, kind.addresses)])


def _show_config(config: Config) -> None:
    show_field("sensor", str(config["sensor"]))
    for name, value in config.items():
        if name != "sensor":
            is_address = name == "address" and isinstance(value, int)
            text = f"0x{value:02x}" if is_address else json.dumps(value)
            show_field(name, text)


def _show(reading: Reading) -> None:
    """What a sensor gave, in its units."""
    if reading.identity:
        show_field("identity", reading.identity)
    show_field("rate", f"{reading.rate_mhz / 1000:g} Hz")
    rows = [
        [_in_units(count, scale) for count, scale in zip(row, reading.scales, strict=True)]
        for row in reading.rows
    ]
    show_table(reading.channels, rows, left=())


def _in_units(count: int, scale: int) -> str:
    """A value in the unit of its channel; in counts where the scale is unknown."""
    if not scale:
        return str(count)
    places = max(0, 10 - len(str(scale)))  # the last one is of about a count
    return f"{count * scale / 1e9:.{places}f}"


def _given(options: argparse.Namespace) -> dict[str, Value]:
    """The settings that were given, by their names in sensor.json."""
    found = {name: options.i2c if name == "bus" else getattr(options, name) for name in OPTIONS}
    return {name: value for name, value in found.items() if value is not None} | dict(options.set)


def _integer(text: str) -> int:
    return int(text, 0)


_integer.__name__ = "number"


def _rate(text: str) -> int | float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?) *([a-z]*)", text.lower())
    if not found or found[2] not in RATE_UNITS:
        raise argparse.ArgumentTypeError(f"{text}: say samples a second, such as 100, or 16k")
    rate = float(found[1]) * RATE_UNITS[found[2]]
    return int(rate) if rate == int(rate) else rate


def _range(text: str) -> int:
    found = re.fullmatch(r"±?(\d+) *(g|dps|deg/s)?", text.lower())
    if not found:
        raise argparse.ArgumentTypeError(f"{text}: say a number, such as 4 or 4g")
    return int(found[1])


def _button(text: str) -> int | str:
    try:
        return button_at(text)
    except XnorNodeError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _pins(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: say GPIO numbers, such as 26,27") from None


def _setting(text: str) -> tuple[str, Value]:
    name, is_there, value = text.partition("=")
    if not (is_there and name.isidentifier()):
        raise argparse.ArgumentTypeError(f"{text}: say NAME=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        pass
    try:
        return name, int(value, 0)  # 0x69 is no JSON
    except ValueError:
        return name, value
