"""Data and settings that cannot be trained on: each is refused before training, with a reason."""

from dataclasses import replace

import numpy as np
import pytest

from tests.lab.small_waves import CLASSES, CONFIG, train_on, waves
from xnornode.data.augment import Augment, ImageAugment, TextAugment
from xnornode.data.windows import Texts, Windows
from xnornode.errors import DataError, ModelError
from xnornode.model.ngrams import NGrams
from xnornode.model.statistics import Statistics
from xnornode.nn.layer_spec import Conv, Dense
from xnornode.training.config import Teacher, TrainConfig

pytestmark = pytest.mark.quick


def test_windows_that_cannot_be_trained_on() -> None:
    good = waves(1, "a")
    one = replace(good, labels=good.labels * 0, classes=("slow",))
    with pytest.raises(DataError, match="one class"):
        train_on(one, CONFIG)
    with pytest.raises(DataError, match=r"too little data.*class fast, rest"):
        train_on(replace(good, labels=good.labels * 0), CONFIG)
    with pytest.raises(DataError, match="group a is both"):
        train_on(good, CONFIG, waves(2, "ba"))
    other = waves(2, "b")
    with pytest.raises(DataError, match="different shapes"):
        train_on(good, CONFIG, replace(other, items=other.items[:, :16]))
    with pytest.raises(DataError, match="different classes"):
        train_on(good, CONFIG, replace(other, classes=("a", "b", "c")))


def test_windows_and_texts_are_not_mixed() -> None:
    good = waves(1, "a")
    texts = Texts((b"one", b"two") * 3, np.arange(6) % 3, np.repeat("b", 6), CLASSES)
    with pytest.raises(DataError, match="both be texts, or both windows"):
        train_on(good, CONFIG, texts)
    features = NGrams("characters", 1, 2, 64, 32)
    for data, config in ((texts, CONFIG), (good, replace(CONFIG, features=features))):
        with pytest.raises(DataError, match="the features are for"):
            train_on(data, config)
    with pytest.raises(DataError, match="texts are augmented by TextAugment"):
        train_on(texts, replace(CONFIG, features=features, augment=Augment()))
    with pytest.raises(DataError, match="texts are augmented by TextAugment"):
        train_on(good, replace(CONFIG, augment=TextAugment(0.1)))


def test_what_the_format_does_not_allow_is_said_before_training() -> None:
    wide = Windows(np.zeros((6, 400, 82), np.int16), np.arange(6) % 3, np.repeat("a", 6), CLASSES)
    with pytest.raises(ModelError, match=r"65600\): 1 to 65535 each"):
        train_on(wide, CONFIG)
    with pytest.raises(ModelError, match="17 layers: at most 16"):
        train_on(waves(1, "a"), replace(CONFIG, layers=(Dense(4),) * 16))
    with pytest.raises(ModelError, match="65535 inputs of a neuron: at most 65534"):
        narrow = replace(wide, items=np.zeros((6, 13107, 5), np.int16))
        train_on(narrow, replace(CONFIG, encoding="int8"))
    with pytest.raises(ModelError, match="kernel 300"):
        train_on(wide, replace(CONFIG, layers=(Conv(2, (300, 1)),)))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"bits": 0}, "bits must be 1 to 32, not 0"),
        ({"bits": 33}, "bits must be 1 to 32, not 33"),
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"batch": 3}, "batch must be at least 4"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
        ({"learning_rate": float("nan")}, "learning_rate must be above 0"),
        ({"seed": -1}, "seed must be at least 0, not -1"),
        ({"smoothing": 1.0}, "smoothing must be at least 0 and below 1"),
        ({"smoothing": -0.1}, "smoothing must be at least 0 and below 1"),
        ({"label_spread": -1.0}, "label_spread must be 0 to 10.0, not -1.0"),
        ({"label_spread": float("nan")}, "label_spread must be 0 to 10.0"),
        ({"label_spread": 1.0, "loss": "squared-hinge"}, "label_spread needs the loss cross-ent"),
        ({"circular": True}, "circular is for ordered labels: set label_spread too"),
        ({"two_stage": 1.0}, "two_stage must be at least 0 and below 1"),
        (
            {"encoding": "gray"},
            "encoding must be one of thermometer, learned-thermometer, bit-planes, int8, not gray",
        ),
        ({"schedule": "step"}, "schedule must be one of cosine, constant"),
        ({"optimizer": "sgd"}, "optimizer must be one of adam, bop"),
        ({"ste": "none"}, "ste must be one of identity, clipped, polynomial, relu"),
        ({"weights": "ternary"}, "weights must be one of sign, ede, soft, real"),
        ({"loss": "mse"}, "loss must be one of cross-entropy, squared-hinge"),
    ],
)
def test_settings_that_make_no_sense(wrong: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        TrainConfig(**wrong)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"share": 0}, "share must be above 0 and at most 1, not 0"),
        ({"share": 1.1}, "share must be above 0 and at most 1"),
        ({"temperature": 0}, "temperature must be above 0"),
        ({"wider": 0}, "wider must be above 0"),
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"learning_rate": 0}, "learning_rate must be above 0"),
    ],
)
def test_teachers_that_make_no_sense(wrong: dict, message: str) -> None:
    with pytest.raises(DataError, match=f"teacher's {message}"):
        Teacher(**wrong)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"encoding": "bit-planes", "bits": 9}, "bit planes are at most 8, not 9"),
        ({"image_shape": (5, 7)}, "128 inputs are no image of 5 x 7"),
        (
            {"layers": (Conv(8, (5, 1)),), "features": Statistics()},
            "statistics have none: use raw features",
        ),
        ({"layers": (Conv(8),)}, r"kernel \(3, 3\).* does not fit an input of 32 x 1"),
        ({"augment": Augment(mirror=(2,))}, "mirror names a channel beyond the 2"),
        ({"augment": Augment(rotation=10, triads=(0,))}, "a triad needs three of the 2 channels"),
        ({"class_weights": (1.0, -1.0, 1.0)}, "class_weights must be at least 0"),
        ({"class_weights": (0, 0, 0)}, "class_weights must be at least 0, and not all of them 0"),
        ({"class_weights": (1.0, float("nan"), 1.0)}, "class_weights must be at least 0"),
        ({"label_spread": 1.0}, "label_spread is for labels that are numbers, and '\\w+' is none"),
        ({"augment": ImageAugment(8, 4)}, "windows of 32 x 2 are not 8x4"),
    ],
)
def test_settings_that_do_not_fit_the_data(options: dict, message: str) -> None:
    with pytest.raises(DataError, match=message):
        train_on(waves(1, "a"), replace(CONFIG, **options))
