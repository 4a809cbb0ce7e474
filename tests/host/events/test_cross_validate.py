"""Networks that leave out groups: which groups, and that nothing is judged by what it learned."""

from dataclasses import replace

import numpy as np
import pytest

from tests.lab.waves import LABELS, dataset
from xnornode.data.prepare import prepare
from xnornode.data.windows import Windows
from xnornode.errors import DataError
from xnornode.events import cross_validate as module
from xnornode.events.chosen import check_wish, choose_answers, find_background
from xnornode.events.cross_validate import cross_validate, folds_of
from xnornode.events.wish import Wish
from xnornode.export.fold import fold
from xnornode.nn.layer_spec import Dense
from xnornode.training.config import TrainConfig
from xnornode.training.trainer import train

CONFIG = TrainConfig(layers=(Dense(16),), epochs=3, bits=2)


def grouped(groups: str, labels: str) -> Windows:
    """A window of each group and label."""
    classes = tuple(sorted({*labels}))
    index = np.array([classes.index(label) for label in labels])
    return Windows(np.zeros((len(labels), 8, 1), np.int16), index, np.array([*groups]), classes)


@pytest.mark.quick
def test_every_group_is_left_out_once():
    folds = folds_of(grouped("aabbccdd", "xyxyxyxy"))
    assert np.sum(folds, axis=0).tolist() == [1] * 8 and len(folds) == 4
    folds = folds_of(grouped("abcdefghijklmnopqrst", "xy" * 10))
    assert len(folds) == 8 and np.sum(folds, axis=0).tolist() == [1] * 20
    # Groups of one class each are dealt class by class, so that no training lacks a class.
    assert all(0 < fold[::2].sum() < 3 and 0 < fold[1::2].sum() < 3 for fold in folds)


@pytest.mark.quick
def test_the_only_group_of_a_class_stays():
    folds = folds_of(grouped("aabbcc", "xyxyxz"))
    assert np.sum(folds, axis=0).tolist() == [1, 1, 1, 1, 0, 0]
    with pytest.raises(DataError, match="name a validation part"):
        folds_of(grouped("aabb", "xyxz"))


def test_no_window_is_judged_by_a_network_that_learned_from_its_group(monkeypatch):
    seen = []

    def watched(splits, *given, **more):
        seen.append({*splits.train.groups.tolist()})
        assert splits.validation is None
        return train(splits, *given, **more)

    monkeypatch.setattr(module, "train", watched)
    splits = prepare(dataset(), length=32, validation=())
    told = []
    streams = cross_validate(splits, CONFIG, lambda *step: told.append(step[:2]))
    people = {*splits.train.groups.tolist()}
    assert len(seen) == 6 and all(len(people - group) == 1 for group in seen)
    assert told == [(k, 6) for k in range(1, 7) for _ in range(3)]
    assert len({*streams.gains.tolist()}) == 6
    # 300 samples, windows of 32 every 16: as on the node, not as in training.
    assert np.bincount(streams.recordings).tolist() == [17] * 12
    assert streams.ends[:2].tolist() == [0.64, 0.96]
    for group in people:
        (gain,) = {*streams.gains[streams.groups == group].tolist()}
        assert (streams.groups[streams.gains == gain] == group).all()


def test_answers_are_chosen_without_a_validation_part():
    splits = prepare(dataset(), length=32, validation=())
    trained = train(splits, CONFIG)
    model, chosen = choose_answers(fold(trained), trained, splits, Wish(unknown=0.05), (1,))
    assert chosen.part.startswith("6 networks that each left out")
    assert model.answers is not None and model.answers.background == (1,)
    assert model.answers.threshold == chosen.choice.settings.threshold


@pytest.mark.quick
def test_what_data_cannot_tell_is_said_before_the_training():
    splits = prepare(dataset(), length=32)
    check_wish(Wish(false_per_hour=1), splits)
    loose = replace(splits, train=replace(splits.train, places=None))
    check_wish(Wish(unknown=0.05), loose)
    with pytest.raises(DataError, match="needs recordings"):
        check_wish(Wish(false_per_hour=1), loose)
    still = replace(splits, window=replace(splits.window, rate_mhz=0))
    check_wish(Wish(missed=0.1), still)
    with pytest.raises(DataError, match=r"needs the sample rate, .* --rate"):
        check_wish(Wish(false_per_hour=1), still)


@pytest.mark.quick
def test_background_that_is_named():
    assert find_background(LABELS, None) == () and find_background(LABELS, [LABELS[1]]) == (1,)
    assert find_background(("idle", "run"), None) == (0,)
    assert find_background(("idle", "run"), [""]) == ()
    with pytest.raises(DataError, match=r"there is no such class\. The classes are idle, run"):
        find_background(("idle", "run"), ["walk"])
    with pytest.raises(DataError, match="names all classes"):
        find_background(("idle", "run"), ["run", "idle"])
