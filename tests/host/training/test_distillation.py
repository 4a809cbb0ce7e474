"""Teachers, own and given, and the weights of classes: what counts in the loss."""

from dataclasses import replace

import numpy as np
import pytest

from tests.lab.small_waves import CONFIG, accuracy, train_on, waves
from xnornode.errors import DataError
from xnornode.nn.layer_spec import Conv, Dense
from xnornode.training.config import Teacher
from xnornode.training.trained import Epoch

pytestmark = pytest.mark.quick


def test_own_teacher_is_the_network_in_float_and_wider() -> None:
    layers = (Conv(8, (5, 1)), Conv(8, (3, 1), groups=4), Dense(10))
    config = replace(CONFIG, layers=layers, epochs=2, teacher=Teacher(wider=1.5, epochs=3))
    seen: list[Epoch] = []
    trained = train_on(waves(1, "ab"), config, progress=seen.append)
    teacher = trained.teacher
    assert teacher is not None and teacher.teacher is None
    assert (
        teacher.config.weights == "real" and teacher.config.learning_rate == Teacher().learning_rate
    )
    widths = [len(block.norm.mean) for block in teacher.network.blocks]
    assert widths == [12, 12, 15, 3]
    assert [(e.number, e.of) for e in seen] == [(1, 3), (2, 3), (3, 3), (1, 2), (2, 2)]
    assert train_on(waves(1, "ab"), replace(CONFIG, epochs=1)).teacher is None


@pytest.mark.parametrize("kind", [np.float32, np.float64, list])
def test_given_logits_teach(kind) -> None:
    # The labels are nonsense and do not count; what is learned is from the logits.
    training, test = waves(1, "abcd"), waves(2, "e")
    logits = 8.0 * np.eye(3)[training.labels]
    shuffled = np.random.default_rng(3).permutation(training.labels)
    given = logits.tolist() if kind is list else logits.astype(kind)
    trained = train_on(
        replace(training, labels=shuffled),
        replace(CONFIG, teacher=Teacher(share=1, temperature=2)),
        teacher_logits=given,
    )
    assert trained.teacher is None
    assert accuracy(trained, test) > 0.95


def test_the_teachers_share() -> None:
    # Half of the loss from wrong logits, half from the labels: the loss is their mean.
    training = waves(1, "a")
    logits = np.random.default_rng(5).normal(0, 3, (120, 3)).astype(np.float32)
    config = replace(CONFIG, epochs=1, batch=120)

    def loss(share: float | None) -> float:
        teacher = None if share is None else Teacher(share=share)
        given = None if share is None else logits
        changed = replace(config, teacher=teacher)
        return train_on(training, changed, teacher_logits=given).history[0].loss

    labels, teacher = loss(None), loss(1)
    assert abs(labels - teacher) > 0.1
    assert loss(0.25) == pytest.approx(0.75 * labels + 0.25 * teacher, rel=1e-4)


def test_logits_that_do_not_fit() -> None:
    data, config = waves(1, "a"), replace(CONFIG, teacher=Teacher())
    with pytest.raises(DataError, match=r"logits must have shape \(120, 3\)"):
        train_on(data, config, teacher_logits=np.zeros((120, 2), np.float32))
    with pytest.raises(DataError, match=r"config\.teacher"):
        train_on(data, CONFIG, teacher_logits=np.zeros((120, 3), np.float32))
    with pytest.raises(DataError, match="NaN"):
        train_on(data, config, teacher_logits=np.full((120, 3), np.nan, np.float32))


def test_class_weights() -> None:
    labels = np.array([0, 0, 0, 1, 2, 2])
    assert CONFIG.weights_of(labels, 3) is None
    balanced = replace(CONFIG, class_weights="balanced").weights_of(labels, 3)
    assert np.allclose(balanced, [2 / 3] * 3 + [2] + [1] * 2)
    given = replace(CONFIG, class_weights=(1, 2, 3)).weights_of(labels, 3)
    assert given.tolist() == [1, 1, 1, 2, 3, 3] and given.dtype == np.float32
    for wrong in ((1.0, 2.0), "equal"):
        with pytest.raises(DataError, match='class_weights must be "balanced" or 3 numbers'):
            train_on(waves(1, "a"), replace(CONFIG, class_weights=wrong))


@pytest.mark.parametrize("heavy", [0, 1])
def test_the_heavier_class_wins_where_windows_do_not_tell_them_apart(heavy: int) -> None:
    data, test = waves(1, "ab"), waves(2, "c")
    coin = np.random.default_rng(3).integers(0, 2, len(data))
    labels = np.where(data.labels == 2, 2, coin)
    each = [1.0, 1.0, 1.0]
    each[heavy] = 6
    trained = train_on(replace(data, labels=labels), replace(CONFIG, class_weights=tuple(each)))
    guess = trained.predict(test.items)[test.labels < 2]
    assert (guess == heavy).mean() > 0.75
