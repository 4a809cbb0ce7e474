"""What a camera changes: each change does what it says, and no more."""

import numpy as np
import pytest

from xnornode.data.image_augment import ImageAugment
from xnornode.errors import DataError

pytestmark = pytest.mark.quick

H, W, N = 12, 9, 400
RNG = np.random.default_rng(6)
GREY = RNG.integers(60, 190, (N, H * W, 1)).astype(np.int16)
COLOUR = RNG.integers(60, 190, (N, H * W, 3)).astype(np.int16)


def changed(samples: np.ndarray, seed: int = 2, **how) -> np.ndarray:
    augment = ImageAugment(H, W, **how)
    augment.check(*samples.shape[1:])
    return augment.apply(samples, np.random.default_rng(seed))


EVERYTHING = {
    "shift": (1.0, 2.0),
    "rotation": 5.0,
    "scale": 0.1,
    "stretch": 0.1,
    "outside": "edge",
    "brightness": 0.2,
    "contrast": 0.5,
    "gamma": 0.5,
    "invert": 0.5,
    "blur": 0.7,
    "noise": 0.05,
    "cutout": 0.3,
}


@pytest.mark.parametrize("samples", [GREY, COLOUR])
def test_the_same_seed_makes_the_same_changes(samples: np.ndarray) -> None:
    before = samples.copy()
    one = changed(samples, **EVERYTHING)
    assert one.dtype == np.float32 and one.shape == samples.shape
    assert (changed(samples, **EVERYTHING) == one).all()
    assert not (changed(samples, 3, **EVERYTHING) == one).all()
    assert (samples == before).all()
    assert one.min() >= 0 and one.max() <= 255


@pytest.mark.parametrize("name", [n for n in EVERYTHING if n != "outside"])
def test_each_change_changes_something_alone(name: str) -> None:
    out = changed(GREY, **{name: EVERYTHING[name]})
    assert (out != GREY).any()


@pytest.mark.parametrize("name", ["shift", "rotation", "scale", "stretch", "brightness", "invert"])
def test_channels_of_an_image_are_changed_alike(name: str) -> None:
    same = np.repeat(GREY, 3, axis=2)
    out = changed(same, **{name: EVERYTHING[name]})
    assert (out[..., :1] == out).all()
    assert (out[..., :1] == changed(GREY, **{name: EVERYTHING[name]})).all()


def test_shift_has_two_directions() -> None:
    """A mark in the middle moves by up to the limits down and right."""
    image = np.zeros((1, H, W), np.int16)
    image[0, 6, 4] = 100
    many = np.repeat(image.reshape(1, -1, 1), N, axis=0)
    out = changed(many, shift=(3.0, 1.0)).reshape(N, H, W)
    rows = (out.sum(axis=2) * np.arange(H)).sum(axis=1) / out.sum(axis=(1, 2))
    columns = (out.sum(axis=1) * np.arange(W)).sum(axis=1) / out.sum(axis=(1, 2))
    assert 2.8 < abs(rows - 6).max() <= 3.01
    assert 0.9 < abs(columns - 4).max() <= 1.01


@pytest.mark.parametrize(("outside", "least"), [("black", 0), ("edge", 100)])
def test_outside_is_black_or_the_edge_repeated(outside: str, least: int) -> None:
    flat = np.full((N, H * W, 1), 100, np.int16)
    out = changed(flat, shift=3.0, rotation=20.0, outside=outside)
    assert out.max() == pytest.approx(100, abs=0.01)
    assert out.min() == pytest.approx(least, abs=0.01)


def test_stretch_changes_the_width_alone() -> None:
    image = np.zeros((H, W), np.int16)
    image[4:8, 3:6] = 100
    many = np.repeat(image.reshape(1, -1, 1), N, axis=0)
    out = changed(many, stretch=0.3).reshape(N, H, W)
    assert np.allclose(out[:, 4:8], out[:, 4:5]) and (out[:, [3, 8]] == 0).all()
    width = out[:, 5].sum(axis=1) / 300
    assert 0.65 < width.min() < 0.8 and 1.2 < width.max() < 1.35


def gains(out: np.ndarray) -> np.ndarray:
    away, before = out - out.mean(axis=1, keepdims=True), GREY - GREY.mean(axis=1, keepdims=True)
    return (away * before).sum(axis=(1, 2)) / (before**2).sum(axis=(1, 2))


def test_contrast_stretches_around_the_mean() -> None:
    narrow = (GREY // 8 + 110).astype(np.int16)  # so that nothing is cut off
    out = changed(narrow, contrast=1.0)
    assert np.allclose(out.mean(axis=1), narrow.mean(axis=1), atol=0.01)
    factors = out.std(axis=(1, 2)) / narrow.std(axis=(1, 2))
    assert 0.5 <= factors.min() < 0.53 and 1.9 < factors.max() <= 2.001
    assert 0.4 < (factors < 1).mean() < 0.6


def test_brightness_adds_one_number_to_an_image() -> None:
    added = changed(GREY, brightness=0.2) - GREY
    assert np.ptp(added, axis=1).max() < 1e-3
    assert -51.01 <= added.min() < -49 and 49 < added.max() <= 51.01


def test_gamma_keeps_black_white_and_the_order() -> None:
    ramp = np.repeat(np.linspace(0, 255, H * W).astype(np.int16)[None, :, None], N, axis=0)
    out = changed(ramp, gamma=1.0)
    assert (out[:, 0] == 0).all() and np.allclose(out[:, -1], 255, atol=0.01)
    assert (np.diff(out, axis=1) >= 0).all()
    middle = np.log(out[:, 54, 0] / 255) / np.log(ramp[0, 54, 0] / 255)
    assert 0.5 <= middle.min() < 0.53 and 1.9 < middle.max() <= 2.001


def test_inversion_turns_black_to_white_in_its_share_of_the_images() -> None:
    out = changed(GREY, invert=0.3)
    same, other = (out == GREY).all(axis=(1, 2)), (out == 255 - GREY).all(axis=(1, 2))
    assert (same ^ other).all() and 0.22 < other.mean() < 0.38


def test_blur_mixes_with_the_neighbours() -> None:
    image = np.zeros((H, W), np.int16)
    image[5, 4] = 90
    many = np.repeat(image.reshape(1, -1, 1), N, axis=0)
    out = changed(many, blur=1.0).reshape(N, H, W)
    assert np.allclose(out.sum(axis=(1, 2)), 90, atol=0.01)
    middle = out[:, 5, 4]
    assert 10 <= middle.min() < 12 and 88 < middle.max() <= 90
    assert np.allclose(out[:, 4, 3], (90 - middle) / 8, atol=0.01)
    flat = np.full((N, H * W, 1), 77, np.int16)
    assert np.allclose(changed(flat, blur=1.0), 77, atol=0.01)


def test_noise_is_drawn_for_each_pixel_and_as_strong_as_said() -> None:
    noise = changed(COLOUR, noise=0.04) - COLOUR
    strength = noise.std(axis=(1, 2)) / 255
    assert strength.min() < 0.005 and 0.036 < strength.max() < 0.045
    assert abs(noise.mean()) < 0.1
    assert abs(np.corrcoef(noise.reshape(-1, 3).T) - np.eye(3)).max() < 0.02


def test_cutout_covers_a_rectangle_by_one_grey() -> None:
    out = changed(GREY, cutout=0.5).reshape(N, H, W)
    covered = out != GREY.reshape(N, H, W)
    assert 0.3 < covered.any(axis=(1, 2)).mean() < 0.52
    for image, hidden in zip(out, covered, strict=True):
        if hidden.any():
            rows, columns = hidden.any(axis=1).nonzero()[0], hidden.any(axis=0).nonzero()[0]
            part = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            assert np.ptp(part) == 0 and part.shape[0] <= H / 2 + 1 and part.shape[1] <= W / 2 + 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"stretch": 1.0}, "stretch must be at least 0 and below 1"),
        ({"shift": (1.0, -1.0)}, "shift, rotation, contrast and gamma must be at least 0"),
        ({"contrast": -0.1}, "must be at least 0"),
        ({"gamma": float("nan")}, "must be at least 0"),
        ({"invert": 1.1}, "invert must be 0 to 1"),
        ({"noise": float("nan")}, "noise must be 0 to 1"),
        ({"cutout": -0.1}, "cutout must be 0 to 1"),
        ({"outside": "white"}, "outside must be black or edge, not white"),
    ],
)
def test_numbers_out_of_range_are_refused(wrong: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        ImageAugment(H, W, **wrong).check(H * W, 1)


@pytest.mark.parametrize("shape", [(H * W, 2), (H * W, 5), (H * W + 1, 1), (H, W)])
def test_windows_that_are_no_such_images_are_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(DataError, match="are not 12x9"):
        ImageAugment(H, W).check(*shape)


def test_its_text_has_what_is_not_usual() -> None:
    """A model file keeps it, and has little room."""
    assert repr(ImageAugment(8, 9)) == "ImageAugment(height=8, width=9)"
    assert (
        repr(ImageAugment(8, 9, 1, blur=0.5))
        == "ImageAugment(height=8, width=9, shift=1, blur=0.5)"
    )
