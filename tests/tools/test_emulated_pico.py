"""The emulated Pico: boot drive, serial port, flash, resets, floats, and its core's fidelity."""

import hashlib
import json
import math
import random
import shutil
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools.emulators.emulated_pico import (
    EMULATOR,
    PACKAGE,
    EmulatedPico,
    EmulatorError,
    install_package,
    node_command,
)

UF2_BLOCK = 512
FLASH_SIZE = 2 << 20


@pytest.fixture(scope="session")
def formatted_flash(pico_firmware: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A flash file with firmware and an empty filesystem."""
    flash = tmp_path_factory.mktemp("pico") / "formatted.bin"
    with EmulatedPico(flash, firmware=pico_firmware) as pico:
        assert run(pico, "import os; print(os.listdir())").strip() == "[]"
    return flash


@pytest.fixture
def pico(formatted_flash, tmp_path):
    """A running Pico of this test's own."""
    flash = tmp_path / "flash.bin"
    shutil.copy(formatted_flash, flash)
    with EmulatedPico(flash) as emulator:
        yield emulator


def mpremote(pico: EmulatedPico, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the genuine mpremote on a Pico."""
    command = [sys.executable, "-m", "mpremote", "connect", pico.url, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def run(pico: EmulatedPico, program: str) -> str:
    """Run a program on the Pico through mpremote; its output."""
    result = mpremote(pico, "exec", program)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def emulator_command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run pico.mjs itself to its end."""
    install_package()
    command = [node_command(), str(EMULATOR / "pico.mjs"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


class TestBootDrive:
    def test_empty_flash_boots_from_a_uf2_that_is_copied(self, pico_firmware, tmp_path):
        with EmulatedPico(tmp_path / "flash.bin", drive=tmp_path / "RPI-RP2") as pico:
            assert pico.events[-1]["state"] == "bootsel"
            info = (pico.drive / "INFO_UF2.TXT").read_text()
            assert info.splitlines() == [
                "UF2 Bootloader v3.0",
                "Model: Raspberry Pi RP2",
                "Board-ID: RPI-RP2",
            ]
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", pico.port))
            shutil.copy(pico_firmware, pico.drive)
            pico.wait_for("port")
            assert not pico.drive.exists()
            assert "Pico" in run(pico, "import os; print(os.uname().machine)")

    def test_bootloader_keeps_the_filesystem(self, pico, pico_firmware):
        run(pico, "with open('kept', 'w') as f: f.write('still here')")
        before = len(pico.events)
        mpremote(pico, "bootloader")
        pico.wait_for("bootsel", before)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", pico.port))
        shutil.copy(pico_firmware, pico.drive)
        pico.wait_for("port", before)
        assert run(pico, "print(open('kept').read())").strip() == "still here"

    @pytest.mark.parametrize(
        ("damage", "reason"),
        [
            (lambda uf2: b"not a UF2 file".ljust(1024, b"."), "magic"),
            (lambda uf2: uf2[:UF2_BLOCK] + b"\0" + uf2[UF2_BLOCK + 1 :], "magic"),
            (lambda uf2: uf2[: 10 * UF2_BLOCK], "incomplete"),
            (lambda uf2: uf2.replace(struct.pack("<I", 0xE48BFF56), b"\1\2\3\4"), "another chip"),
            (lambda uf2: uf2[:12] + struct.pack("<I", 0x20000000) + uf2[16:], "address"),
        ],
        ids=["text", "damaged block", "cut", "other family", "not in flash"],
    )
    def test_bad_uf2_is_reported_and_ignored(self, damage, reason, pico_firmware, tmp_path):
        with EmulatedPico(tmp_path / "flash.bin") as pico:
            (pico.drive / "bad.uf2").write_bytes(damage(pico_firmware.read_bytes()))
            event = pico.wait_for("rejected")
            assert reason in event["reason"]
            assert "bad.uf2" in pico.messages()
            assert pico.drive.exists()
            shutil.copy(pico_firmware, pico.drive / "good.uf2")
            pico.wait_for("port")

    @pytest.mark.parametrize("name", ["thesis.txt", "INFO_UF2.TXT", None])
    def test_folder_that_it_did_not_make_stays(self, name, tmp_path):
        """As a command and as a library; not even an empty one."""
        drive = tmp_path / "home"
        drive.mkdir()
        if name:
            (drive / name).write_text("precious")
        result = emulator_command("--flash", tmp_path / "flash.bin", "--drive", drive)
        assert result.returncode == 1
        assert "no emulator has made it" in result.stderr
        with pytest.raises(EmulatorError, match="no emulator has made it"):
            EmulatedPico(tmp_path / "flash.bin", drive=drive).start()
        assert drive.is_dir()
        assert not name or (drive / name).read_text() == "precious"

    @pytest.mark.parametrize("end", [EmulatedPico.stop, EmulatedPico.kill])
    def test_folder_that_appears_while_it_runs_stays(self, end, tmp_path):
        with EmulatedPico(tmp_path / "flash.bin") as pico:
            shutil.rmtree(pico.drive)
            pico.drive.mkdir()
            (pico.drive / "thesis.txt").write_text("precious")
            end(pico)
            assert (pico.drive / "thesis.txt").read_text() == "precious"

    def test_drive_of_a_killed_emulator_is_taken_over(self, tmp_path):
        with EmulatedPico(tmp_path / "flash.bin") as pico:
            shutil.copytree(pico.drive, tmp_path / "left")
            pico.kill()
            assert not pico.drive.exists()
        with EmulatedPico(tmp_path / "flash.bin", drive=tmp_path / "left") as pico:
            assert (pico.drive / "INFO_UF2.TXT").exists()


class TestSerialPort:
    def test_exec_through_mpremote(self, pico):
        output = run(pico, "import machine; print(machine.freq(), 1.5 * 2, 7 // 2)")
        assert output.split() == ["125000000", "3.0", "3"]

    def test_mpremote_filesystem_commands(self, pico, tmp_path):
        source = tmp_path / "note.txt"
        source.write_text("written on the PC\n")
        assert mpremote(pico, "fs", "cp", str(source), ":").returncode == 0
        assert mpremote(pico, "fs", "cat", ":note.txt").stdout == "written on the PC\n"
        assert mpremote(pico, "fs", "rm", ":note.txt").returncode == 0
        assert "note.txt" not in mpremote(pico, "fs", "ls").stdout

    def test_disconnect_in_the_middle_and_again(self, pico):
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", pico.port)) as client:
                client.sendall(b"\r\nimport time\r\nwhile True: print('x' * 40)\r\n\r\n")
                assert client.recv(100)
            assert run(pico, "print(6 * 7)").strip() == "42"

    def test_client_that_does_not_read_costs_no_memory(self, pico):
        def resident() -> int:
            status = Path(f"/proc/{pico.pid}/status").read_text()
            return int(status.split("VmRSS:")[1].split()[0])

        with socket.create_connection(("127.0.0.1", pico.port)) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.sendall(b"\r\nwhile True: print('x' * 1000)\r\n\r\n")
            client.settimeout(60)
            while b"xxx" not in client.recv(100):
                pass  # it has begun
            time.sleep(1)
            before = resident()
            time.sleep(3)
            assert resident() < before + 20_000  # KiB
            client.sendall(b"\x03")
        assert run(pico, "print('alive')").strip() == "alive"

    def test_second_client_is_refused_while_the_port_is_in_use(self, pico):
        pico.patience = 0.5
        pico.restart()
        with socket.create_connection(("127.0.0.1", pico.port)) as first:
            first.sendall(b"\r\n")
            with socket.create_connection(("127.0.0.1", pico.port)) as second:
                second.settimeout(10)
                assert second.recv(1) == b""
            pico.wait_for("refused")
            first.sendall(b"print(40 + 2)\r\n")
            first.settimeout(10)
            seen = b""
            while b"\r\n42\r\n" not in seen:
                seen += first.recv(1000)

    def test_ctrl_c_and_soft_reset(self, pico):
        with socket.create_connection(("127.0.0.1", pico.port)) as client:
            client.settimeout(10)

            came = b""

            def until(text: bytes) -> None:
                nonlocal came
                while text not in came:
                    came += client.recv(1000)
                came = came.partition(text)[2]

            client.sendall(b"\r\nn = 5\r\nwhile not print('be' + 'gun'): pass\r\n\r\n")
            until(b"begun")
            client.sendall(b"\x03")
            until(b"KeyboardInterrupt")
            client.sendall(b"\x04")
            until(b"soft reboot")
            until(b">>> ")
            client.sendall(b"n\r\n")
            until(b"NameError")


class TestFlash:
    def test_file_survives_a_restart(self, pico, tmp_path):
        data = random.Random(1).randbytes(60_000)
        (tmp_path / "data").write_bytes(data)
        assert mpremote(pico, "fs", "cp", str(tmp_path / "data"), ":data").returncode == 0
        port = pico.port
        pico.restart()
        assert pico.port == port
        program = "import hashlib, binascii\nh = hashlib.sha256()\nf = open('data', 'rb')\n"
        program += "while b := f.read(512): h.update(b)\n"
        program += "print(binascii.hexlify(h.digest()).decode())"
        assert run(pico, program).strip() == hashlib.sha256(data).hexdigest()

    def test_power_cut_while_writing_leaves_a_filesystem(self, pico):
        run(pico, "with open('before', 'w') as f: f.write('safe')")
        writing = b"while True:\n f = open('x', 'wb')\n f.write(bytes(5000))\n f.close()\n print()"
        look = "import os; print(open('before').read(), os.statvfs('/')[0])"
        for _ in range(3):
            before = pico.flash.read_bytes()
            with socket.create_connection(("127.0.0.1", pico.port)) as client:
                client.sendall(b"\x05" + writing + b"\x04")  # paste mode
                while pico.flash.read_bytes() == before:
                    client.settimeout(10)
                    assert client.recv(1000)
                assert pico.kill() != 0
            assert pico.flash.stat().st_size == FLASH_SIZE
            pico.start()
            assert run(pico, look).split() == ["safe", "4096"]

    def test_file_in_use_is_refused(self, pico):
        result = emulator_command("--flash", pico.flash)
        assert result.returncode == 1
        assert "is in use" in result.stderr and str(pico.pid) in result.stderr
        assert run(pico, "print('undisturbed')").strip() == "undisturbed"

    def test_file_of_another_size_is_refused(self, tmp_path):
        flash = tmp_path / "photo.jpg"
        flash.write_bytes(b"no flash")
        result = emulator_command("--flash", flash)
        assert (result.returncode, flash.read_bytes()) == (1, b"no flash")
        assert "has 8 bytes" in result.stderr

    def test_unique_id_is_stable_and_the_files_own(self, pico, formatted_flash, tmp_path):
        program = "import machine, binascii; print(binascii.hexlify(machine.unique_id()).decode())"
        first = run(pico, program).strip()
        pico.restart()
        assert run(pico, program).strip() == first
        shutil.copy(formatted_flash, tmp_path / "other.bin")
        with EmulatedPico(tmp_path / "other.bin") as other:
            second = run(other, program).strip()
        assert len(first) == 16 and first.startswith("e660") and second != first


class TestChip:
    def test_reset_reboots_with_the_flash_as_it_is(self, pico):
        run(pico, "with open('kept', 'w') as f: f.write('x')")
        before = len(pico.events)
        mpremote(pico, "reset")
        pico.wait_for("boot", before)
        pico.wait_for("port", before)
        program = "import os, machine as m; print(m.reset_cause() == m.WDT_RESET, os.listdir())"
        assert run(pico, program).strip() == "True ['kept']"

    def test_watchdog_that_is_not_fed_resets(self, pico):
        before = len(pico.events)
        mpremote(pico, "exec", "--no-follow", "import machine; machine.WDT(timeout=200)")
        assert pico.wait_for("boot", before)["watchdog"] is True

    def test_sleeping_takes_emulated_time_and_no_less_wall_time(self, pico):
        program = "import time\nt = time.ticks_us()\ntime.sleep_ms(1500)\n"
        program += "print(time.ticks_diff(time.ticks_us(), t))"
        start = time.monotonic()
        emulated = int(run(pico, program))
        assert 1_499_000 <= emulated < 1_510_000  # it counts whole milliseconds
        assert time.monotonic() - start >= 1.45  # a slow computer can only take longer

    def test_sleeping_faster_takes_the_same_emulated_time(self, pico):
        program = "import time\nt = time.ticks_us()\nfor _ in range(200): time.sleep_ms(100)\n"
        program += "print(time.ticks_diff(time.ticks_us(), t))"
        start = time.monotonic()
        try:
            begun = pico.set_speed(50)["seconds"]
            assert 19_900_000 <= int(run(pico, program)) < 20_100_000
        finally:
            ended = pico.set_speed(1)["seconds"]
        assert ended - begun > 19.9
        assert time.monotonic() - start < 19, "no faster than real time"
        self.test_sleeping_takes_emulated_time_and_no_less_wall_time(pico)

    @pytest.mark.parametrize("speed", [0.5, 101, float("nan")])
    def test_other_speeds_are_refused(self, speed, pico):
        with pytest.raises(EmulatorError, match="not from 1 to 100"):
            pico.set_speed(speed)

    def test_time_is_the_cycle_count(self, pico):
        # 8 cycles a turn (subs 1, bne 2, 5 nops), 125 cycles a microsecond
        program = """
import time
@micropython.asm_thumb
def spin(r0):
    label(LOOP)
    nop()
    nop()
    nop()
    nop()
    nop()
    sub(r0, 1)
    bne(LOOP)
t = time.ticks_us()
spin(1_000_000)
print(time.ticks_diff(time.ticks_us(), t))
"""
        assert 64_000 <= int(run(pico, program)) <= 64_050

    def test_unaligned_word_load_is_a_hard_fault(self, pico):
        before = len(pico.events)
        mpremote(pico, "exec", "--no-follow", "import machine; machine.mem32[0x2000_0001]")
        program = """
@micropython.asm_thumb
def load(r0):
    ldr(r0, [r0, 0])
load(0x20000002)
"""
        mpremote(pico, "exec", "--no-follow", program)
        event = pico.wait_for("lockup", before)
        assert "0x20000002" in event["reason"]

    def test_two_side_by_side(self, pico, formatted_flash, tmp_path):
        shutil.copy(formatted_flash, tmp_path / "second.bin")
        with EmulatedPico(tmp_path / "second.bin") as other:
            assert other.port != pico.port
            run(pico, "with open('who', 'w') as f: f.write('first')")
            run(other, "with open('who', 'w') as f: f.write('second')")
            assert run(pico, "print(open('who').read())").strip() == "first"
            assert run(other, "print(open('who').read())").strip() == "second"

    def test_idle_needs_little_of_the_computer(self, pico):
        def ticks() -> int:
            return sum(map(int, Path(f"/proc/{pico.pid}/stat").read_text().split()[13:15]))

        run(pico, "pass")
        time.sleep(0.5)
        before = ticks()
        time.sleep(3)
        assert ticks() - before < 60  # of 300 in 3 s, which one that spins takes

    def test_terminate_ends_with_status_0(self, formatted_flash, tmp_path):
        flash = tmp_path / "flash.bin"
        shutil.copy(formatted_flash, flash)
        pico = EmulatedPico(flash)
        pico.start()
        assert pico.stop() == 0
        assert not Path(f"{flash}.lock").exists()


FLOATS = [
    0.0, -0.0, 1.0, -1.5, 0.1, 1 / 3, 2.5, 3.5, 1e-38, -1.2e-38, 3.4e38, -3.4e38, 1.17549435e-38,
    16777216.0, 16777217.0, 0.99999994, 1.0000001, 123456.79, 1e10, -1e-10, math.inf, -math.inf,
]  # fmt: skip
SMALLEST = 2.0**-126


def single(x: float) -> float:
    """Rounded to single precision; numbers below the normal ones are zero, as on the chip."""
    try:
        x = struct.unpack("<f", struct.pack("<f", x))[0]
    except OverflowError:
        x = math.copysign(math.inf, x)
    return math.copysign(0.0, x) if abs(x) < SMALLEST else x


def bits(x: float) -> int:
    return int(struct.unpack("<I", struct.pack("<f", x))[0])


class TestFloats:
    """The boot ROM's arithmetic, against CPython's."""

    def test_arithmetic(self, pico):
        generator = random.Random(7)
        numbers = [single(x) for x in FLOATS]
        numbers += [single(generator.uniform(-2, 2) * 2.0 ** generator.randint(-60, 60))
                    for _ in range(20)]  # fmt: skip
        program = f"""
import struct
ints = {[bits(x) for x in numbers]}
f = [struct.unpack('<f', struct.pack('<I', i))[0] for i in ints]
for a in f:
    line = []
    for b in f:
        for x in (a + b, a - b, a * b, a / b if b else 0.0):
            line.append('%x' % struct.unpack('<I', struct.pack('<f', x))[0])
        line.append(str(int(a < b) + 2 * int(a == b) + 4 * int(a >= b)))
    print(','.join(line))
"""
        lines = run(pico, program).split()
        assert len(lines) == len(numbers)
        for a, line in zip(numbers, lines, strict=True):
            values = iter(line.split(","))
            for b in numbers:
                for name, x in operations(a, b):
                    got = struct.unpack("<f", struct.pack("<I", int(next(values), 16)))[0]
                    if name == "*" and math.isnan(x) and got == math.inf:
                        x = got  # the Pico SDK overlooks that (-0) * (-inf) is not a number
                    same = math.isnan(got) if math.isnan(x) else bits(got) == bits(single(x))
                    assert same, f"{a!r} {name} {b!r}: {got!r} instead of {single(x)!r}"
                assert int(next(values)) == (a < b) + 2 * (a == b) + 4 * (a >= b), (a, b)

    def test_conversions_of_the_rom_saturate(self, pico):
        """Table entries by RP2040 datasheet 2.8.3.2: towards minus infinity, clamped."""
        cases = [
            (0x1C, 2.75, 2), (0x1C, -2.75, -3), (0x1C, 1e20, 2**31 - 1), (0x1C, -1e20, -(2**31)),
            (0x1C, math.nan, 2**31 - 1), (0x1C, -0.0, 0), (0x1C, 1e-40, 0),
            (0x24, 3.99, 3), (0x24, -1.0, 0), (0x24, 3e9, 3_000_000_000), (0x24, 1e20, 2**32 - 1),
        ]  # fmt: skip
        program = f"""
import machine
@micropython.asm_thumb
def call(r0, r1, r2):
    data(2, 0x4790)  # blx r2
def data_pointer(name):
    at = machine.mem16[0x16]
    while machine.mem16[at] != name: at += 4
    return machine.mem16[at + 2]
table = data_pointer(ord('S') | ord('F') << 8)
for offset, x in {[(offset, bits(x)) for offset, x, _ in cases]}:
    print(call(x, 0, machine.mem32[table + offset]) & 0xffffffff)
"""
        expected = [result & 0xFFFFFFFF for _, _, result in cases]
        assert [int(line) for line in run(pico, program).split()] == expected

    def test_printing_and_mathematics(self, pico):
        program = "import math; print(1.5 * 2, 1 / 3, 1e10, math.sin(1), math.sqrt(2), int(-7.9))"
        assert run(pico, program).split() == [
            "3.0", "0.3333333", "1e+10", "0.841471", "1.414214", "-7"
        ]  # fmt: skip


def operations(a: float, b: float) -> list[tuple[str, float]]:
    """What the chip computes, in double precision: rounding that to single is exact."""
    quotient = 0.0
    if b:
        quotient = math.nan if math.isinf(a) and math.isinf(b) else a / b
    return [("+", a + b), ("-", a - b), ("*", a * b), ("/", quotient)]


def test_core_agrees_with_the_package(pico_firmware):
    """Ours and rp2040js's interpreters: registers, flags and cycles after each instruction."""
    install_package()
    image = pico_firmware.with_suffix(".bin")
    command = [node_command(), str(EMULATOR / "lockstep.mjs"), str(image), "30000000"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stderr
    counts = json.loads(result.stdout)
    assert counts["result"] == "equal"
    assert counts["instructions"] > 5_000_000 and counts["entry"] > 100


@pytest.mark.parametrize(
    "arguments",
    [[], ["--flash", "x", "--port", "99999"], ["--flash", "x", "--speed", "0"], ["--frobnicate"]],
)
def test_usage_errors_have_status_2(arguments):
    result = emulator_command(*arguments)
    assert result.returncode == 2
    assert "usage: node pico.mjs" in result.stderr


def test_missing_firmware_file_is_named(tmp_path):
    pico = EmulatedPico(tmp_path / "flash.bin", firmware=tmp_path / "absent.uf2")
    with pytest.raises(EmulatorError, match=r"absent\.uf2"):
        pico.start()
    assert not (tmp_path / "flash.bin.lock").exists()


def test_package_is_outside_the_sources():
    install_package()
    assert (PACKAGE / "node_modules" / "rp2040js").is_dir()
    assert not (EMULATOR / "node_modules").exists()


def test_a_pin_that_is_pulled_up_or_grounded(pico):
    ask = "from machine import Pin; print(*(Pin(n, Pin.IN, Pin.PULL_UP).value() for n in (21, 22)))"
    assert run(pico, ask).strip() == "1 1"
    pico.ground = 22
    pico.restart()
    assert run(pico, ask).strip() == "1 0"
