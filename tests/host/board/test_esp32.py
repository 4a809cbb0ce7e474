"""An ESP32's boot loader by esptool, with a stand-in for the chip's ROM; MicroPython afterwards."""

import hashlib
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.lab.esp_chip import esp_chip, hurry
from tests.lab.esp_images import firmware
from tests.lab.rfc2217 import Server
from xnornode.board import esp32, esp32_loader
from xnornode.board.esp32_image import CHIPS, Image
from xnornode.errors import LinkError, LinkLost, XnorNodeError
from xnornode.link.deadline import Deadline
from xnornode.link.ports import open_port
from xnornode.link.raw_repl import CTRL_A, RAW_REPL
from xnornode.link.stream import Stream

ROMS = {chip.name: chip.name.lower().replace("-", "") for chip in CHIPS.values()}
"""The stand-in's name for each chip."""
BOOT = (
    b"ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n"
)
DOWNLOAD = BOOT.replace(b"0x13 (SPI_FAST_FLASH_BOOT)", b"0x3 (DOWNLOAD_BOOT(UART0))")
DOWNLOAD += b"waiting for download\r\n"


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    hurry(monkeypatch)


def file_for(name: str, **changed) -> Image:
    return Image(Path("f.bin"), firmware(CHIPS[name], **changed))


class Talk:
    """What was said, and the progress."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.done: list[tuple[int, int]] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    def progress(self, done: int, total: int) -> None:
        self.done.append((done, total))


def write(url: str, image: Image, **options) -> tuple[bool, Talk]:
    """Write an image as `xnornode flash` does."""
    talk = Talk()
    with (
        closing(open_port(url)) as port,
        esp32_loader.BootLoader(url, port, talk.say, talk.progress) as loader,
    ):
        return loader.write(image, **options), talk


@contextmanager
def booted(url: str) -> Iterator[esp32_loader.BootLoader]:
    """A chip in its boot loader."""
    with closing(open_port(url)) as port, esp32_loader.BootLoader(url, port, Talk().say) as loader:
        yield loader


def holds(url: str, address: int, data: bytes) -> bool:
    """Whether the chip's flash holds these bytes."""
    with booted(url) as loader:
        return loader._esp.flash_md5sum(address, len(data)) == hashlib.md5(data).hexdigest()


@pytest.mark.parametrize("name", CHIPS)
def test_a_chip_is_found_written_and_left_alone_the_second_time(name):
    image = file_for(name)
    with esp_chip(ROMS[name]) as chip:
        wrote, talk = write(chip.url(), image)
        assert wrote and talk.lines[0] == f"the chip on {chip.url()} is an {name}"
        assert talk.done[-1] == (len(image.data), len(image.data))
        wrote, talk = write(chip.url(), image)
        assert not wrote and not talk.done


def test_what_the_board_keeps_between_the_parts_is_no_reason_to_write_again():
    image = file_for("ESP32")
    with esp_chip("esp32") as chip:
        assert write(chip.url(), image)[0]
        with booted(chip.url()) as loader:
            loader._tool.write_flash(loader._esp, [(0x9000, b"calibration")])
        assert not write(chip.url(), image)[0]
        assert holds(chip.url(), 0x9000, b"calibration")
        assert write(chip.url(), image, force=True)[0]
        assert write(chip.url(), file_for("ESP32", text=b"a newer one"))[0]


def test_erase_takes_all_of_the_flash_and_only_when_asked():
    image = file_for("ESP32-C3")
    with esp_chip("esp32c3") as chip:
        with booted(chip.url()) as loader:
            loader._tool.write_flash(loader._esp, [(0x200000, b"a model")])
        assert write(chip.url(), image)[0]
        assert holds(chip.url(), 0x200000, b"a model")
        wrote, talk = write(chip.url(), image, erase=True)
        assert wrote and "models, recordings and all other files go" in talk.lines[1]
        assert holds(chip.url(), 0x200000, b"\xff" * 7) and holds(chip.url(), 0, image.data)


@pytest.mark.parametrize(
    ("rom", "image", "says"),
    [
        ("esp32c3", file_for("ESP32"), r"for the ESP32, and the chip on .* is an ESP32-C3: nothin"),
        ("esp32", file_for("ESP32-S3"), r"is an ESP32: .* download ESP32_GENERIC-\*.bin"),
        ("esp32s3", file_for("ESP32-S3", flash=8 << 20), "for 8 MB of flash, and .* has 4 MB"),
        ("esp8266", file_for("ESP32"), "is an ESP8266: firmware is written to ESP32, ESP32-S2"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_written(rom, image, says):
    with esp_chip(rom) as chip:
        with pytest.raises(LinkError, match=says):
            write(chip.url(), image, erase=True)
        if rom != "esp8266":
            assert holds(chip.url(), 0, b"\xff" * 0x20000)


def test_flash_that_holds_something_else_afterwards_is_an_error_with_its_remedy(monkeypatch):
    with esp_chip("esp32") as chip:
        from esptool.loader import ESPLoader

        monkeypatch.setattr(ESPLoader, "flash_md5sum", lambda self, at, size: "0" * 32)
        with pytest.raises(LinkError, match=r"does not hold what was written: .*--baud 115200"):
            write(chip.url(), file_for("ESP32"))


def test_over_rfc_2217_the_lines_reset_the_chip_at_both_ends_and_the_rate_comes_back():
    with esp_chip("esp32") as chip:
        with Server(("127.0.0.1", chip.port())) as server:
            wrote, _ = write(server.url, file_for("ESP32"))
        lines = server.lines
        assert wrote
        down = [at for at, line in enumerate(lines.log) if line == (False, True)]
        assert len(down) == 2, lines.log  # into the boot loader, and out of it
        assert (True, False) in lines.log[down[0] : down[1]]  # GPIO0 low when EN rises
        assert lines.log[down[1] + 1 :][:2] == [(False, False), (True, False)]  # as mpremote does
        assert esp32_loader.WRITE_BAUD in lines.rates and lines.rates[-1] == 115200


class Resetting:
    """A port whose chip was reset: what it says, one piece a read, and how it answers Ctrl-C."""

    name, is_open, timeout, write_timeout, in_waiting = "port", True, 0.0, 0.0, 0

    def __init__(self, *says: bytes, answers: bool = True) -> None:
        self.says, self.answers, self.wrote = [*says], answers, b""

    def read(self, size: int) -> bytes:
        if not self.says:
            return b""
        said, self.says[0] = self.says[0][:size], self.says[0][size:]
        if not self.says[0]:
            del self.says[0]
        return said

    def write(self, data: bytes) -> None:
        assert not self.says, "it was interrupted before it was done with its start"
        self.wrote += data
        if self.answers and data.endswith(CTRL_A):
            self.says.append(RAW_REPL)

    def close(self) -> None:
        self.is_open = False


def test_a_chip_that_starts_is_interrupted_at_its_prompt():
    port, talk = Resetting(BOOT, b"MicroPython v1.26\r\n>>> "), Talk()
    board = esp32.wait_for_micropython("port", port, talk.say)
    assert not talk.lines and port.is_open and board.url == "port"


def test_a_program_that_talks_all_the_time_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(esp32, "TALK_SECONDS", 0.0)
    port = Resetting(*[b"a prediction\r\n"] * 1000)
    assert not esp32._listen(Stream(port), Deadline(60)) and len(port.says) == 1000


@pytest.fixture
def impatient(monkeypatch):
    """No second is waited for what does not come."""
    for name in ("QUIET_SECONDS", "PROMPT_SECONDS"):
        monkeypatch.setattr(esp32, name, 0.05)


@pytest.mark.parametrize(
    ("came", "talk", "says"),
    [
        (b"", "nothing comes from the board: press its EN", "press EN .RST., and run this again"),
        (DOWNLOAD, "the chip says 'waiting for download': let go of BOOT", "is in download mode"),
        (BOOT * 3, "", "starts again and again: look at its power supply"),
        (BOOT + b"E BOD: Brownout detector was triggered\r\n", "", "voltage drops .brown-out."),
        (b"hello\r\n", "", "(?s)press EN .RST., and run .*the last lines that came:\n    hello"),
    ],
)
def test_a_chip_that_does_not_come_back_is_told_what_to_do(impatient, came, talk, says):
    port, said = Resetting(*[came] if came else [], answers=False), Talk()
    with pytest.raises(LinkError, match=says):
        esp32.wait_for_micropython("port", port, said.say, seconds=0.3)
    assert not port.is_open
    assert [line for line in said.lines if line.startswith(talk)] == said.lines
    assert bool(said.lines) == bool(talk)


@pytest.mark.parametrize(
    ("said", "heard", "says"),
    [
        ("Failed to connect to ESP32: No serial data received.\nFor", b"", "hold the board's BOOT"),
        ("Wrong boot mode detected (0x13)!", BOOT, "(?s)started its program.*SPI_FAST_FLASH_BOOT"),
        (
            "Download mode successfully detected, but getting no sync reply: The serial TX",
            DOWNLOAD,
            "(?s)does not hear: its RX .*the last lines.*waiting for download",
        ),
        ("Serial data stream stopped: Possible noise", b"", r"stopped answering: .*--baud 115200"),
        ("Serial data stream stopped", b"Brownout detector was triggered", "voltage drops"),
        ("Secure Boot V1 detected, writing is disabled", b"", "locked by its owner's fuses"),
        ("'f.bin' requires chip revision v3.0 or higher. Use --force to", b"", "another file from"),
    ],
)
def test_what_esptool_says_comes_with_the_remedy(said, heard, says):
    loader = esp32_loader.BootLoader("/dev/ttyUSB0", Resetting(), Talk().say)
    loader._heard = heard
    with pytest.raises(LinkError, match=says) as raised, loader._explained():
        raise loader._tool.FatalError(said)
    assert "--force" not in str(raised.value)


def test_a_port_that_goes_away_meanwhile_is_an_error_of_the_link():
    loader = esp32_loader.BootLoader("/dev/ttyUSB0", Resetting(), Talk().say)
    said = "went away: gone. If nobody unplugged it, the power failed"
    with pytest.raises(LinkLost, match=said.replace(".", r"\.")), loader._explained():
        raise OSError("gone")


def test_without_esptool_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "esptool", None)
    with pytest.raises(XnorNodeError, match=r'esptool is missing: pip install "xnornode\[esp32\]"'):
        esp32_loader.BootLoader("/dev/ttyUSB0", Resetting(), Talk().say)
