"""The emulated Pico's flash cache, and programs whose cycles do not depend on the computer."""

from __future__ import annotations

import json
import subprocess

import pytest

from tools.bench.flash_cache import deviation
from tools.emulators.emulated_pico import (
    EMULATOR,
    EmulatedPico,
    EmulatorError,
    install_package,
    node_command,
)
from tools.emulators.scripts import firmware_image, install_files, run_programs
from xnornode.link.repl import Board

MISS = 60  # cycles that a line of 8 bytes takes beyond those of a hit
CYCLES = 125  # of a microsecond
LINES = 2048  # that the cache holds

# Reads one word of each of `count` lines, by code in RAM; between two of them runs the interpreter.
READ = """
import time
@micropython.asm_thumb
def read(r0, r1, r2):
    label(AGAIN)
    ldr(r3, [r0, 0])
    add(r0, r0, r2)
    sub(r1, 1)
    bne(AGAIN)
def took(address, count, stride):
    start = time.ticks_us()
    read(address, count, stride)
    return time.ticks_diff(time.ticks_us(), start)
A = 0x10100000
print([took(*given) for given in (
    (A + 0x40000, 4096, 8), # other lines: none of what follows is in the cache
    (A, 1024, 8), (A, 1024, 8), (A + 4, 1024, 8), # half of what it holds, three times
    (A, 2048, 8), (A, 2048, 8), # all that it holds
    (A, 3072, 8), (A, 3072, 8), # more than it holds
    (A + 0x40000, 4096, 8),
    (A, 4096, 4), # each word of as many bytes as it holds
    (A + 0x3000000, 2048, 8), (A + 0x3000000, 2048, 8), # the alias that goes past the cache
)])
"""


@pytest.fixture(scope="module")
def flash(pico_firmware, tmp_path_factory):
    """A Pico's flash with firmware alone."""
    return firmware_image(pico_firmware, tmp_path_factory.mktemp("cache") / "flash.bin")


@pytest.mark.quick
def test_of_two_ways_the_one_used_last_stays():
    install_package()
    program = f"""
import {{ FlashCache }} from {json.dumps(str(EMULATOR / "cache.mjs"))};
const cache = new FlashCache();
const [a, b, c] = [5, 5 + 1024, 5 + 2048]; // lines of one set
const waits = [a, b, a, c, a, b, a, a + 1, a].map((line) => cache.read(line));
cache.flush();
console.log(JSON.stringify([...waits, cache.read(a), cache.readRun(0x80003, 22)]));
"""
    command = [node_command(), "--input-type=module", "--eval", program]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    misses = [waits // MISS for waits in json.loads(done.stdout)]
    assert misses == [1, 1, 0, 1, 0, 1, 0, 1, 0, 1, 4]


def test_it_holds_16_kb_in_lines_of_8_bytes(flash):
    waited = json.loads(run_programs(flash, [READ], cache=True))
    never = json.loads(run_programs(flash, [READ]))
    misses = [(w - n) * CYCLES / MISS for w, n in zip(waited, never, strict=True)]
    near = LINES // 8  # what the interpreter's own code and data, and whole microseconds, may do
    for found, wanted in (
        *((misses[i], lines) for i, lines in enumerate((4096, 1024, 0, 0))),
        (misses[7], 3072),
        *((misses[i], LINES) for i in (9, 10, 11)),
    ):
        assert abs(found - wanted) <= near, misses
    # The interpreter takes a line of many sets, and then both others of the set are read again
    assert misses[5] < 0.6 * LINES


def test_cycles_are_the_same_at_each_run(flash):
    program = "import time; x = [i * i for i in range(2000)]; print(time.ticks_us(), sum(x))"
    runs = [run_programs(flash, [program], cache) for cache in (True, True, False, False)]
    assert runs[0] == runs[1] and runs[2] == runs[3]
    assert int(runs[0].split()[0]) > int(runs[2].split()[0])  # the boot's time counts too


def test_a_pico_with_a_port_has_it_too(pico_firmware, tmp_path):
    took = {}
    for cache in (False, True):
        flash = tmp_path / f"{cache}.bin"
        with (
            EmulatedPico(flash, firmware=pico_firmware, cache=cache) as pico,
            Board(pico.url) as board,
        ):
            took[cache] = json.loads(board.run(READ))[0]
    assert took[True] - took[False] > 4000 * MISS / CYCLES


def test_files_and_what_a_program_raises(flash, tmp_path):
    own = tmp_path / "flash.bin"
    own.write_bytes(flash.read_bytes())
    data = bytes(range(256)) * 9
    install_files(own, {"/lib/deep/data.bin": data, "/a.py": b"x = 6 * 7\n"})
    said = run_programs(
        own, ["import a", "print(a.x, sum(open('/lib/deep/data.bin', 'rb').read()))"]
    )
    assert said.split() == ["42", str(sum(data))]
    with pytest.raises(EmulatorError, match="ValueError: so"):
        run_programs(own, ["raise ValueError('so')"])


@pytest.mark.quick
def test_deviation():
    assert deviation([1.0, 1.0]) == (1.0, 0.0)
    mean, rms = deviation([0.5, 2.0])
    assert mean == pytest.approx(1.0)
    assert rms == pytest.approx(((0.25 + 1) / 2) ** 0.5)
