"""The parts of `xnornode flash` that need no board: which one, its drive, which firmware file."""

import struct
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest

import xnornode.link.ports
from xnornode.board import rp2040, uf2
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


def drive(folder: Path, chip: uf2.Chip = uf2.RP2040) -> Path:
    """A folder that stands for a bootloader's drive."""
    folder.mkdir(parents=True)
    info = f"UF2 Bootloader v1.0\r\nModel: Raspberry Pi\r\nBoard-ID: {chip.drive}\r\n"
    (folder / "INFO_UF2.TXT").write_bytes(info.encode())
    return folder


def test_the_drive_on_linux_is_where_it_is_mounted(tmp_path):
    assert rp2040.mounted("linux", tmp_path) == []
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "mounts").write_text(
        "/dev/sda1 / ext4 rw 0 0\n/dev/sdb1 /media/my\\040name/RPI-RP2 vfat rw,nosuid 0 0\n"
        "/dev/sdc1 /media/my\\040name/RP2350 vfat rw,nosuid 0 0\n"
    )
    home = Path("/media/my name")
    assert rp2040.mounted("linux", tmp_path) == [home / "RPI-RP2", home / "RP2350"]


def test_the_drive_on_macos_is_a_volume(tmp_path):
    assert rp2040.mounted("darwin", tmp_path) == []
    for name in ("RPI-RP2", "RPI-RP2 1", "RP2350", "Macintosh HD"):
        (tmp_path / "Volumes" / name).mkdir(parents=True)
    found = rp2040.mounted("darwin", tmp_path)
    assert [path.name for path in found] == ["RPI-RP2", "RPI-RP2 1", "RP2350"]


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
    assert rp2040.find_drive(None) == (tmp_path / "pico", uf2.RP2040)
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
    firmware = uf2.Uf2(Path("f.uf2"), file([0x10000000]))
    rp2040._copy(firmware, place)
    assert not (place / "INFO_UF2.TXT").exists()
    place = drive(tmp_path / "full")
    monkeypatch.setattr(rp2040.os, "fsync", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(LinkError, match=r"cannot copy to .*full"):
        rp2040._copy(firmware, place)


def file(addresses: list[int], family: int = uf2.UF2_RP2040) -> bytes:
    """A UF2 file with 256 bytes, the block's number, at each address."""
    blocks = b""
    for i, address in enumerate(addresses):
        head = (*uf2.UF2_MAGIC, 0x2000, address, 256, i, len(addresses), family)
        body = struct.pack("<8I", *head) + bytes([i]) * 256
        blocks += body.ljust(508, b"\0") + uf2.UF2_END.to_bytes(4, "little")
    return blocks


def test_blocks_become_segments():
    data = file([0x10000000, 0x10000100, 0x10002000])
    found = uf2.Uf2(Path("f.uf2"), data)
    assert found.segments == {0x10000000: bytes(256) + b"\1" * 256, 0x10002000: b"\2" * 256}
    assert found.chip is uf2.RP2040


@pytest.mark.parametrize("family", [uf2.UF2_RP2350_ARM, uf2.UF2_RP2350_RISCV])
def test_a_file_for_the_rp2350_may_begin_with_the_block_that_picotool_puts_there(family):
    """It is of a family and a count of its own (erratum E10)."""
    plain = file([0x10000000, 0x10000100], family)
    first = bytearray(file([uf2.ERRATUM_BLOCK], uf2.UF2_ABSOLUTE))
    first[24:28] = (2).to_bytes(4, "little")  # as picotool has it
    for data in (plain, bytes(first) + plain):
        found = uf2.Uf2(Path("f.uf2"), data)
        assert found.chip is uf2.RP2350
        assert found.segments == {0x10000000: bytes(256) + b"\1" * 256}
    with pytest.raises(XnorNodeError, match="is empty"):
        uf2.Uf2(Path("f.uf2"), bytes(first))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b"x" * 512, "is not a UF2 file"),
        (file([0x10000000, 0x10000100])[:512], "is cut short"),
        (file([0x10000000])[:300], "is not a UF2 file"),
        (file([0x10000000])[:-1] + b"x", "is damaged at block 0"),
        (file([0x10000000], family=0xE48BFF5B), "is not for the RP2040 or RP2350"),
        (file([0x10000000], family=uf2.UF2_ABSOLUTE), "is not for the RP2040 or RP2350"),
    ],
)
def test_other_files_are_refused(data, says):
    with pytest.raises(XnorNodeError, match=says):
        uf2.Uf2(Path("f.uf2"), data)


def test_a_file_for_two_chips_is_refused():
    one, other = file([0x10000000, 0x10000100]), file([0x10000000, 0x10000100], 0xE48BFF59)
    with pytest.raises(XnorNodeError, match=r"family 0xe48bff59"):
        uf2.Uf2(Path("f.uf2"), one[:512] + other[512:])


@pytest.mark.parametrize(
    ("machine", "chip"),
    [
        ("rp2 Raspberry Pi Pico with RP2040", uf2.RP2040),
        ("rp2 Raspberry Pi Pico2 with RP2350", uf2.RP2350),
        ("rp2 Raspberry Pi Pico 2 W with RP2350-RISCV", uf2.RP2350),
        ("esp32 Generic ESP32 module with ESP32", None),
    ],
)
def test_only_picos_are_set_up(machine, chip):
    board = board_that_is(machine)
    if chip:
        assert rp2040.identify(board) == (chip, machine)
        riscv = "RISCV" in machine
        assert rp2040.architecture(board) == ("rv32imc" if riscv else "armv6m")
    else:
        with pytest.raises(LinkError, match="not a Pico with an RP2040 or Pico 2 with an RP2350"):
            rp2040.identify(board)


def board_that_is(machine: str) -> SimpleNamespace:
    """A board as far as it is asked what it is; it may not be told anything else."""
    return SimpleNamespace(url="/dev/ttyACM0", run=lambda code: machine + "\n")


@pytest.mark.parametrize(("chip", "other"), [uf2.CHIPS, uf2.CHIPS[::-1]])
def test_firmware_for_another_chip_is_refused_before_it_is_copied(tmp_path, chip, other):
    place = drive(tmp_path / "drive", chip)
    firmware = uf2.Uf2(Path("f.uf2"), file([0x10000000], other.families[0]))
    with pytest.raises(LinkError, match=rf"f.uf2 is for the {other.name} .* an {chip.name} "):
        rp2040.flash(lambda _: firmware, None, place, False, print)
    assert [path.name for path in place.iterdir()] == ["INFO_UF2.TXT"]


@pytest.mark.parametrize(("chip", "other"), [uf2.CHIPS, uf2.CHIPS[::-1]])
def test_firmware_for_another_chip_is_refused_before_the_bootloader(monkeypatch, chip, other):
    board = board_that_is(f"rp2 Raspberry Pi with {chip.name}")
    monkeypatch.setattr(rp2040, "Board", lambda port: nullcontext(board))
    monkeypatch.setattr(rp2040, "find_drive", lambda drive: None)
    firmware = uf2.Uf2(Path("f.uf2"), file([0x10000000], other.families[0]))
    with pytest.raises(LinkError, match=rf"f.uf2 is for the {other.name} .* an {chip.name} "):
        rp2040.flash(lambda _: firmware, "/dev/ttyACM0", None, True, print)


@pytest.mark.parametrize(
    ("chip", "machine"),
    [
        (uf2.RP2040, "Raspberry Pi Pico W with RP2040"),
        (uf2.RP2350, "Raspberry Pi Pico 2 W with RP2350"),
    ],
)
def test_a_board_with_wifi_keeps_its_firmware(monkeypatch, chip, machine):
    board = board_that_is(f"rp2 {machine}")
    monkeypatch.setattr(rp2040, "Board", lambda port: nullcontext(board))
    monkeypatch.setattr(rp2040, "find_drive", lambda drive: None)
    firmware = uf2.Uf2(chip.firmware, file([0x10000000], chip.families[0]))
    with pytest.raises(LinkError, match=f"is a {machine}.*no Wi-Fi: --native keeps"):
        rp2040.flash(lambda _: firmware, "/dev/ttyACM0", None, False, print)


def test_a_chip_gets_its_own_firmware(tmp_path, monkeypatch):
    """On the drive of each: a folder whose INFO_UF2.TXT goes when the file is there."""
    for chip in uf2.CHIPS:
        place = drive(tmp_path / chip.name, chip)
        asked: list[uf2.Chip] = []

        def choose(chip, asked=asked):
            asked.append(chip)
            return uf2.Uf2(Path("f.uf2"), file([0x10000000], chip.families[0]))

        monkeypatch.setattr(rp2040, "_wait_until_gone", lambda folder: None)
        monkeypatch.setattr(rp2040, "_wait_for_port", lambda port: "/dev/ttyACM0")
        port, firmware, wrote = rp2040.flash(choose, None, place, False, print)
        assert (port, wrote, asked) == ("/dev/ttyACM0", True, [chip])
        assert (place / "firmware.uf2").read_bytes() == firmware.data
