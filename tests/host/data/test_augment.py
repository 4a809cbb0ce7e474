"""Each random change does what it says, and no more, against slow references."""

import numpy as np
import pytest

from xnornode.data.augment import Augment, ImageAugment, TextAugment, rotations
from xnornode.errors import DataError

pytestmark = pytest.mark.quick

RNG = np.random.default_rng(1)
WINDOWS = RNG.integers(-9999, 9999, (300, 12, 6)).astype(np.int16)
IMAGES = RNG.integers(0, 255, (40, 7 * 5, 1)).astype(np.int16)


def changed(augment: Augment | ImageAugment, samples: np.ndarray, seed: int = 2) -> np.ndarray:
    return augment.apply(samples, np.random.default_rng(seed))


EVERYTHING = Augment(3, 0.2, 0.1, 0.3, (0, 4), 20, (0, 3))


@pytest.mark.parametrize(
    ("augment", "samples"),
    [(EVERYTHING, WINDOWS), (ImageAugment(7, 5, 2, 20, 0.2, True), IMAGES)],
)
def test_the_same_numbers_make_the_same_changes(augment, samples: np.ndarray) -> None:
    before = samples.copy()
    one = changed(augment, samples)
    assert one.dtype == np.float32 and one.shape == samples.shape
    assert (changed(augment, samples) == one).all()
    assert not (changed(augment, samples, 3) == one).all()
    assert (samples == before).all()


@pytest.mark.parametrize(
    ("augment", "samples"), [(Augment(), WINDOWS), (ImageAugment(7, 5), IMAGES)]
)
def test_no_augmentation_changes_nothing(augment, samples: np.ndarray) -> None:
    assert (changed(augment, samples) == samples).all()


def test_shift_moves_whole_windows_and_repeats_their_edge() -> None:
    out = changed(Augment(shift=2), WINDOWS)
    padded = np.pad(WINDOWS, [(0, 0), (2, 2), (0, 0)], mode="edge")
    moved = [[(out[i] == padded[i, m : m + 12]).all() for m in range(5)] for i in range(300)]
    assert (np.sum(moved, axis=1) == 1).all()
    assert (np.sum(moved, axis=0) > 30).all(), "each move from -2 to 2 is taken"


def test_scale_multiplies_each_window_by_one_number() -> None:
    loud = np.where(abs(WINDOWS) < 100, 100, WINDOWS).astype(np.int16)
    gains = changed(Augment(scale=0.2), loud) / loud
    assert np.ptp(gains, axis=(1, 2)).max() < 1e-5
    each = gains[:, 0, 0]
    assert 0.8 <= each.min() < 0.82 and 1.18 < each.max() <= 1.2
    assert abs(each.mean() - 1) < 0.03


def test_jitter_is_a_share_of_each_channels_deviation() -> None:
    rng = np.random.default_rng(3)
    samples = (rng.normal(size=(50, 400, 2)) * [30, 3000]).astype(np.int16)
    noise = changed(Augment(jitter=0.1), samples) - samples
    shares = noise.std(axis=1) / samples.std(axis=1)
    assert np.allclose(shares, 0.1, atol=0.02)
    assert abs(noise.mean(axis=(0, 1)) / samples.std(axis=(0, 1))).max() < 0.01
    still = np.full((4, 9, 2), 77, np.int16)
    assert (changed(Augment(jitter=0.5), still) == still).all()


def test_drop_holds_channels_at_their_mean() -> None:
    out = changed(Augment(drop=0.3), WINDOWS)
    silent = np.ptp(out, axis=1) == 0
    assert 0.25 < silent.mean() < 0.35
    means = WINDOWS.mean(axis=1)
    assert np.allclose(out[:, 0][silent], means[silent], atol=0.01)
    assert (out.transpose(0, 2, 1)[~silent] == WINDOWS.transpose(0, 2, 1)[~silent]).all()
    together = silent.sum(axis=1)
    assert set(together) >= {0, 1, 2, 3}, "channels go silent each by itself"


def test_mirror_flips_the_named_channels_of_half_of_the_windows() -> None:
    signs = changed(Augment(mirror=(0, 2)), np.full((4000, 2, 3), 7, np.int16)) / 7
    assert (signs[..., 1] == 1).all()
    assert (signs[..., 0] == signs[..., 2]).all() and (signs[:, 0] == signs[:, 1]).all()
    assert 0.45 < (signs[:, 0, 0] == -1).mean() < 0.55


def test_rotation_turns_triads_alike_and_keeps_lengths() -> None:
    samples = np.tile(WINDOWS[..., :3], 2)
    out = changed(Augment(rotation=30, triads=(0, 3)), samples)
    assert (out[..., :3] == out[..., 3:]).all()
    before, after = samples[..., :3].astype(float), out[..., :3].astype(float)
    lengths = np.linalg.norm(before, axis=2)
    assert np.allclose(np.linalg.norm(after, axis=2), lengths, rtol=1e-4)
    # One turn for all samples of a window keeps the angles between them too.
    inner = before @ before.transpose(0, 2, 1)
    assert np.allclose(after @ after.transpose(0, 2, 1), inner, atol=1e-4 * abs(inner).max())
    cosines = (before * after).sum(axis=2) / lengths**2
    angles = np.degrees(np.arccos(np.clip(cosines, -1, 1)))
    assert 25 < angles.max() <= 30.1


def test_rotation_leaves_channels_of_no_triad_alone() -> None:
    out = changed(Augment(rotation=90, triads=(2,)), WINDOWS)
    assert (out[..., [0, 1, 5]] == WINDOWS[..., [0, 1, 5]]).all()
    assert (out[..., 2:5] != WINDOWS[..., 2:5]).any(axis=(1, 2)).all()


def test_rotations_are_rotations_about_any_axis() -> None:
    turns = rotations(3000, 1.0, np.random.default_rng(4)).astype(np.float64)
    assert np.allclose(turns @ turns.transpose(0, 2, 1), np.eye(3), atol=1e-5)
    assert np.allclose(np.linalg.det(turns), 1, atol=1e-5)
    angles = np.arccos(np.clip((np.trace(turns, axis1=1, axis2=2) - 1) / 2, -1, 1))
    assert angles.max() <= 1.001
    assert np.allclose(np.histogram(angles, 4, (0, 1))[0] / 3000, 0.25, atol=0.04)
    axes = np.stack([turns[:, 2, 1] - turns[:, 1, 2], turns[:, 0, 2] - turns[:, 2, 0]])
    assert abs((axes > 0).mean(axis=1) - 0.5).max() < 0.04


@pytest.mark.parametrize(
    ("augment", "message"),
    [
        (Augment(mirror=(6,)), "mirror names a channel beyond the 6"),
        (Augment(mirror=(-1,)), "mirror names a channel"),
        (Augment(rotation=9, triads=(4,)), "a triad needs three of the 6 channels"),
        (Augment(shift=12), "shift of 12 does not fit a window of 12"),
        (Augment(shift=-1), "shift of -1"),
        (Augment(drop=1.0), "chance to drop a channel must be below 1"),
        (Augment(scale=1.0), "scale must be at least 0 and below 1"),
        (Augment(versions=-1), "versions must be at least 0"),
        (Augment(jitter=-0.1), "jitter and rotation at least 0"),
        (Augment(rotation=float("nan")), "jitter and rotation at least 0"),
        (ImageAugment(3, 4), "windows of 12 x 6 are not 3x4"),
    ],
)
def test_what_does_not_fit_the_windows(augment, message: str) -> None:
    with pytest.raises(DataError, match=message):
        augment.check(12, 6)


@pytest.mark.parametrize("wrong", [{"scale": 1.0}, {"shift": -1.0}, {"rotation": -5.0}])
def test_image_changes_that_make_no_sense(wrong: dict) -> None:
    with pytest.raises(DataError, match="at least 0"):
        ImageAugment(3, 4, **wrong).check(12, 1)


def test_what_fits() -> None:
    EVERYTHING.check(12, 6)
    ImageAugment(3, 4).check(12, 1)


@pytest.mark.parametrize("drop", [0.0, 0.3])
def test_text_loses_a_share_of_its_n_grams_and_gets_no_others(drop: float) -> None:
    bits = np.where(RNG.random((200, 500)) < 0.1, 1, -1).astype(np.int8)
    out = TextAugment(drop).apply(bits, np.random.default_rng(2))
    assert out.dtype == np.int8 and set(np.unique(out)) == {-1, 1}
    assert (out[bits < 0] == -1).all()
    assert abs((out[bits > 0] < 0).mean() - drop) < 0.02
    assert (TextAugment(drop).apply(bits, np.random.default_rng(2)) == out).all()


@pytest.mark.parametrize("drop", [-0.1, 1.0])
def test_a_chance_to_drop_that_makes_no_sense(drop: float) -> None:
    with pytest.raises(DataError, match="chance to drop an n-gram must be below 1"):
        TextAugment(drop)


# Images


def pixel(image: np.ndarray, y: int, x: int) -> float:
    inside = 0 <= y < image.shape[0] and 0 <= x < image.shape[1]
    return float(image[y, x]) if inside else 0.0


def value_at(image: np.ndarray, y: float, x: float) -> float:
    """Bilinear, pixel by pixel; outside everything is 0."""
    total = 0.0
    for row in (int(np.floor(y)), int(np.floor(y)) + 1):
        for at in (int(np.floor(x)), int(np.floor(x)) + 1):
            total += pixel(image, row, at) * (1 - abs(y - row)) * (1 - abs(x - at))
    return total


def slow_images(augment: ImageAugment, samples: np.ndarray, seed: int) -> np.ndarray:
    """The same draws, then each pixel of the result looked up where it comes from."""
    rng = np.random.default_rng(seed)
    limits = (augment.rotation, augment.scale, augment.shift, augment.shift)
    angle, size, down, right = (rng.uniform(-limit, limit, len(samples)) for limit in limits)
    flips = rng.random(len(samples)) < 0.5 if augment.flip else np.zeros(len(samples), bool)
    h, w = augment.height, augment.width
    out = np.zeros((len(samples), h, w))
    for i, image in enumerate(samples.reshape(-1, h, w)):
        turn = np.radians(angle[i])
        matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        middle = np.array([(h - 1) / 2, (w - 1) / 2])
        for y in range(h):
            for x in range(w):
                at = matrix @ (np.array([y, x]) - middle) / (1 + size[i]) + middle
                at += [down[i], right[i]]
                out[i, y, x] = value_at(image, at[0], w - 1 - at[1] if flips[i] else at[1])
    return out.reshape(samples.shape)


@pytest.mark.parametrize(
    "augment",
    [
        ImageAugment(7, 5, shift=2),
        ImageAugment(7, 5, rotation=40),
        ImageAugment(7, 5, scale=0.3),
        ImageAugment(7, 5, flip=True),
        ImageAugment(7, 5, 9, 180, 0.5, True),
    ],
)
def test_images_are_those_of_the_slow_reference(augment: ImageAugment) -> None:
    expected = slow_images(augment, IMAGES, 2)
    assert np.allclose(changed(augment, IMAGES), expected, atol=0.02)
    assert abs(expected - IMAGES).max() > 100


def test_flip_mirrors_half_of_the_images_left_to_right() -> None:
    images = IMAGES.reshape(-1, 7, 5)
    out = changed(ImageAugment(7, 5, flip=True), IMAGES).reshape(-1, 7, 5)
    same = (out == images).all(axis=(1, 2))
    mirrored = (out == images[:, :, ::-1]).all(axis=(1, 2))
    assert (same ^ mirrored).all()
    assert 0.3 < mirrored.mean() < 0.7


def test_larger_images_are_enlarged_about_their_middle() -> None:
    image = np.zeros((9, 9), np.int16)
    image[3:6, 3:6] = 100
    many = np.repeat(image.reshape(1, 81, 1), 200, axis=0)
    mass = changed(ImageAugment(9, 9, scale=0.4), many).sum(axis=(1, 2)) / 900
    # An area goes with the square of the size; edges between pixels blur a little of it.
    assert 0.3 < mass.min() < 0.45 and 1.7 < mass.max() < 2.1
