"""Augmentations as text: every field can be written, and what is wrong is said with its names."""

from dataclasses import fields, replace

import numpy as np
import pytest

from xnornode.data.augment import Augment, ImageAugment, SoundAugment, TextAugment
from xnornode.data.augment_text import KINDS, augment_in_words, make_augment, read_augment
from xnornode.data.dataset import Dataset, from_windows
from xnornode.data.prepare import prepare
from xnornode.data.splits import Splits
from xnornode.data.triads import find_triads
from xnornode.errors import DataError

pytestmark = pytest.mark.quick

MOTION_CHANNELS = ("accel x (g)", "accel y (g)", "accel z (g)", "gx", "gy", "gz")


def windows(length: int, channels: tuple[str, ...], rate: int = 0, **more) -> Splits:
    samples = np.random.default_rng(0).integers(0, 255, (20, length, len(channels)))
    labels = ["low", "high"] * 10
    dataset = from_windows(
        "demo", samples.astype(np.int16), labels, channels=channels, rate_mhz=1000 * rate, **more
    )
    return prepare(dataset)


def texts() -> Splits:
    items = [f"text {i}".encode() for i in range(20)]
    names = [str(i) for i in range(20)]
    return prepare(Dataset("t", "texts", items, ["a", "b"] * 10, names, names, "none", ("text",)))


DATA = {
    "sound": windows(800, ("sound (FS)",), 8000),
    "motion": windows(100, MOTION_CHANNELS, 50),
    "images": windows(35, ("grey",), image_shape=(7, 5)),
    "texts": texts(),
}


def made(text: str, kind: str, usual=None):
    wanted = read_augment(text)
    assert wanted
    return make_augment(wanted, DATA[kind], usual)


@pytest.mark.parametrize(
    ("text", "kind", "augment"),
    [
        (
            "shift 0.1, gain 6, speed 0.05, noise 10..30, noise share 0.3, band mask 4, "
            "frame mask 5, band shift 1, frame shift 2, versions 8",
            "sound",
            SoundAugment(0.1, 6, 0.05, (10, 30), (), 0.3, 4, 5, 1, 2, 8),
        ),
        (
            "shift 8, scale 0.1, jitter 0.05, drop 0.2, mirror 0+4, rotation 20, triads 0+3, "
            "versions 4",
            "motion",
            Augment(8, 0.1, 0.05, 0.2, (0, 4), 20, (0, 3), 4),
        ),
        (
            "shift 1x2.5, rotation 5, scale 0.1, flip, stretch 0.2, outside edge, brightness 0.1, "
            "contrast 0.3, gamma 0.2, invert 0.5, blur 0.4, noise 0.03, cutout 0.25",
            "images",
            ImageAugment(
                7, 5, (1, 2.5), 5, 0.1, True, 0.2, "edge", 0.1, 0.3, 0.2, 0.5, 0.4, 0.03, 0.25
            ),
        ),
        ("drop 0.3", "texts", TextAugment(0.3)),
    ],
)
def test_every_field_can_be_written_and_is_written_back(text, kind, augment):
    assert made(text, kind) == augment
    assert augment_in_words(augment) == text
    usual = {f.name: f.default for f in fields(augment)}
    of_data = ("height", "width", "backgrounds", "digest")
    same = [n for n, v in usual.items() if n not in of_data and getattr(augment, n) == v]
    assert not same, "a field that the text does not name"


def test_the_names_are_all_of_the_fields():
    for kind in KINDS:
        names = {name.replace(" ", "_") for name in kind.parsers}
        assert names == {f.name for f in fields(kind.of)} - {
            "height", "width", "backgrounds", "digest"
        }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "kind", "augment"),
    [
        ("Shift 10%, GAIN 6 dB", "sound", SoundAugment(shift=0.1, gain=6)),
        ("band-mask=4, band_shift: 1", "sound", SoundAugment(band_mask=4, band_shift=1)),
        ("shift 25ms", "sound", SoundAugment(shift=0.25)),
        ("noise -5 .. 20", "sound", SoundAugment(noise=(-5, 20))),
        ("noise 5-20 dB", "sound", SoundAugment(noise=(5, 20))),
        ("noise 20", "sound", SoundAugment(noise=(20, 20))),
        ("shift 0.2s", "motion", Augment(shift=10)),
        ("mirror accel x+gy+gz", "motion", Augment(mirror=(0, 4, 5))),
        ("rotation 20 deg", "motion", Augment(rotation=20, triads=(0, 3))),
        ("gain 3", "motion", SoundAugment(gain=3)),  # vibration may have several channels
        ("shift 2", "images", ImageAugment(7, 5, shift=2)),
        ("scale 0.1", "sound", Augment(scale=0.1)),
    ],
)
def test_how_values_may_be_written(text, kind, augment):
    assert made(text, kind) == augment


def test_the_default_can_be_changed():
    usual = SoundAugment(shift=0.1, noise=(10, 30))
    assert made("default, gain 3, noise none", "sound", usual) == SoundAugment(shift=0.1, gain=3)
    turned = Augment(scale=0.1, triads=(3,))
    assert made("default, rotation 9", "motion", turned) == replace(turned, rotation=9)
    assert made("default, shift 1", "images", None) == ImageAugment(7, 5, shift=1)
    wanted = read_augment("default, gain 3")
    assert wanted and wanted.text() == "default, gain 3"
    assert read_augment("none") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gane 6", "'gane' is no change; for sound and vibration: shift, gain, .*for texts: drop"),
        ("", "no change is named; for sound"),
        ("gain 6, gain 3", "gain is given twice"),
        ("gain 6, flip", "gain is for sound and vibration; flip is for images"),
        ("gain loud", "gain loud: for sound and vibration it must be a number"),
        ("gain", "it must be a number"),
        ("gain 70", "gain must be 0 to 60 dB, not 70"),
        ("shift nan", "it must be a number"),
        ("noise 30..10", "the lower one first"),
        ("noise 1..2..3, noise share 1", "such as 10..30"),
        ("band mask 1.5", "it must be a whole number"),
        ("flip maybe", "it must be yes or no"),
        ("outside white", "it must be black or edge"),
        ("mirror", "channels by name or number, such as 0"),
        ("shift 1x2x3, flip", "down and right, such as 1x3"),
        ("drop 1.0", "must be below 1"),
        ("gain 6, none", "'none' is no change"),
    ],
)
def test_what_is_wrong_whatever_the_data(text, message):
    with pytest.raises(DataError, match=message):
        read_augment(text)


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("mirror 0", "texts", "mirror is for motion .*these are texts: their changes are drop"),
        ("gain 6", "images", "gain is for sound and vibration, and these are images"),
        ("flip", "sound", "flip is for images, and these are sound: .* shift, gain"),
        ("flip", "motion", "these are windows of samples: their changes are shift, scale"),
        ("mirror ay", "motion", "no channel 'ay': the channels are 0 accel x"),
        ("triads 6", "motion", "no channel '6'"),
        ("triads 5, rotation 3", "motion", "a triad needs three of the 6 channels"),
        ("rotation 9", "sound", "no names say which: .*such as triads 0"),
        ("shift 0.3s", "images", "shift 0.3s: for images it must be a number"),
        ("noise 5..20", "images", "noise 5..20: for images it must be a number"),
        ("shift 100", "motion", "does not fit a window of 100"),
        ("shift 200ms", "sound", "shift must be 0 to 1, not 2"),
    ],
)
def test_what_does_not_suit_the_data(text, kind, message):
    with pytest.raises(DataError, match=message):
        made(text, kind)


def test_seconds_need_a_rate():
    wanted = read_augment("shift 0.2s")
    assert wanted
    with pytest.raises(DataError, match="needs the sample rate: give it with --rate"):
        make_augment(wanted, windows(100, ("a", "b")), None)


def test_words_for_what_text_cannot_say():
    noise = (np.ones(9, np.int16),) * 2
    assert augment_in_words(SoundAugment(noise=(5, 20), backgrounds=noise)) == (
        "noise 5..20, 2 recordings of noise"
    )
    assert augment_in_words(Augment()) == "nothing"


@pytest.mark.parametrize(
    ("channels", "triads"),
    [
        (MOTION_CHANNELS, (0, 3)),
        (("AccX", "AccY", "AccZ", "GyroX", "GyroY", "GyroZ"), (0, 3)),
        (("t", "x", "y", "z"), (1,)),
        (("ax", "gx", "ay", "gy", "az", "gz"), ()),
        (("x axis", "y axis", "z axis"), (0,)),
        (("x", "y"), ()),
        (("max", "may", "maz", "max x", "max y", "max z"), (0, 3)),
    ],
)
def test_triads_are_known_by_their_names(channels, triads):
    assert find_triads(channels) == triads
