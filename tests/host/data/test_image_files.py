"""Images in a folder per class."""

import numpy as np
import pytest
from PIL import Image

from xnornode.data.prepare import prepare
from xnornode.data.read_options import ReadOptions
from xnornode.data.readers import read
from xnornode.data.understood import understand
from xnornode.errors import DataError

pytestmark = pytest.mark.quick
RNG = np.random.default_rng(0)


def images(folder, suffix=".png", size=(12, 8), colour=False, each=4, devices=("a", "b", "c", "d")):
    for label in ("0.0", "0.1"):
        for device in devices:
            (folder / label / device).mkdir(parents=True)
            for i in range(each):
                pixels = RNG.integers(0, 255, (*size, 3) if colour else size).astype(np.uint8)
                Image.fromarray(pixels).save(folder / label / device / f"{i}{suffix}")
    return folder


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp"])
def test_grey_images(tmp_path, suffix):
    d = read(images(tmp_path / "d", suffix))
    assert d.kind == "windows" and d.image_shape == (12, 8) and d.channels == ("grey",)
    assert d.items.shape == (32, 96, 1) and set(d.labels) == {"0.0", "0.1"}
    assert d.grouping == "group" and set(d.groups) == set("abcd") and d.reading.files == 32
    parts = prepare(d)
    assert parts.image_shape == (12, 8) and len(parts.held_out) == 1


def test_pixels_are_exact_and_row_by_row(tmp_path):
    folder = images(tmp_path / "d")
    want = np.asarray(Image.open(folder / "0.0" / "a" / "0.png"))
    assert (read(folder).items[0][:, 0] == want.ravel()).all()


def test_colour_is_found_and_chosen(tmp_path):
    folder = images(tmp_path / "d", colour=True)
    d = read(folder)
    assert d.channels == ("red", "green", "blue") and d.items.shape == (32, 96, 3)
    assert any(g.option == "--channels grey" for g in d.reading.guesses)
    assert read(folder, ReadOptions(channels=("grey",))).channels == ("grey",)
    with pytest.raises(DataError, match="the channels grey, or red,green,blue, not blue"):
        read(folder, ReadOptions(channels=("blue",)))


def test_sizes_that_differ_are_brought_to_one(tmp_path):
    folder = images(tmp_path / "d")
    Image.fromarray(np.zeros((20, 20), np.uint8)).save(folder / "0.0" / "a" / "9.png")
    d = read(folder)
    assert d.image_shape == (32, 20), "3 to 2, as most are"
    guess = next(g for g in d.reading.guesses if "sizes" in g.text)
    assert "2 sizes, 12x8 (32), 20x20 (1)" in guess.text and "--image" in guess.option
    assert read(folder, ReadOptions(image=(16, 16))).image_shape == (16, 16)


def test_large_images_are_made_smaller_with_a_warning(tmp_path):
    folder = images(tmp_path / "d", size=(240, 320), each=1)
    d = read(folder)
    assert d.image_shape == (24, 32)
    assert any(
        "240x320 pixels are made smaller" in g.text and g.doubtful for g in d.reading.guesses
    )
    assert read(folder, ReadOptions(image=(120, 160))).image_shape == (120, 160)


def test_damaged_files_are_named_together_and_skipped(tmp_path):
    folder = images(tmp_path / "d", ".jpg")
    path = folder / "0.0" / "a" / "0.jpg"
    path.write_bytes(path.read_bytes()[:100])
    (folder / "0.1" / "b" / "1.jpg").write_bytes(b"not an image")
    with pytest.raises(DataError, match="2 of 32 files cannot be used") as error:
        read(folder)
    assert "0.jpg" in str(error.value) and "1.jpg" in str(error.value)
    d = read(folder, ReadOptions(skip=True))
    assert len(d.items) == 30 and len(d.reading.dropped) == 2


def test_alpha_palette_16_bit_and_turned_images(tmp_path):
    for label in ("a", "b"):
        (tmp_path / label).mkdir()
    Image.new("RGBA", (8, 8), (200, 200, 200, 255)).save(tmp_path / "a" / "1.png")
    Image.new("P", (8, 8)).save(tmp_path / "a" / "2.png")
    Image.fromarray(np.full((8, 8), 0x8080, np.uint16)).save(tmp_path / "b" / "1.png")
    turned = Image.fromarray(np.tile(np.arange(8, dtype=np.uint8) * 30, (8, 1)))
    exif = Image.Exif()
    exif[0x0112] = 3
    turned.save(tmp_path / "b" / "2.png", exif=exif)
    d = read(tmp_path)
    assert d.items[0].max() == 200 and d.items[2].max() == 128
    assert d.items[3][0, 0] == 210, "an image that stands on its head is turned"


def test_labels_that_are_numbers_are_names(tmp_path):
    folder = images(tmp_path / "d", devices=("a", "b"))
    (folder / "0.1").rename(folder / "0.2")
    for label in ("0.1", "9.9"):
        (folder / label).mkdir()
        Image.fromarray(np.eye(12, 8, dtype=np.uint8)).save(folder / label / "1.png")
    d = read(folder)
    (guess,) = [g for g in understand(d).guesses if "names of 4 classes" in g.text]
    assert "0.0 to 9.9" in guess.text and not guess.doubtful


def test_parts_on_top(tmp_path):
    for part in ("train", "test"):
        images(tmp_path / "d" / part, devices=("a", "b"), each=2)
    d = read(tmp_path / "d")
    assert set(d.labels) == {"0.0", "0.1"} and set(d.test_groups) == {"a (test)", "b (test)"}


def test_copies_in_training_and_test_are_left_out(tmp_path):
    for part in ("train", "test"):
        images(tmp_path / "d" / part, devices=("a",), each=6)
    same = (tmp_path / "d" / "test" / "0.0" / "a" / "0.png").read_bytes()
    (tmp_path / "d" / "train" / "0.0" / "a" / "copy.png").write_bytes(same)
    d = read(tmp_path / "d")
    assert len(d.items) == len(d.labels) == len(d.names) == 24
    assert d.reading.dropped[0].endswith("copy.png: a copy is in the test or validation")


def test_copies_of_other_groups_are_said(tmp_path):
    folder = images(tmp_path / "d")
    same = (folder / "0.0" / "a" / "0.png").read_bytes()
    (folder / "0.0" / "b" / "copy.png").write_bytes(same)
    assert any("in several groups" in w for w in prepare(read(folder)).warnings)
