"""What the values in a row are: features, a series, or windows by their titles."""

import doctest

import numpy as np
import pytest

from tests.host.data.test_series import levels, waves
from xnornode.data import row_shapes
from xnornode.data.prepare import prepare
from xnornode.data.read_options import ReadOptions
from xnornode.data.readers import read
from xnornode.data.row_shapes import places_of, shape_rows
from xnornode.errors import DataError

pytestmark = pytest.mark.quick
PLAIN = ReadOptions()


def shaped(values, names=None, options=PLAIN):
    return shape_rows(values, names or tuple(f"f{i}" for i in range(values.shape[1])), options, "t")


def titles(words, numbers, blocks=True):
    if blocks:
        return tuple(f"{word}_{i}" for word in words for i in numbers)
    return tuple(f"{word}_{i}" for i in numbers for word in words)


def test_examples():
    assert doctest.testmod(row_shapes).failed == 0


def test_many_columns_that_are_a_series():
    found = shaped(waves())
    assert found.windows.shape == (200, 300, 1) and found.channels == ("channel 0",)
    (guess,) = found.guesses
    assert "300 columns are taken for one series" in guess.text and "--features raw" in guess.option


def test_many_columns_that_are_no_series():
    values = levels()
    found = shaped(values)
    assert found.windows.shape == (200, 4, 160)
    assert (found.windows.reshape(200, -1) == values).all()
    (guess,) = found.guesses
    assert "640 columns are taken for plain values" in guess.text
    assert "--shape 640x1" in guess.option and "--image" not in guess.option
    noise = np.random.default_rng(0).normal(size=(60, 257))  # a prime number of columns
    assert shaped(noise).windows.shape == (60, 257, 1)
    pixels = np.random.default_rng(0).integers(0, 256, (60, 784))
    assert "--image 28x28" in shaped(pixels).guesses[0].option


def test_up_to_255_columns_are_channels():
    found = shaped(waves()[:, :255])
    assert found.windows.shape == (200, 1, 255) and not found.guesses
    assert found.channels[:2] == ("f0", "f1")


def test_titles_say_samples_and_channels():
    values = np.arange(20 * 36).reshape(20, 36).astype(float)
    for blocks in (True, False):
        found = shaped(values, titles("xyz", range(12), blocks))
        assert found.windows.shape == (20, 12, 3) and found.channels == ("x", "y", "z")
        at = {name: i for i, name in enumerate(titles("xyz", range(12), blocks))}
        assert (found.windows[:, 5, 2] == values[:, at["z_5"]]).all()
        assert "12 samples of x, y, z" in found.guesses[0].text
    one = shaped(values, tuple(f"t{i}" for i in range(1, 37)))
    assert one.windows.shape == (20, 36, 1) and one.channels == ("t",)
    sines = shaped(np.tile(waves()[:, :50], 2), titles(("left", "right"), range(50)))
    assert sines.windows.shape == (200, 50, 2)


def test_numbered_features_stay_features():
    values = np.random.default_rng(0).normal(size=(50, 40))
    for names in (
        titles(("mean", "deviation"), range(20)),
        titles("V", range(40)),
        titles("xy", [*range(19), 30]),  # a gap
        titles("x", range(20)) + titles("y", range(5, 25)),
        (*titles("x", range(37)), "a", "b", "c"),
        tuple(map(str, range(40))),
    ):
        found = shaped(values, names)
        assert found.windows.shape == (50, 1, 40) and found.channels == names
        assert not found.guesses
    assert shaped(values[:, :16], titles("t", range(16))).windows.shape == (50, 1, 16)


def test_shape_takes_the_order_of_titles():
    values = np.arange(20 * 24).reshape(20, 24)
    names = titles("ab", range(12))
    found = shaped(values, names, ReadOptions(shape=(12, 2)))
    assert found.windows[0, :, 1].tolist() == list(range(12, 24)) and found.channels == ("a", "b")
    found = shaped(values, names, ReadOptions(shape=(2, 12)))
    assert found.windows[0, 1].tolist() == list(range(12, 24))
    with pytest.raises(DataError, match="24 values in a row are not 5 x 5"):
        shaped(values, names, ReadOptions(shape=(5, 5)))


def test_titles_with_signs():
    names = tuple(f"acc {c} [{i}]" for c in "xy" for i in range(1, 9))
    places, channels = places_of(names)
    assert channels == ("acc x", "acc y") and places.shape == (8, 2)
    assert places_of(("x1", "x2"))[0] is None and places_of(("x_1",) * 9)[0] is None


def test_the_table_of_what_was_understood_says_it(tmp_path):
    for name, values in (("wide", levels(40)), ("long", waves(40))):
        head = ",".join(["label", *(f"v{i}" for i in range(values.shape[1]))])
        rows = [f"{'ab'[i % 2]}," + ",".join(f"{v:.3f}" for v in r) for i, r in enumerate(values)]
        (tmp_path / f"{name}.csv").write_text("\n".join([head, *rows]))
        y = np.array([*"ab"] * 20)
        np.savez(tmp_path / f"{name}.npz", X=values, y=y)
        for suffix in ("csv", "npz"):
            guesses = prepare(read(tmp_path / f"{name}.{suffix}", PLAIN)).understood.guesses
            said = [g for g in guesses if f"{values.shape[1]} columns are taken for" in g.text]
            assert len(said) == 1 and "--shape" in said[0].option
