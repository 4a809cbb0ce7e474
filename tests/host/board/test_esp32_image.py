"""Firmware files for the ESP32 chips: what is taken, and what is refused without a board."""

from pathlib import Path

import pytest

from tests.lab.esp_images import APPLICATION, firmware, image, table
from xnornode.board.esp32_image import CHIPS, TABLE, TABLE_BYTES, Image, is_image, uf2_chip
from xnornode.errors import XnorNodeError

pytestmark = pytest.mark.quick
CHIP = CHIPS["ESP32"]


def read(data: bytes) -> Image:
    return Image(Path("f.bin"), data)


@pytest.mark.parametrize("chip", CHIPS.values(), ids=lambda chip: chip.name)
def test_a_file_is_for_its_chip_and_goes_to_its_offset(chip):
    data = firmware(chip)
    found = read(data)
    assert found.chip is chip and found.data == data and found.flash_bytes == 4 << 20
    assert {*found.parts} == {chip.offset, TABLE, APPLICATION}
    for address, part in found.parts.items():
        assert data[address - chip.offset :].startswith(part)
    assert len(found.parts[TABLE]) == TABLE_BYTES


def test_the_offsets_and_numbers_are_those_of_esptool():
    from esptool.targets import CHIP_DEFS

    known = {
        c.CHIP_NAME: (c.IMAGE_CHIP_ID, c.BOOTLOADER_FLASH_OFFSET, c.UF2_FAMILY_ID)
        for c in CHIP_DEFS.values()
    }
    assert {c.name: (c.number, c.offset, c.family) for c in CHIPS.values()}.items() <= known.items()


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("ESP32", "ESP32_GENERIC-*.bin"),
        ("ESP32-C3", "ESP32_GENERIC_C3-*.bin"),
        ("ESP32-S2", "ESP32_GENERIC_S2-*.bin"),
    ],
)
def test_the_advice_names_the_file_and_where_it_is(name, file):
    assert CHIPS[name].file == file
    page = f"https://micropython.org/download/{file.removesuffix('-*.bin')}/"
    assert f"download {file}" in CHIPS[name].advice and page in CHIPS[name].advice


@pytest.mark.parametrize("name", ["ESP32", "ESP32-C5"])
def test_a_file_for_address_0_loses_its_empty_start(name):
    chip = CHIPS[name]
    data = firmware(chip)
    found = read(b"\xff" * chip.offset + data)
    assert found.data == data and found.chip is chip
    assert is_image(b"\xff" * chip.offset + data)


def test_an_empty_start_of_another_length_is_refused():
    with pytest.raises(XnorNodeError, match=r"begins with 4,096 empty bytes.* lies at 0x0"):
        read(b"\xff" * 0x1000 + firmware(CHIPS["ESP32-C3"]))


def test_an_image_without_a_hash_is_taken():
    bare = image(CHIP.number, b"boot", hashed=False)
    found = read(firmware(boot=bare, application=image(0, b"program" * 9, hashed=False)))
    assert found.parts[CHIP.offset] == bare


@pytest.mark.parametrize("left", [0.0, 0.1, 0.4, 0.5, 0.7, 0.9, 0.98, 0.9999])
def test_every_part_that_is_missing_at_the_end_is_noticed(left):
    whole = firmware()
    with pytest.raises(XnorNodeError, match=r"is cut short|no firmware for an ESP32"):
        read(whole[: int(len(whole) * left)])


@pytest.mark.parametrize(
    ("at", "part"),
    [
        (40, "the boot loader"),
        (TABLE - CHIP.offset + 40, "the partition table"),
        (APPLICATION - CHIP.offset + 3000, "the application"),
        (-1, "the application"),
    ],
)
def test_one_wrong_bit_is_noticed(at, part):
    data = bytearray(firmware())
    data[at] ^= 1
    with pytest.raises(XnorNodeError, match=f"is damaged in {part}: copy it again"):
        read(bytes(data))


def test_each_single_bit_of_the_program_counts_without_a_hash_too():
    bare = bytearray(image(0, b"program" * 9, hashed=False))
    bare[60] ^= 16
    with pytest.raises(XnorNodeError, match="is damaged in the application"):
        read(firmware(application=bytes(bare)))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is no firmware for an ESP32"),
        (b"\x00\xb5\x32\x4b" * 100, "is no firmware for an ESP32.* A Pico takes a .uf2"),
        (b"UF2\nWQ]\x9e" + bytes(504), "is a UF2 file.* takes a .bin file from https://micropy"),
        (b"\x7fELF" + bytes(60), "is an ELF file"),
        (b"PK\3\4" + bytes(60), "is a ZIP archive: unpack it"),
        (b"\x1f\x8b" + bytes(60), "is a gzip archive: unpack it"),
        (b"<!DOCTYPE html>", "is a web page"),
        (firmware()[APPLICATION - CHIP.offset :], r"is a part of a firmware.*ESP32_GENERIC-\*"),
        (image(5, b"x" * 0x9000) + bytes(9999), r"is a part of a firmware.*ESP32_GENERIC_C3-"),
        (image(5, b"boot loader alone"), "is a part of a firmware"),
        (firmware(boot=image(99, b"x")), "is for another chip .number 99"),
        (firmware(application=image(9, b"x")), "mixed up: the application is not for the ESP32"),
        (firmware(application=bytes(100)), "is damaged in the application"),
        (firmware(partitions=table((1, 2, 0x9000, 0x6000, b"nvs"))), "no partition for an appl"),
        (bytes([0xE9]) * 0x20000, "is for another chip"),
    ],
)
def test_other_files_are_refused(data, says):
    with pytest.raises(XnorNodeError, match=says):
        read(data)


def test_a_uf2_file_for_an_esp32_is_known_by_its_family():
    head = b"UF2\n" + bytes(24)
    assert uf2_chip(head + (0xC47E5767).to_bytes(4, "little")) is CHIPS["ESP32-S3"]
    assert uf2_chip(head + (0xE48BFF56).to_bytes(4, "little")) is None
    assert uf2_chip(firmware()) is None


def test_a_file_of_another_kind_is_told_from_an_image():
    assert is_image(firmware()) and not is_image(b"UF2\n" + bytes(508)) and not is_image(b"")
