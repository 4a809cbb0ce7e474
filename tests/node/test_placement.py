"""Where code and weights lie: kernels in RAM, models in ROMFS (docs/guides/placement.md)."""

import ast
import itertools
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mpremote.romfs import make_romfs

from tests.lab.librarylab import CLASSIFY
from tests.lab.nets import random_model
from tools.emulators.emulated_pico import EmulatedPico
from tools.firmware.build import build
from tools.firmware.sources import ROOT
from tools.firmware.targets import RP2_ROMFS
from xnornode.link.repl import Board
from xnornode.model.file_format import to_bytes
from xnornode.model.model_file import save_model

SCRIPT = ROOT / "tests" / "lab" / "node_scripts" / "romfs.py"
FLASH, RAM = range(0x10000000, 0x20000000), range(0x20000000, 0x20042000)
CODE = 640 * 1024  # bytes of flash that stock firmware on a Pico leaves to code
BLOCK = 16  # bytes of a block of the Pico's heap


def looked(output: str) -> list[list]:
    """What tests/lab/node_scripts/romfs.py printed."""
    return [ast.literal_eval(line) for line in output.splitlines()]


def network(seed: int):
    return random_model(seed, 32, 3, 4, (128, 5))


def expected(seed: int) -> list[int]:
    """The scores of the window that the script classifies."""
    window = 37 * np.arange(32 * 3) % 4001 - 2000
    return network(seed).scores(window.reshape(1, 32, 3).astype(np.int16))[0].tolist()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two models and other files, as somebody may put them into ROMFS."""
    folder = tmp_path_factory.mktemp("romfs") / "files"
    (folder / "more").mkdir(parents=True)
    (folder / "empty").touch()
    (folder / "note.txt").write_text("odd")
    save_model(network(1), folder / "one.bnn")
    save_model(network(2), folder / "more" / "second.bnn")
    (folder / "more" / "answer.py").write_text("ANSWER = 42\n")
    return folder


def romfs(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "xnornode.board.romfs", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def image(folder):
    done = romfs(folder)
    assert done.returncode == 0, done.stderr
    assert "one.bnn" in done.stderr
    path = Path(done.stdout.strip())
    assert path == folder.with_name("files.romfs")
    return path


def test_image_is_aligned_and_even(image):
    data = image.read_bytes()
    assert len(data) % 2 == 0
    for seed in (1, 2):
        assert data.index(to_bytes(network(seed))) % 4 == 0


@pytest.mark.parametrize("size", range(1, 9))
def test_image_of_any_size_is_even(tmp_path, size):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "x").write_bytes(b"#" * size)
    assert romfs(tmp_path / "in", "-o", tmp_path / "out").returncode == 0
    data = (tmp_path / "out").read_bytes()
    assert (len(data) % 2, data.index(b"#" * size) % 4) == (0, 0)


def test_image_tool_refuses(tmp_path):
    assert romfs(tmp_path / "nothing").returncode == 2
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "größe.txt").touch()
    done = romfs(tmp_path / "in")
    assert done.returncode == 1 and "ASCII" in done.stderr and "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def unix(*arguments: str | Path) -> list[list]:
    """The script in MicroPython on this computer, with the image in its RAM."""
    command = [str(build("unix")), str(SCRIPT), *map(str, arguments)]
    env = {"MICROPYPATH": str(ROOT / "device")}
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return looked(done.stdout)


def test_in_place_on_unix(folder, image):
    one, second, copied = unix(image, "/rom/one.bnn", "/rom/more/second.bnn", folder / "one.bnn")
    size = len(to_bytes(network(1)))
    assert one[0] == size and copied[0] == 0
    assert second[0] == len(to_bytes(network(2)))
    assert copied[1] - one[1] >= size
    assert copied[2] - one[2] == size
    assert one[4] == copied[4] == expected(1) and second[4] == expected(2)


def test_images_of_mpremote_work_wherever_files_lie(tmp_path):
    """A model at no multiple of 4 is copied. Where one lies, the other files decide."""
    model = to_bytes(network(1))
    remainders = set()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "model").write_bytes(model)
    for before, behind in itertools.product(range(4), range(2)):
        (tmp_path / "in" / "a").write_bytes(bytes(before))
        (tmp_path / "in" / "z").write_bytes(bytes(behind))
        data = make_romfs(str(tmp_path / "in"), mpy_cross=False)
        (tmp_path / "image").write_bytes(data)
        remainder = data.index(model) % 4
        remainders.add(remainder)
        ((in_place, _, _, _, scores),) = unix(tmp_path / "image", "/rom/model")
        assert in_place == (0 if remainder else len(model))
        assert scores == expected(1)
    assert remainders == {0, 1, 2, 3}


def mpremote(pico: EmulatedPico, *arguments: str | Path) -> str:
    command = [sys.executable, "-m", "mpremote", "connect", pico.url, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def in_flash(pico: EmulatedPico, code: str) -> str:
    return mpremote(pico, "exec", code).strip()


def test_on_the_pico(pico_firmware, folder, image, tmp_path):
    """`mpremote romfs deploy`; the model is used where it lies, with the same scores and cycles."""
    with EmulatedPico(tmp_path / "flash.bin", firmware=pico_firmware) as pico:
        mpremote(pico, "fs", "mkdir", ":xnornode")
        library = ROOT / "device" / "xnornode"
        mpremote(pico, "fs", "cp", *(library / f"{name}.py" for name in CLASSIFY), ":xnornode/")
        mpremote(pico, "fs", "cp", folder / "one.bnn", ":one.bnn")
        assert f"size {RP2_ROMFS} bytes" in mpremote(pico, "romfs", "deploy", image)
        with Board(pico.url) as board:
            board.clear()  # ROMFS is mounted when the interpreter starts
            assert board.run("from sys import path\nprint('/rom' in path)").strip() == "True"
            paths = ["", "/rom/one.bnn", "/one.bnn", "/rom/more/second.bnn"]
            output = board.run(f"ARGUMENTS = {paths}\n" + SCRIPT.read_text())
            assert board.run("import more.answer as a\nprint(a.ANSWER)").strip() == "42"
        one, copied, second = looked(output)
        size = len(to_bytes(network(1)))
        assert one[0] == size and copied[0] == 0
        assert second[0] == len(to_bytes(network(2)))
        # Of a copy there is also the byte behind the last one; a bytes object and a memoryview
        # have a block each.
        assert copied[1] - one[1] == BLOCK * -(-(size + 1) // BLOCK)
        assert 0 <= one[1] - one[2] < 900  # objects beside model, scratch, window and answers
        assert copied[2] - one[2] == size
        assert one[4] == copied[4] == expected(1) and second[4] == expected(2)
        # Microseconds of 20 calls. The emulator's memory never waits; a memoryview takes a call
        # some 50 cycles more than a bytes object.
        assert abs(one[3] - copied[3]) <= 20 < copied[3] / 100


def test_littlefs_and_romfs_survive_other_firmware(pico_firmware, image, tmp_path):
    """From stock firmware to ours, to a newer one of ours, and back."""
    flash, stock = tmp_path / "flash.bin", build("rp2-stock")
    rom = "import os; print(os.listdir('/rom'))"
    with EmulatedPico(flash, firmware=stock) as pico:
        in_flash(pico, "with open('kept', 'w') as f: f.write('still here')")
        assert in_flash(pico, "import vfs; print(hasattr(vfs, 'rom_ioctl'))") == "False"
    with EmulatedPico(flash, firmware=pico_firmware) as pico:
        assert in_flash(pico, "import os; print(os.listdir('/'), open('kept').read())") == (
            "['kept'] still here"
        )
        mpremote(pico, "romfs", "deploy", image)
    with EmulatedPico(flash, firmware=pico_firmware) as pico:
        assert in_flash(pico, rom) == "['empty', 'more', 'note.txt', 'one.bnn']"
        assert in_flash(pico, "print(open('kept').read())") == "still here"
    with EmulatedPico(flash, firmware=stock) as pico:
        assert in_flash(pico, "import os; print(os.listdir('/'), open('kept').read())") == (
            "['kept'] still here"
        )


@pytest.fixture(scope="module")
def elf(pico_firmware):
    return pico_firmware.with_name("firmware.elf")


def run_tool(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def symbols(elf):
    """Addresses by name."""
    lines = map(str.split, run_tool("arm-none-eabi-nm", elf).splitlines())
    return {words[-1]: int(words[0], 16) for words in lines if len(words) == 3}


def test_kernels_lie_in_ram(symbols):
    header = (ROOT / "firmware_modules" / "bnn" / "kernels" / "bnn_kernel.h").read_text()
    kernels = set(re.findall(r"\b(bnn_kernel_\w+)\(", header))
    assert len(kernels) >= 6
    for name in (*kernels, "bnn_columns_run"):
        assert symbols[name] in RAM, name
    assert symbols["bnn_classify"] in FLASH  # the check can tell


def objects(elf: Path) -> list[Path]:
    """The compiled files of the core."""
    return list((elf.parent / "obj").rglob("bnn_*.o"))


def test_kernels_call_nothing_in_flash(elf, symbols):
    """What the columns' code still calls there is in docs/guides/placement.md."""
    left = {}
    for path in objects(elf):
        _, *parts = re.split(r"section (\S+):", run_tool("arm-none-eabi-objdump", "-dr", path))
        code = dict(zip(parts[::2], parts[1::2], strict=True)).get(".time_critical.bnn", "")
        called = set(re.findall(r"R_ARM_THM_CALL\s+(\w+)", code))
        left[path.name] = {name for name in called if symbols.get(name) not in RAM}
    assert left.pop("bnn_columns.c.o") <= {"bnn_get_bits", "__aeabi_idiv", "__aeabi_uidiv"}
    assert set().union(*left.values()) == set()


def test_ram_that_kernels_take(elf):
    """What docs/guides/placement.md says."""
    sections = run_tool("arm-none-eabi-size", "-A", *objects(elf))
    sizes = re.findall(r"^\.time_critical\.bnn\S*\s+(\d+)", sections, re.M)
    said = re.search(
        r"kernels take ([\d.]+) kB of RAM", (ROOT / "docs/guides/placement.md").read_text()
    )
    assert said
    assert abs(sum(map(int, sizes)) / 1024 - float(said[1])) < 0.2


def test_code_ends_before_romfs(symbols):
    """The linker does not know of it."""
    assert symbols["__flash_binary_end"] - FLASH[0] <= CODE - RP2_ROMFS
