"""Hints: each has its threshold, and a good training has none."""

from dataclasses import replace

import numpy as np
import pytest

from tests.lab.waves import trained
from xnornode.model.features import Raw
from xnornode.model.ngrams import NGrams
from xnornode.nn.layer_spec import Dense, parse_layers
from xnornode.report.accuracy import GroupFigures, per_class
from xnornode.report.baselines import Baseline, fit_baselines
from xnornode.report.hints import Facts, find_hints
from xnornode.report.metrics import make_report
from xnornode.training.config import Teacher, TrainConfig

pytestmark = pytest.mark.quick
LABELS = ("rest", "walk", "run")
CONFIG = TrainConfig(layers=(Dense(64), Dense(32)), encoding="int8", epochs=30)


def facts(**changes) -> Facts:
    table = np.array([[95, 3, 2], [4, 94, 2], [1, 3, 96]])
    good = Facts(
        accuracy=0.95,
        balanced=0.95,
        interval=(0.92, 0.97),
        training=0.97,
        classes=per_class(table, LABELS),
        windows=(300, 300, 300),
        groups=tuple(GroupFigures(f"p{i}", 60, a) for i, a in enumerate((0.95, 0.9, 0.99, 0.93))),
        baselines=(),
        config=CONFIG,
        length=128,
    )
    return replace(good, **changes)


def only(**changes):
    (hint,) = find_hints(facts(**changes))
    return hint


def baseline(accuracy, low, high, name="logistic regression"):
    lead = 0.95 - accuracy
    return Baseline(name, accuracy, (0, 1), lead, (low, high), high < 0, 900, 1.0)


def test_good_training_has_none():
    assert find_hints(facts()) == ()
    even = (baseline(0.96, -0.03, 0.01), baseline(0.33, 0.5, 0.7, "majority class"))
    assert find_hints(facts(baselines=even)) == ()
    model, done, splits = trained()
    report = make_report(model, done, splits, baselines=fit_baselines(splits, Raw()))
    assert report.hints == ()


def test_underfits():
    hint = only(training=0.84, accuracy=0.8, balanced=0.8)
    assert hint.kind == "underfits" and "84.0%" in hint.text
    said = " ".join(hint.tries)
    assert 'wider layers (--layers "dense 128, dense 64")' in said
    assert '"dense 64 int8, dense 32 int8"' in said and "--teacher" in said
    assert "--epochs 60" in said and "--features" in said and "--encoding" not in said
    assert not find_hints(facts(training=0.86, accuracy=0.8, balanced=0.8))


def test_overfits():
    hint = only(training=0.99, accuracy=0.85, interval=(0.8, 0.9), balanced=0.85)
    assert hint.kind == "overfits" and "99.0%" in hint.text and "85.0%" in hint.text
    assert any("--smoothing" in t for t in hint.tries)
    assert not find_hints(facts(training=0.99, accuracy=0.85, interval=(0.6, 0.995)))
    assert not find_hints(facts(training=0.99, accuracy=0.9, interval=(0.88, 0.92)))


def test_both_give_no_advice_against_each_other():
    both = find_hints(facts(training=0.8, accuracy=0.5, balanced=0.5, interval=(0.4, 0.6)))
    assert [h.kind for h in both] == ["underfits", "overfits"]
    said = [" ".join(h.tries) for h in both]
    assert "wider" in said[0] and "narrower" not in said[1]


def test_loses_to_a_baseline():
    beaten = (baseline(0.97, -0.03, -0.01), baseline(0.99, -0.05, -0.03, "random forest"))
    hint = only(baselines=beaten)
    assert hint.kind == "baseline"
    assert "loses to random forest, logistic regression on the same inputs" in hint.text
    assert "95.0% against 99.0%" in hint.text and "3.0% to 5.0%" in hint.text
    more = only(baselines=beaten, training=0.9, accuracy=0.88)
    assert any("wider" in t for t in more.tries) and not any("wider" in t for t in hint.tries)


def test_no_better_than_guessing():
    hint = only(accuracy=0.36, balanced=0.38, training=0.86, interval=(0.3, 0.9))
    assert hint.kind == "chance" and "38.0%" in hint.text and "33.3%" in hint.text
    kinds = [h.kind for h in find_hints(facts(accuracy=0.4, balanced=0.38, training=0.9))]
    assert kinds == ["chance", "overfits"] or kinds == ["chance"]


def test_never_predicted():
    figures = per_class(np.array([[5, 0, 0], [3, 0, 0], [0, 0, 0]]), "abc")
    (hint,) = find_hints(facts(classes=figures))
    assert hint.kind == "never predicted" and hint.text == "never predicted: b"
    assert any("--balanced" in t for t in hint.tries)


def test_few_windows():
    hint = only(windows=(300, 19, 7))
    assert hint.kind == "few windows" and "walk (19), run (7)" in hint.text
    assert any("--training-hop" in t for t in hint.tries)
    assert len(only(windows=(300, 19, 7), length=1).tries) == 1
    assert not find_hints(facts(windows=(300, 20, 20)))


def test_a_group_far_below():
    groups = facts().groups
    hint = only(groups=(*groups, GroupFigures("p9", 60, 0.5)))
    assert hint.kind == "group" and "p9 (50.0%)" in hint.text and "94.0%" in hint.text
    assert not find_hints(facts(groups=(*groups, GroupFigures("p9", 5, 0.2))))  # may be chance
    assert not find_hints(facts(groups=(*groups, GroupFigures("p9", 12, 0.66))))
    assert not find_hints(facts(groups=(groups[0], GroupFigures("p9", 60, 0.5))))


def test_what_is_tried_suits_the_network():
    texts = TrainConfig(features=NGrams("characters", 1, 3, 256, 64), layers=(Dense(16),))
    hint = only(training=0.7, accuracy=0.7, balanced=0.7, config=texts, length=0)
    said = " ".join(hint.tries)
    assert "--features" not in said and "--encoding" not in said and "int8 act" not in said
    taught = replace(CONFIG, teacher=Teacher(), encoding="thermometer")
    said = " ".join(only(training=0.7, accuracy=0.7, balanced=0.7, config=taught).tries)
    assert "--teacher" not in said and "--encoding int8" in said
    none = replace(CONFIG, layers=())
    hint = only(training=0.7, accuracy=0.7, balanced=0.7, config=none)
    for text in hint.tries:
        if '--layers "' in text:
            assert parse_layers(text.split('"')[1])
