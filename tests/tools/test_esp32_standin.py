"""The ESP32 that is not there: its lines, its boot loader, and MicroPython from reset to reset."""

from contextlib import closing

import esptool
import pytest
import serial

from tools.emulators.esp32.image import CHIPS, FILES, fault, image
from tools.emulators.esp32.lines import Change, Lines
from tools.emulators.esp32_standin import Esp32Standin
from xnornode.link.ports import open_port
from xnornode.link.repl import Board


def in_flash(chip: str, firmware: bytes) -> bytearray:
    flash = bytearray(b"\xff" * FILES)
    at = CHIPS[chip].offset
    flash[at : at + len(firmware)] = firmware
    return flash


@pytest.mark.quick
def test_what_two_transistors_make_of_dtr_and_rts():
    """Espressif, "Boot Mode Selection": EN and GPIO0 for each of the four states."""
    lines = Lines(lambda change: None)
    seen = {}
    for dtr, rts in ((False, False), (True, False), (False, True), (True, True)):
        lines.set(dtr, rts)
        seen[dtr, rts] = lines.enabled, lines.download
    assert seen == {
        (False, False): (True, False),
        (True, False): (True, True),
        (False, True): (False, False),
        (True, True): (True, False),
    }
    lines.log.clear()
    lines.set(False, False)  # at once: the chip never sees one of them alone
    assert lines.log == [Change("DTR", False), Change("RTS", False)]


@pytest.mark.quick
@pytest.mark.parametrize("chip", CHIPS)
def test_what_a_chip_refuses_to_start(chip):
    whole = image(chip)
    assert fault(in_flash(chip, whole), chip) is None
    assert fault(in_flash(chip, b""), chip) == "invalid header: 0xffffffff"
    (other,) = set(CHIPS) - {chip}
    assert "mismatch chip ID" in fault(in_flash(chip, image(other)), chip)
    for at, says in ((100, "csum err"), (len(whole) - 99, "csum err"), (len(whole) - 1, "corrupt")):
        damaged = bytearray(whole)
        damaged[at] ^= 1
        assert says in fault(in_flash(chip, damaged), chip)


def hear(port: serial.SerialBase, wanted: bytes) -> bytes:
    said = b""
    while wanted not in said:
        byte = port.read(1)
        assert byte, said
        said += byte
    return said


@pytest.fixture(scope="module", params=CHIPS)
def board(request, tmp_path_factory):
    with Esp32Standin(request.param, tmp_path_factory.mktemp("board")) as board:
        yield board


def reset(port: serial.SerialBase) -> None:
    port.dtr = False
    port.rts = True
    port.rts = False


def test_its_words_at_each_start(board):
    """As a program, in its boot loader, and with flash that has no firmware."""
    with serial.serial_for_url(board.url, timeout=60) as port:
        reset(port)
        assert b"FAST_FLASH_BOOT" in hear(port, b">>> ")
        port.dtr = False
        port.rts = True
        port.dtr = True
        port.rts = False
        assert b"DOWNLOAD" in hear(port, b"waiting for download")
        reset(port)
        hear(port, b">>> ")
    assert board.lines.count(Change("GPIO0", False)) >= 1


def test_it_is_a_node(board):
    """What MicroPython on a board has: files, room, time, input that is waited for."""
    resets = board.resets
    with Board(board.url) as repl:
        repl.put(bytes(range(256)) * 40, "/data")
        assert (board.files / "data").read_bytes() == bytes(range(256)) * 40
        said = repl.run(
            "import os\nos.mkdir('/d')\nos.rename('/data', '/d/e')\n"
            "print(os.listdir('/d'), os.stat('/d/e')[6], os.getcwd(), os.statvfs('/')[:4])\n"
            "os.remove('/d/e')\nos.rmdir('/d')\nprint('d' in os.listdir())"
        )
        assert said.splitlines() == ["['e'] 10240 / (4096, 4096, 512, 504)", "False"]
        repl.run("import time, sys, select\np = select.poll()\np.register(sys.stdin)")
        assert repl.run("print(p.poll(0), time.sleep_ms(20))").split() == ["[(<io.TextIOWrapper",
                        "0>,", "4)]", "None"]  # fmt: skip
        repl.run("kept = 1")
        repl.clear()
        assert repl.run("print('kept' in globals())").strip() == "False"
    assert board.resets == resets


def test_ctrl_c_and_what_starts_by_itself(board):
    with Board(board.url) as repl:
        repl.put(b"print('started')\nwhile True:\n    pass\n", "/main.py")
        repl.restart()
    with serial.serial_for_url(board.url, timeout=60) as port:
        port.write(b"\x03")
        hear(port, b"KeyboardInterrupt")
        hear(port, b">>> ")
        port.write(b"\x04")
        hear(port, b"started")
        port.write(b"\x03")
        hear(port, b">>> ")
        port.write(b"import machine; machine.reset()\r")
        hear(port, b"FAST_FLASH_BOOT")
        hear(port, b"started")
    with Board(board.url) as repl:
        repl.run("import os\nos.remove('/main.py')")


def boot_loader(port: serial.SerialBase) -> esptool.ESPLoader:
    return esptool.run_stub(esptool.detect_chip(port, port.baudrate, "default-reset"))


def test_erased_flash_has_no_files(board):
    """And no firmware: then its ROM says so. New firmware makes a new filesystem."""
    (board.files / "mine").write_bytes(b"x")
    offset, firmware = CHIPS[board.chip].offset, Esp32Standin.image(board.chip)
    with closing(open_port(board.url)) as port:
        esp = boot_loader(port)
        assert esp.CHIP_NAME.lower().replace("-", "") == board.chip
        esptool.erase_flash(esp)
        esptool.reset_chip(esp, "hard-reset")
        hear(port, b"invalid header: 0xffffffff")
        esp = boot_loader(port)
        esptool.write_flash(esp, [(offset, firmware)])
        esptool.reset_chip(esp, "hard-reset")
        hear(port, b">>> ")
    assert board.read_flash(offset, len(firmware)) == firmware
    with Board(board.url) as repl:
        assert repl.run("import os\nprint(os.listdir())").strip() == "['boot.py']"
