"""Simpler methods beside the model: they are right, and a model that loses to them says so."""

import builtins
import doctest
from dataclasses import replace

import numpy as np
import pytest

from tests.lab.waves import trained
from xnornode.data.dataset import Dataset, from_windows
from xnornode.data.prepare import prepare
from xnornode.data.windows import Windows
from xnornode.errors import DataError
from xnornode.export.fold import fold
from xnornode.model.features import Raw
from xnornode.model.ngrams import NGrams
from xnornode.nn.layer_spec import Dense
from xnornode.report import baselines
from xnornode.report.baselines import _left_out, _some, compare, fit_baselines
from xnornode.report.intervals import Clusters, clusters_of
from xnornode.report.logistic import fit_logistic, minimize
from xnornode.report.metrics import make_report
from xnornode.report.text import to_text
from xnornode.training.config import TrainConfig
from xnornode.training.trainer import train

METHODS = ["majority class", "logistic regression", "random forest"]
RNG = np.random.default_rng(0)


def blobs(count=600, classes=3, values=20, apart=3.0):
    labels = np.arange(count) % classes
    x = RNG.normal(size=(count, values))
    x[:, :classes] += apart * np.eye(classes)[labels]
    return x, labels


@pytest.mark.quick
def test_examples():
    assert doctest.testmod(baselines).failed == 0


@pytest.mark.quick
def test_logistic_regression_is_that_of_scikit_learn():
    sklearn = pytest.importorskip("sklearn.linear_model")
    x, labels = blobs(apart=1.0)
    x32, strength = x.astype(np.float32), 0.01
    weights = minimize(x32, labels, np.zeros((21, 3)), strength, 300)
    theirs = sklearn.LogisticRegression(C=1 / (strength * len(x)), tol=1e-8, max_iter=1000)
    theirs.fit(x, labels)
    ours = weights[:-1] - weights[:-1].mean(axis=1, keepdims=True)
    assert np.abs(ours - theirs.coef_.T).max() < 0.01
    shift = weights[-1] - weights[-1].mean()
    assert np.abs(shift - theirs.intercept_).max() < 0.01


@pytest.mark.quick
def test_logistic_regression_stands_ranges_constants_and_many_values():
    x, labels = blobs(300, values=40)
    wide = np.concatenate([x * np.logspace(-3, 3, 40), np.ones((300, 3))], axis=1)
    wide[0, 3] = 1e6  # a glitch
    watched = np.arange(300) % 5 == 0
    fitted = fit_logistic(wide, labels, 3, watched, refit=True)
    assert (fitted.predict(wide) == labels).mean() > 0.95
    many = np.concatenate([x, RNG.normal(size=(300, 500))], axis=1)
    test, truth = blobs(300, values=40)
    guess = fit_logistic(many, labels, 3, watched, refit=True).predict(
        np.concatenate([test, RNG.normal(size=(300, 500))], axis=1)
    )
    assert (guess == truth).mean() > 0.6


@pytest.mark.quick
def test_the_strength_of_l2_is_chosen_on_what_is_left_out():
    """Training rows say a value that tells nothing elsewhere: strong L2 keeps off it."""
    x, labels = blobs(400, classes=2, values=300, apart=0.7)
    watched = np.arange(400) >= 200
    free = minimize(x[:200].astype(np.float32), labels[:200], np.zeros((301, 2)), 1e-6, 300)
    chosen = fit_logistic(x, labels, 2, watched, refit=False)
    test, truth = blobs(2000, classes=2, values=300, apart=0.7)
    alone = ((test @ free[:-1] + free[-1]).argmax(axis=1) == truth).mean()
    assert (chosen.predict(test) == truth).mean() > alone


def test_methods_are_told_and_the_same_again():
    *_, splits = trained()
    seen = []
    first = fit_baselines(splits, Raw(), progress=lambda name, done: seen.append((name, done)))
    again = fit_baselines(splits, Raw())
    assert [f.name for f in first] == METHODS and {n for n, _ in seen} == {*METHODS[1:]}
    assert all(0 <= done <= 1 for _, done in seen)
    for a, b in zip(first, again, strict=True):
        assert (a.predicted == b.predicted).all()
    test = splits.tested()
    assert (first[1].predicted == test.labels).mean() > 0.9 and len({*first[0].predicted}) == 1
    with pytest.raises(DataError, match="no test part"):
        fit_baselines(replace(splits, test=None), Raw())


def test_without_scikit_learn_there_is_no_forest(monkeypatch):
    real = builtins.__import__

    def refuse(name, *rest):
        if name.startswith("sklearn"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    *_, splits = trained()
    assert [f.name for f in fit_baselines(splits, Raw())] == METHODS[:2]


def test_large_data_are_sampled_and_this_is_said(monkeypatch):
    monkeypatch.setattr(baselines, "LOGISTIC_WORK", 64 * 2 * 40)
    monkeypatch.setattr(baselines, "FOREST_WORK", 8 * 30)
    model, done, splits = trained()
    fitted = fit_baselines(splits, Raw())
    assert [f.windows for f in fitted] == [len(splits.train), 40, 30]
    text = to_text(make_report(model, done, splits, baselines=fitted))
    assert "logistic regression from 40" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.quick
def test_a_sample_has_all_classes():
    labels = np.array([0] * 900 + [1] * 95 + [2] * 5)
    data = Windows(np.zeros((1000, 1, 1), np.int16), labels, np.full(1000, "a"), ("a", "b", "c"))
    some = _some(data, 100, np.random.default_rng(0))
    counts = np.bincount(some.labels)
    assert len(some) == 100 and counts.min() >= 2 and counts[0] > 30


@pytest.mark.quick
@pytest.mark.parametrize("groups", [1, 2, 4, 30, 200])
def test_what_is_left_out_are_groups_and_never_a_whole_class(groups):
    labels = np.repeat(np.arange(4), 50)
    names = np.array([f"g{i % groups}" for i in range(200)])
    data = Windows(np.zeros((200, 1, 1), np.int16), labels, names, tuple("abcd"))
    out = _left_out(data, np.random.default_rng(0))
    assert 0 < out.mean() <= 0.5 and len({*labels[~out]}) == 4
    if groups > 1:
        assert not {*names[out]} & {*names[~out]}


def test_texts():
    texts = [
        f"{'good' if i % 2 else 'bad'} day number {i * 7919 % 1000}".encode() for i in range(80)
    ]
    people = [f"p{i % 8}" for i in range(80)]
    labels = ["good" if i % 2 else "bad" for i in range(80)]
    data = Dataset("t", "texts", texts, labels, people, people, "group", ("text",))
    splits = prepare(data)
    fitted = fit_baselines(splits, NGrams("characters", 1, 3, 256, 64))
    assert (fitted[1].predicted == splits.tested().labels).mean() > 0.9


@pytest.mark.quick
def test_a_lead_is_of_the_same_windows_and_groups():
    labels = np.zeros(400, np.int64)
    people = np.repeat(np.arange(20), 20)
    good, bad = np.zeros(400, np.int64), (np.arange(400) % 4 == 0).astype(np.int64)
    fitted = baselines.Fitted("other", good, 400, 0.1)
    row = compare(fitted, labels, bad == 0, Clusters(people, "groups"))
    assert row.better and row.lead == -0.25 and row.lead_interval[1] < 0
    row = compare(replace(fitted, predicted=bad), labels, good == 0, Clusters(people, "groups"))
    assert not row.better and row.lead == 0.25
    some = np.where(np.arange(400) < 3, 1, 0)
    row = compare(fitted, labels, some == 0, Clusters(people, "groups"))
    assert not row.better and row.lead < 0 < row.lead_interval[1] + 1e-9


def test_a_model_that_loses_says_so():
    """A network of one neuron on data that logistic regression tells apart."""
    x, labels = blobs(900, classes=4, values=12)
    people = [f"p{i % 9}" for i in range(900)]
    splits = prepare(from_windows("b", x[:, None, :], [f"c{k}" for k in labels], people))

    done = train(splits, TrainConfig(layers=(Dense(1),), epochs=2))
    report = make_report(
        fold(done), done, splits, baselines=fit_baselines(splits, done.config.features)
    )
    kinds = [hint.kind for hint in report.hints]
    assert "baseline" in kinds and "underfits" in kinds
    hint = report.hints[kinds.index("baseline")]
    assert "logistic regression" in hint.text and any("--layers" in t for t in hint.tries)
    text = to_text(report)
    assert "loses to" in text and "simpler methods" in text


@pytest.mark.quick
def test_leads_in_the_report_are_over_its_groups():
    model, done, splits = trained()
    test = splits.tested()
    fitted = baselines.Fitted("none", np.zeros(len(test), np.int64), 9, 0.1)
    (row,) = make_report(model, done, splits, baselines=[fitted]).baselines
    right = model.predict(test.items) == test.labels
    assert row == compare(fitted, test.labels, right, clusters_of(splits))
