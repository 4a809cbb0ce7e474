"""The parts of `xnornode flash` that need no board: which board, and which firmware file."""

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
    assert rp2040.find_pico(None, tmp_path) == "/dev/ttyACM1"
    assert rp2040.find_pico("/dev/ttyUSB0", tmp_path) == "/dev/ttyUSB0"


def test_no_pico_and_several(monkeypatch, tmp_path):
    ports(monkeypatch, ("/dev/ttyUSB0", 0x10C4))
    with pytest.raises(LinkError, match="no Pico found: plug one in"):
        rp2040.find_pico(None, tmp_path)
    ports(monkeypatch, ("/dev/ttyACM1", 0x2E8A), ("/dev/ttyACM0", 0x2E8A))
    with pytest.raises(LinkError, match="--port /dev/ttyACM0 or /dev/ttyACM1"):
        rp2040.find_pico(None, tmp_path)


def test_a_pico_in_its_bootloader_is_found_by_its_drive(monkeypatch, tmp_path):
    ports(monkeypatch)
    (tmp_path / "INFO_UF2.TXT").write_text("Board-ID: RPI-RP2\n")
    assert rp2040.find_pico(None, tmp_path) is None
    (tmp_path / "INFO_UF2.TXT").write_text("Board-ID: something else\n")
    with pytest.raises(LinkError):
        rp2040.find_pico(None, tmp_path)


def drive(folder: Path) -> Path:
    """A folder that stands for the RPI-RP2 drive."""
    folder.mkdir(parents=True)
    (folder / "INFO_UF2.TXT").write_bytes(b"UF2 Bootloader v3.0\r\nBoard-ID: RPI-RP2\r\n")
    return folder


def test_the_drive_on_linux_is_where_it_is_mounted(tmp_path):
    assert rp2040.mounted("linux", tmp_path) == []
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "mounts").write_text(
        "/dev/sda1 / ext4 rw 0 0\n/dev/sdb1 /media/my\\040name/RPI-RP2 vfat rw,nosuid 0 0\n"
    )
    assert rp2040.mounted("linux", tmp_path) == [Path("/media/my name/RPI-RP2")]


def test_the_drive_on_macos_is_a_volume(tmp_path):
    assert rp2040.mounted("darwin", tmp_path) == []
    for name in ("RPI-RP2", "RPI-RP2 1", "Macintosh HD"):
        (tmp_path / "Volumes" / name).mkdir(parents=True)
    found = rp2040.mounted("darwin", tmp_path)
    assert [path.name for path in found] == ["RPI-RP2", "RPI-RP2 1"]


def test_the_drive_on_windows_is_a_letter_of_this_computer():
    kinds = {"C:\\": 3, "D:\\": 5, "E:\\": 2, "F:\\": 3, "Z:\\": 4}  # 4 is a network's, 5 a CD
    found = rp2040.local_drives(lambda root: kinds.get(root, 1))
    assert found == [Path("E:\\"), Path("F:\\")]


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_the_first_place_with_a_pico_is_the_drive(monkeypatch, tmp_path, platform):
    places = [tmp_path / "gone", tmp_path, drive(tmp_path / "pico")]
    asked = []
    monkeypatch.setattr(rp2040.sys, "platform", platform)
    monkeypatch.setattr(rp2040, "mounted", lambda system: asked.append(system) or places)
    assert rp2040.find_drive(None) == tmp_path / "pico"
    assert asked == [platform]


def test_windows_is_asked_for_the_kinds_of_its_drives(monkeypatch):
    kernel = SimpleNamespace(
        SetErrorMode=lambda mode: 0, GetDriveTypeW=lambda root: 2 if root == "E:\\" else 1
    )
    windll = SimpleNamespace(kernel32=kernel)
    monkeypatch.setattr(rp2040.ctypes, "windll", windll, raising=False)
    assert rp2040.mounted("win32") == [Path("E:\\")]


def test_a_drive_that_goes_away_while_it_is_written_has_taken_the_firmware(tmp_path, monkeypatch):
    place = drive(tmp_path / "pico")

    def gone(*_: object) -> None:
        (place / "INFO_UF2.TXT").unlink()
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(rp2040.os, "fsync", gone)
    firmware = rp2040.Uf2(Path("f.uf2"), uf2([0x10000000]))
    rp2040._copy(firmware, place)
    assert not (place / "INFO_UF2.TXT").exists()
    place = drive(tmp_path / "full")
    monkeypatch.setattr(rp2040.os, "fsync", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(LinkError, match=r"cannot copy to .*full"):
        rp2040._copy(firmware, place)


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
