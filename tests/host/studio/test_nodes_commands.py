"""The forms of the page Node, and the commands that they make."""

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.lab.livenode import model_bytes
from tests.lab.studio_app import Client, with_studio
from xnornode.board.sensor_kinds import KINDS
from xnornode.cli.main import _parser
from xnornode.studio.nodes_sensors import forms, pins, sensor_arguments


async def send(client: Client, name: str, data: bytes) -> Any:
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("file", data, filename=name)
    return json.loads((await client.raw("POST", "/api/node/file", data=form))[1])


def test_set_up_makes_the_command(tmp_path, plugged, commands):
    data = tmp_path / "data"
    kept = data / ".studio" / "models" / "tap-1"
    kept.mkdir(parents=True)
    (kept / "model.bnn").write_bytes(model_bytes())

    async def use(client: Client) -> None:
        assert (await client.get("/api/node"))["models"][0]["name"] == "tap-1"
        await client.post("/api/node/flash", {"drive": "/mnt/pico"})
        assert commands.pop() == ["flash", "--drive", "/mnt/pico", "--autostart"]
        await client.post("/api/node/choose", {"port": "socket://127.0.0.1:9", "baud": 9600})
        to = ["--port", "socket://127.0.0.1:9", "--baud", "9600"]
        form = {"firmware": "native", "model": "tap-1", "watchdog": True, "dry_run": True}
        await client.post("/api/node/flash", form)
        model = ["--model", str(kept / "model.bnn")]
        assert commands.pop() == [
            *("flash", *to, "--native", *model, "--autostart", "--watchdog", "--dry-run")
        ]
        sent = await send(client, "../../ESP32 GENERIC.bin", b"\xe9" + bytes(99))
        assert sent["name"] == "ESP32_GENERIC.bin" and sent["bytes"] == 100
        form = {"firmware": "file", "firmware_file": sent["id"], "erase": True, "autostart": False}
        await client.post("/api/node/flash", form)
        *rest, named, erase = commands.pop()
        assert (rest, erase) == (["flash", *to, "--firmware"], "--erase")
        assert named.endswith("/ESP32_GENERIC.bin") and Path(named).read_bytes()[:1] == b"\xe9"

    with_studio(data, use)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"firmware": "other"}, "none of own, leave"),
        ({"model": "../../secret"}, "there is no model"),
        ({"firmware": "file", "firmware_file": "../../etc"}, "choose it again"),
        ({"drive": "--force"}, "no folder"),
        ({"erase": "yes"}, "erase is no bool"),
    ],
)
def test_a_set_up_that_cannot_be_is_refused(tmp_path, plugged, commands, form, words):
    async def use(client: Client) -> None:
        assert words in await client.refused("/api/node/flash", form)
        assert not commands

    with_studio(tmp_path / "data", use)


def test_files_that_are_sent_are_few_and_of_a_size(tmp_path, plugged, monkeypatch):
    async def use(client: Client) -> None:
        for number in range(9):
            await send(client, f"{number}.bin", b"x")
        folder = client.studio.kept / "uploads"
        assert len([*folder.iterdir()]) == 6
        assert "no file" in await client.refused("/api/node/file", {})
        monkeypatch.setattr("xnornode.studio.nodes_files.MOST", 1000)
        assert "longer than 1,000 bytes" in (await send(client, "a.bin", bytes(2000)))["error"]
        assert len([*folder.iterdir()]) < 7 and not [*folder.rglob("a.bin")]

    with_studio(tmp_path / "data", use)


def test_the_sensors_form_has_all_kinds_and_makes_the_command(tmp_path, plugged, commands):
    assert [form["name"] for form in forms()] == list(KINDS)
    assert pins("Raspberry Pi Pico with RP2040") == {
        **{"sda": 4, "scl": 5, "sck": 10, "ws": 11, "sd": 12},
        "pins": "26",
    }

    async def use(client: Client) -> None:
        await client.post("/api/node/choose", {"port": "socket://127.0.0.1:9"})
        given = {"address": "0x69", "rate": "50", "range": "", "sda": " 6 ", "scl": "7"}
        body = {"do": "try", "kind": "mpu6050", "settings": given}
        await client.post("/api/node/sensor", body)
        to = ["--port", "socket://127.0.0.1:9"]
        options = ["--address", "0x69", "--rate", "50", "--sda", "6", "--scl", "7"]
        assert commands.pop() == ["sensor", "mpu6050", *options, *to, "--dry-run"]
        for what, last in (("show", []), ("remove", ["--remove"])):
            await client.post("/api/node/sensor", {"do": what})
            assert commands.pop() == ["sensor", *to, *last]
        await client.post("/api/node/update", {"rollback": True})
        assert commands.pop() == ["update", *to, "--rollback"]
        await client.post("/api/node/doctor", {"reset": True})
        assert commands.pop() == ["doctor", "--json", *to, "--reset"]

    with_studio(tmp_path / "data", use)


@pytest.mark.parametrize("kind", KINDS)
def test_each_setting_is_one_that_the_command_takes(kind):
    on_pico = {"pins": "27", "sda": "6", "scl": "7", "sck": "2", "ws": "3", "sd": "4"}
    usual = {"address": "0x69", "frequency": "100000", "range": "8", "gyro_range": "250"} | {
        **{"channel": "right", "rate": "400", "path": "/walk", "reference": "2.5"},
        **{"realtime": "false", "repeat": "true"},
    }
    given = {name: (usual | on_pico).get(name, "1") for name in KINDS[kind].settings}
    if kind in ("lsm6ds", "adxl345"):
        given["address"] = "0x6b" if kind == "lsm6ds" else "0x1d"
    if "sda" in given:
        given["bus"] = "1"
    if kind == "i2s":
        given["rate"] = "16000"
    argv = sensor_arguments(kind, given, "Raspberry Pi Pico with RP2040")
    _parser(["sensor", *argv]).parse_args(["sensor", *argv])


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        ("mpu7", {}, "there is no kind of sensor mpu7"),
        ("mpu6050", {"range": "3"}, "--range 3 g is not one of 2, 4, 8, 16"),
        ("mpu6050", {"rate": "fast"}, "Sample rate: fast is not a number"),
        ("mpu6050", {"sda": "5", "scl": "4"}, "take --sda 4 --scl 5"),
        ("adc", {"pins": "26;27"}, "Inputs: 26;27 is not GPIO numbers"),
        ("adxl345", {"gyro_range": "500"}, "adxl345 has no --gyro-range"),
        ("--help", {}, "name the kind of sensor"),
        ("", {}, "name the kind of sensor"),
    ],
)
def test_a_sensor_that_cannot_be_is_refused_before_the_node_is_touched(kind, given, words):
    with pytest.raises(ValueError, match=words):
        sensor_arguments(kind, given, "Raspberry Pi Pico with RP2040")


def test_without_a_node_the_commands_for_one_say_so(tmp_path, plugged, commands):
    async def use(client: Client) -> None:
        for what in ("sensor", "update"):
            said = await client.refused(f"/api/node/{what}", {"do": "show"})
            assert "no node is chosen" in said
        assert not commands

    with_studio(tmp_path / "data", use)
