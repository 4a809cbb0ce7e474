"""Power cuts of the emulated Pico: at the operation asked for, and all of them from one log."""

import socket

import pytest

from tools.emulators.emulated_pico import EmulatedPico, EmulatorError
from tools.emulators.flash_log import FlashOperation, power_cuts, read_log
from xnornode.link.repl import Board

quick = pytest.mark.quick

PROGRAM = (
    "f = open('x', 'wb')\nf.write(b'abcdefgh' * 1000)\nf.close()\nimport os\nos.rename('x', 'y')"
)


@pytest.fixture(scope="module")
def run(pico_firmware, tmp_path_factory) -> tuple[bytes, list[FlashOperation], bytes]:
    """A program that writes a file: the flash before, what was done to it, the flash after."""
    folder = tmp_path_factory.mktemp("run")
    flash = folder / "flash.bin"
    with EmulatedPico(flash, firmware=pico_firmware) as pico, Board(pico.url) as board:
        board.run("with open('y', 'w') as f: f.write('old')")
    start = flash.read_bytes()
    with EmulatedPico(flash, flash_log=folder / "log") as pico, Board(pico.url) as board:
        board.run(PROGRAM)
    return start, read_log(folder / "log"), flash.read_bytes()


def test_the_log_holds_all_that_was_done(run):
    start, operations, end = run
    *_, last = power_cuts(start, operations)
    assert last.image == end != start
    assert last.operations == len(operations) and last.next is None
    assert {op.length for op in operations if op.data is None} == {4096}
    assert {op.length for op in operations if op.data is not None} == {256}
    assert len(operations) > 8000 // 256


@pytest.mark.parametrize("torn", [False, True])
def test_a_cut_leaves_what_the_log_says(run, torn, tmp_path):
    start, operations, _ = run
    images = {(cut.operations, cut.torn): cut.image for cut in power_cuts(start, operations, torn)}
    wanted = [key for key in images if key[1] is torn and key[0] < len(operations)][::7]
    pico = EmulatedPico(tmp_path / "flash.bin")
    for count, _ in wanted:
        pico.flash.write_bytes(start)
        pico.cut_power, pico.torn = count, torn
        first = len(pico.events)
        with pico:
            with socket.create_connection(("127.0.0.1", pico.port)) as client:
                client.sendall(b"\x05" + PROGRAM.encode() + b"\x04")  # paste mode
                assert pico.wait_for("power cut", first)["operations"] == count
                while client.recv(1000):
                    pass  # the port goes away with the power
            assert pico.stop() == 0
        assert pico.flash.read_bytes() == images[count, torn], count
    assert len(wanted) >= 4


def test_an_emulator_that_cannot_write_its_log_says_so(pico_firmware, tmp_path):
    log = tmp_path / "missing" / "log"
    pico = EmulatedPico(tmp_path / "flash.bin", firmware=pico_firmware, flash_log=log)
    with pytest.raises(EmulatorError, match="ENOENT"):
        pico.start()


@quick
def test_torn_operations_are_halves():
    operations = [FlashOperation(0, 8), FlashOperation(4, 4, b"abcd")]
    cuts = [(cut.image, cut.torn, str(cut)) for cut in power_cuts(b"x" * 10, operations, torn=True)]
    assert [(image, torn) for image, torn, _ in cuts] == [
        (b"xxxxxxxxxx", False),
        (b"\xff\xff\xff\xffxxxxxx", True),
        (b"\xff" * 8 + b"xx", False),
        (b"\xff\xff\xff\xffab\xff\xffxx", True),
        (b"\xff\xff\xff\xffabcdxx", False),
    ]
    assert cuts[1][2] == "in the middle of operation 0 (erase 8 bytes at 0x0)"
    assert cuts[-1][2] == "after all 2 operations"


@quick
def test_a_cut_is_listed_once():
    erase = FlashOperation(0, 4)
    assert [cut.operations for cut in power_cuts(b"\xff" * 4, [erase, erase], torn=True)] == [0]
