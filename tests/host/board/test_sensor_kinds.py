"""What `xnornode sensor` takes: settings, defaults by the board, and what is wrong at once."""

import ast
from argparse import ArgumentTypeError

import pytest

from tools.firmware.sources import ROOT
from xnornode.board.sensor_kinds import KINDS, complete
from xnornode.board.sensor_setup import Wires, advice
from xnornode.cli.main import main
from xnornode.cli.sensor import _button, _in_units, _setting
from xnornode.errors import XnorNodeError

pytestmark = pytest.mark.quick

PICO = ("rp2", "Raspberry Pi Pico with RP2040")
ESP32 = ("esp32", "Generic ESP32 module with ESP32")
DRIVERS = ROOT / "device" / "xnornode" / "sensors"


def constants(driver: str) -> dict[str, object]:
    """The numbers that a driver has as constants."""
    found = {}
    for node in ast.parse((DRIVERS / f"{driver}.py").read_text()).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return found


def arguments(driver: str) -> dict[str, object]:
    """What the constructor of a driver's class takes, with its default; None without one."""
    tree = ast.parse((DRIVERS / f"{driver}.py").read_text())
    (made,) = (
        function
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.bases
        for function in node.body
        if isinstance(function, ast.FunctionDef) and function.name == "__init__"
    )
    defaults = [ast.literal_eval(default) for default in made.args.defaults]
    names = [a.arg for a in made.args.args[1:]]
    return dict(zip(reversed(names), [*reversed(defaults), *[None] * len(names)], strict=False))


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.addresses])
def test_limits_are_the_drivers(name):
    kind, limits, takes = KINDS[name], constants(name), arguments(name)
    assert kind.ranges == limits["RANGES"]
    assert kind.gyro_ranges == limits.get("GYRO_RANGES", ())
    assert set(kind.settings) == set(takes)
    assert kind.addresses[0] == takes["address"]
    if "RATES_MHZ" in limits:
        rates = limits["RATES_MHZ"]
        assert kind.rates == (rates[0] / 1000, rates[-1] / 1000)


@pytest.mark.parametrize(
    ("name", "drivers"),
    [("adc", ("analog", "rp2_adc")), ("i2s", ("i2s", "rp2_i2s")), ("replay", ("replay",))],
)
def test_settings_are_the_drivers(name, drivers):
    assert set(KINDS[name].settings) == {key for driver in drivers for key in arguments(driver)}


def test_defaults():
    config = complete("mpu6050", {"range": 2}, *PICO)
    assert config["sensor"] == "mpu6050"
    assert (config["sda"], config["scl"], config["range"], config["rate"]) == (4, 5, 2, 100)
    assert complete("mpu6050", {}, *ESP32)["sda"] == 21
    assert complete("lis3dh", {}, "esp32", "ESP32-C3 module with ESP32C3")["scl"] == 9
    assert complete("adc", {}, *PICO)["pins"] == [26]
    assert complete("mpu6050", {"button": 15}, *PICO)["button"] == 15
    assert complete("mine.Mine", {"button": "bootsel"}, *PICO)["button"] == "bootsel"
    assert complete("mine.Mine", {"speed": 3}, *PICO) == {"sensor": "mine.Mine", "speed": 3}


@pytest.mark.parametrize(
    ("kind", "given", "says"),
    [
        ("mpu6051", {}, "no kind of sensor mpu6051"),
        ("adxl345", {"gyro_range": 500}, "no --gyro-range"),
        ("mpu6050", {"range": 3}, "--range 3 g is not one of 2, 4, 8, 16"),
        ("mpu6050", {"gyro_range": 125}, "--gyro-range 125"),
        ("mpu6050", {"rate": 2000}, "not within 4 to 1000"),
        ("mpu6050", {"address": 0x80}, "0x68 or 0x69"),
        ("mpu6050", {"sda": 4, "scl": 4}, "at one GPIO"),
        ("mpu6050", {"sda": 5, "scl": 4}, "take --sda 4 --scl 5"),
        ("mpu6050", {"sda": 0, "scl": 3}, "SDA of I2C0 and GPIO 3 is SCL of I2C1"),
        ("mpu6050", {"sda": 6, "scl": 7, "bus": 0}, "are at I2C1"),
        ("mpu6050", {"sda": 32, "scl": 33}, "no GPIO 32"),
        ("adc", {"pins": [25]}, "no analog input"),
        ("adc", {"pins": [26, 27], "button": 27}, "the sensor is at that GPIO"),
        ("mpu6050", {"button": 4}, "--button 4: the sensor is at that GPIO"),
        ("mine.Mine", {"button": 30}, "--button 30: an RP2 chip has GPIO 0 to 29"),
        ("mpu6050", {"button": "A"}, "the number of a GPIO, or bootsel"),
        ("i2s", {"sck": 10, "ws": 12, "sd": 13}, "WS is at the GPIO after SCK, here 11"),
    ],
)
def test_what_a_pico_cannot(kind, given, says):
    with pytest.raises(XnorNodeError, match=says):
        complete(kind, given, *PICO)


@pytest.mark.parametrize("sda", range(0, 28, 2))
def test_each_pair_of_a_pico_is_taken(sda):
    complete("mpu6050", {"sda": sda, "scl": sda + 1, "bus": sda // 2 % 2}, *PICO)


def test_what_an_esp32_cannot():
    with pytest.raises(XnorNodeError, match="only inputs"):
        complete("mpu6050", {"scl": 35}, *ESP32)
    with pytest.raises(XnorNodeError, match="the flash is"):
        complete("mpu6050", {"sda": 8}, *ESP32)
    with pytest.raises(XnorNodeError, match="have no pull-up"):
        complete("mpu6050", {"button": 35}, *ESP32)
    with pytest.raises(XnorNodeError, match="the flash is"):
        complete("mpu6050", {"button": 8}, *ESP32)
    with pytest.raises(XnorNodeError, match="only RP2 boards"):
        complete("mpu6050", {"button": "bootsel"}, *ESP32)
    with pytest.raises(XnorNodeError, match="say with --sda"):
        complete("mpu6050", {}, "stm32", "a board")


@pytest.mark.parametrize(
    ("wires", "says", "silent"),
    [
        (Wires(1, 1, (), (0x68,)), "swapped", "pull-up"),
        (Wires(1, 1, (0x69,), ()), "--address 0x69", "pull-up"),
        (Wires(1, 1, (0x3C,), ()), "another kind", "pull-up"),
        (Wires(0, 1, (), ()), "no pull-up at SDA (GPIO 4):", "SCL (GPIO 5)"),
        (Wires(1, 1, (), ()), "GPIO numbers", "pull-up"),
        (Wires(1, 1, (0x68,), ()), "another device", "pull-up"),
    ],
)
def test_advice(wires, says, silent):
    said = " ".join(advice(wires, {"sda": 4, "scl": 5, "address": 0x68}, (0x68, 0x69)))
    assert says in said and silent not in said


def test_values_have_the_digits_that_count():
    assert _in_units(8192, 122_070) == "1.0000"
    assert _in_units(-3, 7_633_588) == "-0.023"
    assert _in_units(77, 0) == "77"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["mpu6050", "--show"], "go without KIND"),
        (["--rate", "50"], "name the KIND"),
        (["mpu6050", "--rate", "fast"], "say samples a second"),
        (["mpu6050", "--range", "4m"], "such as 4 or 4g"),
        (["adc", "--pins", "a"], "such as 26,27"),
        (["mine.Mine", "--set", "speed"], "say NAME=VALUE"),
        (["mpu6050", "--sda", "GP4"], "invalid number value"),
    ],
)
def test_wrong_usage(capsys, arguments, says):
    with pytest.raises(SystemExit) as ended:
        main(["sensor", *arguments])
    assert ended.value.code == 2
    assert says in capsys.readouterr().err


def test_a_kind_that_there_is_not_needs_no_board(capsys):
    assert main(["sensor", "mpu6051", "--port", "/dev/none"]) == 1
    assert "it is one of mpu6050" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "value"), [("address", None), ("address", "x"), ("sda", 4.5)])
def test_a_setting_that_is_no_whole_number(name, value):
    with pytest.raises(XnorNodeError, match=f"--{name} is a whole number, not"):
        complete("mpu6050", {name: value}, *PICO)


def test_a_setting_may_be_hexadecimal():
    assert _setting("address=0x69") == ("address", 0x69)
    assert _setting("channel=right") == ("channel", "right")


@pytest.mark.parametrize(
    ("text", "at"), [("GP15", 15), ("gpio 3", 3), ("7", 7), ("BOOTSEL", "bootsel")]
)
def test_where_a_button_is(text, at):
    assert _button(text) == at


@pytest.mark.parametrize("text", ["", "A", "-1", "1.5", "GP"])
def test_where_a_button_is_not(text):
    with pytest.raises(ArgumentTypeError, match="say a GPIO, such as GP15, or bootsel"):
        _button(text)
