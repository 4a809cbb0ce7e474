"""The node's `feed` on a PC, against the reference on the windows that a training would cut."""

from dataclasses import replace

import numpy as np
import pytest

from tests.lab.nets import conv_models, random_model, random_values
from xnornode.data.windows import Recording, cut_windows
from xnornode.errors import DataError, ModelError
from xnornode.model.answers import Answers, AnswerStream
from xnornode.model.classifier import Classifier, Prediction
from xnornode.model.layers import Scores, dense
from xnornode.model.model import Model, Window
from xnornode.model.model_file import save_model
from xnornode.model.ngrams import NGrams

pytestmark = pytest.mark.quick

LENGTH, CHANNELS = 12, 3


def with_hop(model, hop):
    return replace(model, window=replace(model.window, hop=hop))


def small(hop=4):
    return with_hop(random_model(7, LENGTH, CHANNELS, 5, (33, 4)), hop)


def stream(model, count, seed=0):
    """Samples (count, channels) that vary the model's neurons."""
    shape = (1, count, len(model.window.channels))
    return random_values(np.random.default_rng(seed), model.encoding, shape)[0]


def fed(clf, samples):
    """The predictions, and after which sample each came."""
    found = [(at, clf.feed(sample)) for at, sample in enumerate(samples, 1)]
    return [at for at, p in found if p], [p for _, p in found if p]


def expected(model, samples):
    """The scores of all windows of a recording, as a dataset is cut into them."""
    recording = Recording(samples, "one", "group", "a recording")
    return model.scores(
        cut_windows([recording], ["one"], model.window.length, model.window.hop).items
    )


@pytest.mark.parametrize("hop", [1, 4, 5, 7, LENGTH])
def test_gives_the_scores_of_the_windows_that_are_cut(hop):
    model = small(hop)
    samples = stream(model, 103)
    at, found = fed(Classifier(model), samples)
    scores = expected(model, samples)
    assert at == list(range(LENGTH, 104, hop))
    assert [p.scores for p in found] == [tuple(row) for row in scores.tolist()]
    assert [p.index for p in found] == scores.argmax(axis=1).tolist()
    assert len({p.index for p in found}) > 1
    for p in found:
        assert p.label == model.labels[p.index]
        assert p.microseconds >= 0
        assert all(type(n) is int for n in (p.index, p.microseconds, *p.scores))


@pytest.mark.parametrize("model", conv_models()[::6], ids=lambda model: model.name)
def test_takes_models_of_any_layers(model):
    samples = stream(model, 3 * model.window.length)
    _, found = fed(Classifier(model), samples)
    assert [p.scores for p in found] == [tuple(row) for row in expected(model, samples).tolist()]


def test_answers_are_those_of_the_stream_of_scores():
    rules = Answers(*Answers.scaled(0.02), windows=3, threshold=40_000, background=(1,))
    model = replace(small(), answers=rules)
    clf, answers = Classifier(model), AnswerStream(rules, 4)
    for seed in range(2):
        samples = stream(model, 103, seed)
        clf.feed(None)
        answers.clear()
        for p, scores in zip(fed(clf, samples)[1], expected(model, samples), strict=True):
            answer = answers.add(scores)
            assert p.likely == model.labels[answer.best]
            assert p.confidence == round(answer.confidence / 65535, 3)
            assert (p.unknown, p.detected) == (answer.index < 0, answer.detected)
            assert p.answer == ("unknown" if p.unknown else p.likely)


def test_a_prediction_reads_well():
    seen = ("walk", 1, (1, 5), 900)
    for rest, text in (
        (("walk", None, False, False), "walk"),
        (("wave", 0.974, False, False), "wave 97 %"),
        (("wave", 0.975, False, True), "wave 98 %, detected"),
        (("wave", 0.412, True, False), "unknown (wave 41 %)"),
    ):
        assert str(Prediction(*seen, *rest)) == text


def test_equal_scores_give_the_first_class():
    inputs = np.ones((3, 2), np.int8)
    scores = Scores(np.zeros(3, np.int64), np.array([1, 5, 5]))
    model = replace(random_model(1, 2, 1, 1, (3,)), layers=(dense(inputs, "binary", scores),))
    _, (p,) = fed(Classifier(model), [[0], [0]])
    assert (p.index, p.scores) == (1, (1, 5, 5))


@pytest.mark.parametrize("before", [0, 1, LENGTH - 1, LENGTH, LENGTH + 2, 2 * LENGTH])
def test_a_gap_starts_the_window_again(before):
    model = small()
    samples = stream(model, before + 30)
    clf = Classifier(model)
    _, first = fed(clf, samples[:before])
    assert clf.feed(None) is None
    at, second = fed(clf, samples[before:])
    assert at == list(range(LENGTH, 31, 4))
    assert len(first) == max(0, (before - LENGTH) // 4 + 1)
    wanted = expected(model, samples[before:])
    assert [p.scores for p in second] == [tuple(row) for row in wanted.tolist()]


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        ((1, 2), r"shape \(2,\), the model takes ch0 \(g\), ch1 \(g\), ch2 \(g\)"),
        ((1, 2, 3, 4), r"shape \(4,\)"),
        (5, r"shape \(\)"),
        ([(1, 2, 3)], r"shape \(1, 3\)"),
        ((1.0, 2.0, 3.0), "integers from -32768 to 32767"),
        ((0, 0, 32768), "integers from -32768 to 32767"),
        ((-32769, 0, 0), "integers from -32768 to 32767"),
        ((0, 2**70, 0), "integers from"),
        ((True, False, True), "integers from"),
        (("1", "2", "3"), "integers from"),
    ],
)
def test_a_wrong_sample_is_refused_and_changes_nothing(sample, message):
    model = small()
    samples = stream(model, 30)
    clf, found = Classifier(model), []
    for own in samples:
        with pytest.raises(DataError, match=message):
            clf.feed(sample)
        found.append(clf.feed(own))
    wanted = [tuple(row) for row in expected(model, samples).tolist()]
    assert [p.scores for p in found if p] == wanted


def test_takes_samples_of_any_integers():
    model = small()
    samples = stream(model, LENGTH)
    samples[0] = (-32768, 32767, 0)
    kinds = (samples, samples.astype(np.int64), samples.tolist(), map(tuple, samples.tolist()))
    found = [fed(Classifier(model), kind)[1] for kind in kinds]
    assert {p.scores for (p,) in found} == {tuple(expected(model, samples)[0].tolist())}


def test_two_classifiers_of_one_model_share_no_samples():
    model = small()
    one, two = Classifier(model), Classifier(model)
    samples = stream(model, LENGTH)
    for sample in samples[:-1]:
        assert one.feed(sample) is None
    assert two.feed(samples[-1]) is None
    assert one.feed(samples[-1])


def test_reads_model_files(tmp_path):
    model, path = small(), tmp_path / "model.bnn"
    save_model(model, path)
    samples = stream(model, LENGTH)
    for given in (path, str(path)):
        clf = Classifier(given)
        assert clf.model.labels == model.labels
        assert fed(clf, samples)[1][0].scores == tuple(expected(model, samples)[0].tolist())
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(ModelError, match="cut short"):
        Classifier(path)
    with pytest.raises(FileNotFoundError):
        Classifier(tmp_path / "none.bnn")


def test_refuses_models_of_texts():
    features = NGrams("words", 1, 2, 8, 100)
    scores = Scores(np.ones(2, np.int64), np.zeros(2, np.int64))
    layers = (dense(np.ones((2, 8), np.int8), "binary", scores),)
    window = Window(("text",), 100, 100, 0, (0,))
    model = Model("mails", ("good", "bad"), window, features, None, layers)
    with pytest.raises(DataError, match="mails is a model of texts: give its predict a list"):
        Classifier(model)
