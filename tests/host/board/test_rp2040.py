"""The parts of tools/flash.py that need no board: which board, and which firmware file."""

import struct
from pathlib import Path
from types import SimpleNamespace

import pytest

import xnornode.link.ports
from xnornode.board import rp2040
from xnornode.errors import LinkError, XnorNodeError

pytestmark = pytest.mark.quick


def ports(monkeypatch, *boards: tuple[str, int]) -> None:
    """What the system lists: device and USB vendor."""
    found = [SimpleNamespace(device=device, vid=vid) for device, vid in boards]
    monkeypatch.setattr(xnornode.link.ports.list_ports, "comports", lambda: found)


def test_the_only_pico_is_found(monkeypatch, tmp_path):
    ports(monkeypatch, ("/dev/ttyUSB0", 0x10C4), ("/dev/ttyACM1", 0x2E8A), ("/dev/ttyS0", None))
    assert rp2040.find_port(None, tmp_path) == "/dev/ttyACM1"
    assert rp2040.find_port("/dev/ttyUSB0", tmp_path) == "/dev/ttyUSB0"


def test_no_pico_and_several(monkeypatch, tmp_path):
    ports(monkeypatch, ("/dev/ttyUSB0", 0x10C4))
    with pytest.raises(LinkError, match="no Pico found: plug one in"):
        rp2040.find_port(None, tmp_path)
    ports(monkeypatch, ("/dev/ttyACM1", 0x2E8A), ("/dev/ttyACM0", 0x2E8A))
    with pytest.raises(LinkError, match="--port /dev/ttyACM0 or /dev/ttyACM1"):
        rp2040.find_port(None, tmp_path)


def test_a_pico_in_its_bootloader_is_found_by_its_drive(monkeypatch, tmp_path):
    ports(monkeypatch)
    (tmp_path / "INFO_UF2.TXT").write_text("Board-ID: RPI-RP2\n")
    assert rp2040.find_port(None, tmp_path) is None
    (tmp_path / "INFO_UF2.TXT").write_text("Board-ID: something else\n")
    with pytest.raises(LinkError):
        rp2040.find_port(None, tmp_path)


def uf2(addresses: list[int], family: int = rp2040.UF2_RP2040) -> bytes:
    """A UF2 file with 256 bytes, the block's number, at each address."""
    blocks = b""
    for i, address in enumerate(addresses):
        head = (*rp2040.UF2_MAGIC, 0x2000, address, 256, i, len(addresses), family)
        body = struct.pack("<8I", *head) + bytes([i]) * 256
        blocks += body.ljust(508, b"\0") + rp2040.UF2_END.to_bytes(4, "little")
    return blocks


def test_blocks_become_segments():
    data = uf2([0x10000000, 0x10000100, 0x10002000])
    segments = rp2040.Uf2(Path("f.uf2"), data).segments
    assert segments == {0x10000000: bytes(256) + b"\1" * 256, 0x10002000: b"\2" * 256}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b"x" * 512, "is not a UF2 file"),
        (uf2([0x10000000, 0x10000100])[:512], "is cut short"),
        (uf2([0x10000000])[:300], "is not a UF2 file"),
        (uf2([0x10000000])[:-1] + b"x", "is damaged at block 0"),
        (uf2([0x10000000], family=0xE48BFF59), "is not for the RP2040"),
    ],
)
def test_other_files_are_refused(data, says):
    with pytest.raises(XnorNodeError, match=says):
        rp2040.Uf2(Path("f.uf2"), data)


@pytest.mark.parametrize(
    ("machine", "known"),
    [
        ("rp2 Raspberry Pi Pico with RP2040", True),
        ("rp2 Raspberry Pi Pico2 with RP2350", False),
        ("esp32 Generic ESP32 module with ESP32", False),
    ],
)
def test_only_the_rp2040_is_set_up(machine, known):
    board = SimpleNamespace(url="/dev/ttyACM0", run=lambda code: machine + "\n")
    if known:
        rp2040.check_platform(board)
    else:
        with pytest.raises(LinkError, match="not a Pico with an RP2040"):
            rp2040.check_platform(board)
