"""`xnornode flash` for an ESP32: which board, and what it refuses before anything is written."""

import hashlib
from contextlib import closing
from types import SimpleNamespace

import pytest

import xnornode.link.ports
from tests.lab.esp_chip import esp_chip, hurry
from tests.lab.esp_images import firmware
from xnornode.board import esp32_loader
from xnornode.board.esp32_image import CHIPS
from xnornode.cli.main import main
from xnornode.link.ports import open_port


@pytest.fixture(autouse=True)
def no_boards(monkeypatch):
    monkeypatch.delenv("XNORNODE_PORT", raising=False)
    plug(monkeypatch)
    hurry(monkeypatch)


def plug(monkeypatch, *boards: tuple[str, int]) -> None:
    """What the system lists: device and USB vendor."""
    found = [SimpleNamespace(device=device, vid=vid) for device, vid in boards]
    monkeypatch.setattr(xnornode.link.ports.list_ports, "comports", lambda: found)


@pytest.fixture
def file(tmp_path):
    (tmp_path / "c3.bin").write_bytes(firmware(CHIPS["ESP32-C3"]))
    return tmp_path / "c3.bin"


def refused(capsys, *arguments: object, status: int = 1) -> str:
    """What it says; nothing is said to be done."""
    if status == 2:
        with pytest.raises(SystemExit, match="2"):
            main(["flash", *map(str, arguments)])
    else:
        assert main(["flash", *map(str, arguments)]) == status
    said = capsys.readouterr()
    assert not said.out
    return said.err


@pytest.mark.quick
@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("f.uf2", b"UF2\n" + bytes(24) + b"\x6c\xa0\x2b\xd4", "UF2 file for the ESP32-C3, which "),
        ("f.bin", b"UF2\n" + bytes(24) + b"\x6c\xa0\x2b\xd4", "no boot loader of Espressif takes"),
        ("f.bin", b"\x00\xb5\x32\x4b" * 99, "no firmware for an ESP32"),
        ("f.bin", firmware()[:-1], "is cut short"),
        ("f.txt", firmware()[:-1], "is cut short"),
    ],
)
def test_a_wrong_file_is_refused_before_a_port_is_opened(capsys, tmp_path, name, data, says):
    (tmp_path / name).write_bytes(data)
    said = refused(capsys, "--firmware", tmp_path / name, "--port", "/dev/none")
    assert says in said and "/dev/none" not in said


@pytest.mark.quick
@pytest.mark.parametrize("more", [(), ("--no-firmware",), ("--firmware", "f.bin", "--native")])
def test_erase_goes_with_a_file_alone(capsys, more):
    said = refused(capsys, "--erase", *more, status=2)
    assert "--erase goes with --firmware" in said or "leaves the firmware as it is" in said


@pytest.mark.quick
def test_the_board_is_the_one_that_the_file_is_for(capsys, monkeypatch, file):
    pico, one, other = ("/dev/ttyACM0", 0x2E8A), ("/dev/ttyUSB0", 0x10C4), ("/dev/ttyUSB1", 0x303A)
    assert "no ESP32 found" in refused(capsys, "--firmware", file)
    plug(monkeypatch, pico)
    assert "no ESP32 found" in refused(capsys, "--firmware", file)
    said = refused(capsys, "--firmware", file, "--port", pico[0])
    assert "is for the ESP32-C3, and on /dev/ttyACM0 is a board by Raspberry Pi" in said
    plug(monkeypatch, pico, one, other)
    said = refused(capsys, "--firmware", file)
    assert "--port /dev/ttyUSB0 or /dev/ttyUSB1" in said
    plug(monkeypatch, pico, one)
    assert main(["flash", "--firmware", str(file), "--dry-run"]) == 0
    assert "/dev/ttyUSB0" in capsys.readouterr().out


def test_a_dry_run_says_that_a_drive_is_none(capsys, tmp_path):
    for drive, why in ((tmp_path, "no INFO_UF2.TXT"), (tmp_path / "none", "no folder")):
        arguments = ["flash", "--dry-run", "--no-firmware", "--port", "/dev/none"]
        assert main([*arguments, "--drive", str(drive)]) == 0
        said = capsys.readouterr().out
        assert f"{drive} is no boot loader's drive ({why}" in said, said


def test_a_chip_without_micropython_is_told_its_file_and_another_chips_is_refused(capsys, file):
    with esp_chip("esp32s3") as chip:
        said = refused(capsys, "--port", chip.url())
        assert "an ESP32-S3: download ESP32_GENERIC_S3-*.bin" in said
        said = refused(capsys, "--port", chip.url(), "--firmware", file, "--erase")
        assert "is for the ESP32-C3, and the chip on" in said and "nothing was written" in said
        port = open_port(chip.url())
        with closing(port), esp32_loader.BootLoader(chip.url(), port, print) as loader:
            empty = hashlib.md5(b"\xff" * 0x10000).hexdigest()
            assert loader._esp.flash_md5sum(0, 0x10000) == empty


def test_what_was_written_is_said_and_what_to_press_where_no_line_resets_the_chip(
    capsys, monkeypatch, file
):
    monkeypatch.setattr("xnornode.board.esp32.BOOT_SECONDS", 0.1)
    with esp_chip("esp32c3") as chip:
        url = chip.url()
        assert main(["flash", "--port", url, "--firmware", str(file), "--erase"]) == 1
    said = capsys.readouterr()
    board, erased, written = said.out.splitlines()
    assert board == f"board      ESP32-C3 on {url}"
    assert "models, recordings" in erased and written.endswith("written at 0x0 and verified")
    assert "waiting for MicroPython: press the board's EN (RST) button" in said.err
