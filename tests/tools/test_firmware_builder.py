"""The firmware builder: pinned sources, clear refusals, and builds that do no more than needed."""

from __future__ import annotations

import hashlib
import lzma
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from tools.firmware import build as firmware
from tools.firmware import sources
from tools.firmware.releases import NEWEST, PINNED

TOOL = "tools.firmware.build"
CONTENT = b"what the mirror has"


def run_tool(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", TOOL, *arguments],
        capture_output=True,
        text=True,
        env=os.environ | environment,
        check=False,
    )


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Debian mirror in a folder, which apt is told to use; an empty cache of sources."""
    root = tmp_path / "mirror"
    (root / "pool").mkdir(parents=True)
    (root / "pool/thing.tar.xz").write_bytes(CONTENT)
    index = root / "dists" / sources.SUITE / "main/source/Sources.xz"
    index.parent.mkdir(parents=True)
    index.write_bytes(
        lzma.compress(b"Package: other\nVersion: 1\n\nPackage: thing\nBinary: a\nVersion: 2.0-1\n")
    )
    source_list = tmp_path / "sources.list"
    source_list.write_text(f"deb [trusted=yes] copy:{root} {sources.SUITE} main\n")
    config = tmp_path / "apt.conf"
    config.write_text(
        f'Dir::Etc::sourcelist "{source_list}";\nDir::Etc::sourceparts "/dev/null";\n'
    )
    monkeypatch.setenv("APT_CONFIG", str(config))
    monkeypatch.setattr(sources, "SOURCES", tmp_path / "sources")
    return root


def archive(sha256: str, path: str = "pool/thing.tar.xz") -> sources.Archive:
    return sources.Archive("thing", "1.0-1", path, sha256)


@pytest.mark.quick
def test_a_download_is_cached_and_later_needs_no_mirror(mirror: Path) -> None:
    pinned = archive(hashlib.sha256(CONTENT).hexdigest())
    cached = sources.download(pinned)
    assert cached.read_bytes() == CONTENT
    shutil.rmtree(mirror)
    assert sources.download(pinned) == cached


@pytest.mark.quick
def test_a_download_of_another_hash_is_refused_and_not_kept(mirror: Path) -> None:
    with pytest.raises(sources.SourceError, match="refused") as refusal:
        sources.download(archive("0" * 64))
    assert hashlib.sha256(CONTENT).hexdigest() in str(refusal.value)
    assert not list((sources.SOURCES / "archives").iterdir())


@pytest.mark.quick
def test_a_damaged_cache_is_fetched_anew(mirror: Path) -> None:
    pinned = archive(hashlib.sha256(CONTENT).hexdigest())
    sources.download(pinned).write_bytes(CONTENT[:-1])
    assert sources.download(pinned).read_bytes() == CONTENT


@pytest.mark.quick
def test_a_vanished_version_names_wanted_and_offered(mirror: Path) -> None:
    with pytest.raises(sources.SourceError) as refusal:
        sources.download(archive("0" * 64, "pool/gone.tar.xz"))
    text = str(refusal.value)
    assert "thing 1.0-1" in text
    assert "offers: 2.0-1" in text
    assert "MICROPYTHON_DIR" in text


@pytest.mark.quick
def test_no_mirror_at_all_says_how_to_go_on(
    tmp_path: Path, mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sources.list").write_text("")
    with pytest.raises(sources.SourceError, match="MICROPYTHON_DIR"):
        sources.download(archive("0" * 64))


@pytest.mark.quick
def test_a_wrong_micropython_dir_is_named(tmp_path: Path) -> None:
    done = run_tool("unix", MICROPYTHON_DIR=str(tmp_path))
    assert done.returncode == 1
    assert f"{tmp_path} is not a MicroPython source tree" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.quick
def test_a_checkout_without_submodules_is_told_what_to_run(tmp_path: Path) -> None:
    (tmp_path / "ports/rp2").mkdir(parents=True)
    (tmp_path / "py").mkdir()
    (tmp_path / "py/mpconfig.h").touch()
    done = run_tool("rp2", "--micropython", str(tmp_path))
    assert done.returncode == 1
    assert "lacks lib/pico-sdk and lib/tinyusb" in done.stderr
    assert "git submodule update --init" in done.stderr


@pytest.mark.quick
@pytest.mark.parametrize("arguments", [["pico3"], ["unix", "pico3"], []])
def test_usage_errors_exit_2_and_list_the_targets(arguments: list[str]) -> None:
    done = run_tool(*arguments)
    assert done.returncode == 2
    assert "qemu-riscv" in done.stderr
    assert done.stdout == ""


@pytest.mark.quick
def test_path_prints_only_paths(tmp_path: Path) -> None:
    done = run_tool("--path", "rp2", "unix")
    names = [str(Path(line).relative_to(firmware.FIRMWARE)) for line in done.stdout.splitlines()]
    assert names == ["rp2/firmware.uf2", "unix/micropython"]
    assert done.stderr == ""


def test_a_firmware_says_which_module_it_has() -> None:
    version = firmware.module_version()
    program = "import sys, bnn; print(bnn.__version__, sys.version)"
    said = subprocess.check_output([firmware.build("unix"), "-c", program], text=True)
    assert said.startswith(f"{version} ")
    assert f"MicroPython v{PINNED.version}+bnn.{version} on" in said


@pytest.mark.parametrize(("name", "chip"), [("rp2", 0xE48BFF56), ("rp2350", 0xE48BFF59)])
def test_the_uf2_holds_the_binary_for_its_chip(name: str, chip: int) -> None:
    uf2 = firmware.build(name)
    blocks = [uf2.read_bytes()[at : at + 512] for at in range(0, uf2.stat().st_size, 512)]
    image = b""
    for number, block in enumerate(blocks):
        first, second, _, address, size, index, total, family = struct.unpack("<8I", block[:32])
        assert (first, second) == (0x0A324655, 0x9E5D5157)
        assert struct.unpack("<I", block[508:]) == (0x0AB16F30,)
        assert (address, index, total) == (0x10000000 + len(image), number, len(blocks))
        assert family == chip
        image += block[32 : 32 + size]
    binary = uf2.with_name("firmware.bin").read_bytes()
    assert image[: len(binary)] == binary
    assert len(image) - len(binary) < 256
    if name == "rp2350":  # its boot ROM wants a block that says: executable, secure, ARM, RP2350
        assert struct.pack("<II", 0xFFFFDED3, 0x10210142) in binary[:4096]


def test_only_what_changed_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modules = tmp_path / "firmware_modules"
    shutil.copytree(firmware.MODULES, modules)
    monkeypatch.setattr(firmware, "MODULES", modules)
    monkeypatch.setattr(firmware, "FIRMWARE", tmp_path / "firmware")
    monkeypatch.setattr(firmware, "LOG", tmp_path / "log")
    log = tmp_path / "log/firmware-qemu-arm.log"

    output = firmware.build("qemu-arm")
    assert "modbnn.c" in log.read_text()
    log.unlink()

    assert firmware.build("qemu-arm") == output
    assert not log.exists()  # unchanged: no compiler was started

    source = modules / "bnn/modbnn.c"
    good = source.read_text()
    source.write_text(good + "\nthis is not C\n")
    with pytest.raises(firmware.BuildError, match=r"modbnn\.c"):
        firmware.build("qemu-arm")
    assert output.exists()  # the last good one stays

    source.write_text(good + "\n")
    firmware.build("qemu-arm")
    compiled = log.read_text()
    assert "modbnn.c" in compiled
    assert "py/gc.c" not in compiled


@pytest.mark.parametrize("name", ["unix", "unix-fuzz", "rp2"])
def test_another_module_is_another_build(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules = tmp_path / "firmware_modules"
    shutil.copytree(firmware.MODULES, modules)
    monkeypatch.setattr(firmware, "MODULES", modules)
    builder = firmware.Builder()
    before = builder.inputs(name)
    source = modules / "bnn/modbnn.c"
    source.write_text(source.read_text() + "\n")
    after = builder.inputs(name)
    assert before["settings"] == after["settings"] and before["code"] != after["code"]


@pytest.mark.quick
@pytest.mark.parametrize("name", ["unix", "unix-fuzz", "qemu-arm", "rp2"])
def test_a_folder_that_was_copied_is_built_from_the_start(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = firmware.Builder().inputs(name)
    monkeypatch.setattr(firmware, "FIRMWARE", tmp_path)
    after = firmware.Builder().inputs(name)
    assert before["settings"] != after["settings"] and before["code"] == after["code"]


@pytest.mark.quick
def test_the_newest_release_is_named_and_built_beside_the_pinned_one(capsys) -> None:
    """It is of a suite that changes, so nothing here fetches it."""
    firmware.main(["--path", "--micropython", "newest", "unix"])
    assert capsys.readouterr().out == f"{firmware.FIRMWARE}/micropython-newest/unix/micropython\n"
    assert NEWEST.archives[0].suite != sources.SUITE
    assert sources.release_of(sources.SOURCES / "micropython-newest") == NEWEST
    assert sources.release_of(sources.SOURCES / "micropython") == PINNED
    assert sources.release_of(Path("/somebody/micropython")) is None


@pytest.mark.quick
def test_a_vanished_newest_release_names_its_own_suite(mirror: Path, monkeypatch) -> None:
    index = mirror / "dists/next/main/source/Sources.xz"
    index.parent.mkdir(parents=True)
    index.write_bytes(lzma.compress(b"Package: thing\nVersion: 3.0-1\n"))
    gone = sources.Archive("thing", "2.5-1", "pool/gone.tar.xz", "0" * 64, "next")
    with pytest.raises(sources.SourceError, match=r"of Debian next; the mirror offers: 3\.0-1"):
        sources.download(gone)
