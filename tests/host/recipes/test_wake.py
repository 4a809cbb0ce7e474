"""A keyword that wakes: its sounds, its windows, its streams, and the whole way."""

import re
from dataclasses import replace

import numpy as np
import pytest

from tests.lab import chirps
from xnornode.data.sound import CHANNEL
from xnornode.errors import DataError
from xnornode.events.wake_counting import events
from xnornode.model.answers import AnswerStream
from xnornode.recipes.wake import folds_of, shape_for, splits_for
from xnornode.recipes.wake_noise import KINDS, level, made_noise, noises_for, with_noise
from xnornode.recipes.wake_sounds import active, take_apart
from xnornode.recipes.wake_streams import noise, scores_of, talk
from xnornode.recipes.wake_windows import Shape, windows_of
from xnornode.recipes.wake_words import check_word, is_noise
from xnornode.report.metrics import make_report
from xnornode.report.wake import to_html, to_json, to_text
from xnornode.report.wake_figures import wake_figures


@pytest.mark.quick
@pytest.mark.parametrize(
    ("change", "word", "said"),
    [
        ({}, "UP", "no such class. Do you mean 'up'? The classes are _background_noise_, down"),
        ({}, "water", "no such class. The classes are"),
        ({}, "_background_noise_", "is noise: rename"),
        ({"rate_mhz": 0}, "up", "give it with --rate"),
        ({"channels": ("x (g)",), "rate_mhz": 100_000}, "up", "has recordings at 100 Hz"),
    ],
)
def test_what_no_keyword_can_be_learned_from_is_said(change, word, said):
    with pytest.raises(DataError, match=re.escape(said)):
        check_word(replace(chirps.dataset(), **change), word)


@pytest.mark.quick
def test_too_little_is_refused_before_any_work():
    few = chirps.dataset(each=2)
    with pytest.raises(DataError, match="6 recordings of it and 18 of other"):
        take_apart(few, "up", test=("dot",))
    alone = replace(
        few, labels=["up" if label in chirps.PITCHES else label for label in few.labels]
    )
    with pytest.raises(DataError, match="no other word than 'up'"):
        check_word(alone, "up")


@pytest.mark.quick
def test_parts_share_neither_speakers_nor_noise():
    data = take_apart(chirps.dataset(), "up", test=("dot",), validation=("cem",))
    assert data.tuning
    parts = (data.train, data.tuning, data.test)
    assert [p.groups for p in parts] == [("ann", "ben"), ("cem",), ("dot",)]
    assert [len(p.words) for p in parts] == [20, 10, 10]
    assert [len(p.others) for p in parts] == [60, 30, 30]
    assert [sum(map(len, p.noises)) / chirps.RATE for p in parts] == [30, 15, 15]
    assert data.given_noise == 60 and not data.warnings
    assert "no noise was given" in take_apart(chirps.dataset(False), "up").warnings[-1]
    assert folds_of(data.train) == [("ann",), ("ben",)]
    with pytest.raises(DataError, match="at least three people"):
        folds_of(data.test)


@pytest.mark.quick
def test_names_of_noise():
    assert all(map(is_noise, ("_background_noise_", "Silence", "room")))
    assert not any(map(is_noise, ("seven", "background music", "noisy")))


@pytest.mark.quick
def test_a_word_is_cut_to_where_it_is_loud():
    rng = np.random.default_rng(0)
    recording = rng.normal(0, 30, 8000)
    recording[3000:4500] += 5000 * np.sin(np.arange(1500))
    cut = active(recording.astype(np.int16), 4000.0)
    at = int(np.flatnonzero(np.isclose(recording.astype(np.int16), cut[0]))[0])
    start = next(
        i for i in range(8000) if (recording.astype(np.int16)[i : i + 50] == cut[:50]).all()
    )
    assert at <= start and 2750 <= start <= 3000 and 4500 <= start + len(cut) <= 4800
    assert not len(active(np.zeros(8000, np.int16), 4000.0))


@pytest.mark.quick
@pytest.mark.parametrize("kind", KINDS)
def test_made_noise_has_its_loudness_and_its_colour(kind):
    made = made_noise(kind, 20_000, 8000.0, np.random.default_rng(1))
    assert made.shape == (20_000,) and level(made) == pytest.approx(1)
    power = np.abs(np.fft.rfft(made)) ** 2
    low, high = power[100:1000].mean(), power[8000:9000].mean()
    expected = {"white": (0.8, 1.2), "pink": (5, 60), "brown": (60, 9000), "hum": (20, 1e9)}
    least, most = expected.get(kind, (0.01, 100))
    assert least < low / high < most


@pytest.mark.quick
def test_noise_is_so_many_decibels_below():
    noises = noises_for(4000.0, [], 0)
    mixed = with_noise(np.zeros(4000), 1000.0, noises, 20.0, np.random.default_rng(0))
    assert level(mixed) == pytest.approx(100)


@pytest.mark.quick
def test_windows_of_the_word_hold_it_whole_and_noise_is_a_group_of_its_own(monkeypatch):
    chirps.make_small(monkeypatch.setattr)
    data = take_apart(chirps.dataset(), "up", test=("dot",))
    shape = shape_for(data)
    step = 80  # 20 ms
    assert shape.hop % step == 0 and (shape.length - 128) % step == 0
    longest = np.quantile([len(w) for w in data.train.words], 0.95)
    assert shape.length >= longest + shape.hop
    made = windows_of(data.train, "up", shape, 0)
    assert made.classes == ("other", "up") and np.bincount(made.labels).tolist() == [350, 150]
    assert {"ann", "ben", "cem", "noise"} == {*made.groups.tolist()}
    again = windows_of(data.train, "up", shape, 0)
    assert (again.items == made.items).all()
    assert not (windows_of(data.train, "up", shape, 1).items == made.items).all()


@pytest.mark.quick
def test_streams_have_every_utterance_where_they_say(monkeypatch):
    chirps.make_small(monkeypatch.setattr)
    data = take_apart(chirps.dataset(), "up", test=("dot",))
    shape = Shape(1600, 384, 4000.0)
    streams = [*talk(data.test, shape, 1.0, 3)]
    heard = sorted(i for s in streams for i in s.utterances[:, 2].tolist())
    assert heard == [*range(30)]
    assert all(s.kind == "talk" and len(s.samples) < 25 * 4000 for s in streams)
    loud = quiet = 0.0
    for s in streams:
        inside = np.zeros(len(s.samples), bool)
        for first, end, _ in s.utterances:
            inside[first:end] = True
        loud, quiet = loud + level(s.samples[inside]), quiet + level(s.samples[~inside])
    assert loud > 2 * quiet
    of_word = [*talk(data.test, shape, 60.0, 3, of_word=True)]
    pauses = np.concatenate([s.utterances[1:, 0] - s.utterances[:-1, 1] for s in of_word])
    assert pauses.min() >= 1600 + 0.5 * 4000  # no window holds two
    kinds = [*noise(data.test, shape, 30.0, 0)]
    assert len(kinds) == 3 and not any(len(s.utterances) for s in kinds)  # 15 s given, 30 s made


def test_scores_of_a_stream_are_those_of_its_windows():
    _, woken = chirps.woken()
    samples = chirps.stream(3)
    model = woken.model
    window = model.window
    views = np.lib.stride_tricks.sliding_window_view(samples, window.length)[:: window.hop]
    assert (scores_of(model, samples) == model.scores(views[:, :, None])).all()
    other = replace(model, window=replace(window, hop=window.hop + 1))  # no whole frames
    views = np.lib.stride_tricks.sliding_window_view(samples, window.length)[:: window.hop + 1]
    assert (scores_of(other, samples) == model.scores(views[:, :, None])).all()


def test_a_keyword_wakes_once_an_utterance_and_at_nothing_else():
    data, woken = chirps.woken()
    choice, answers = woken.choice, woken.model.answers
    assert choice.count.rate <= 20 and choice.count.missed_share < 0.2
    assert woken.test.missed_share < 0.3 and woken.test.repeated == 0
    assert woken.networks == 2 and woken.test.words >= 20
    assert answers and answers.background == (0,) and answers.threshold == choice.threshold
    assert woken.model.labels == ("other", "up")
    stream = AnswerStream(answers, 2)
    found = sum(stream.add(row).detected for row in scores_of(woken.model, chirps.stream(8)))
    assert 7 <= found <= 8
    assert data.test.groups == ("dot",)
    assert events(np.zeros(5, np.int64), choice.threshold, 0) == []


def test_the_report_says_what_the_figures_rest_on():
    _, woken = chirps.woken()
    figures = wake_figures(woken)
    report = make_report(woken.model, woken.trained, woken.splits)
    text = to_text(figures, report)
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "wakes       at 'up': a window of" in text and "10 recordings in noise" in text
    parts = (figures.model_bytes, figures.ring_bytes, figures.scratch_bytes, figures.object_bytes)
    assert figures.total_bytes == sum(parts) and min(parts) > 0
    f, length = woken.model.features, woken.model.window.length
    assert figures.ring_bytes == f.frames(length) * f.bands + 2 * (f.frame + 1)
    if woken.test.talk == 0:  # three by the hours of recordings that differ
        hours = figures.tested_on.talk_hours
        assert figures.words_at_most == pytest.approx(-np.log(0.05) / hours, rel=0.01)
    assert sum(row.chosen for row in figures.test_curve) == 1
    page = to_html(figures, report)
    assert "Waking at" in page and "false accepts an hour" in page
    assert '"format": "xnornode-wake-1"' in to_json(figures, report)


def test_a_split_with_a_validation_part_needs_no_more_networks(monkeypatch):
    chirps.make_small(monkeypatch.setattr)
    data = take_apart(chirps.dataset(), "up", test=("dot",), validation=("cem",))
    splits = splits_for(data, shape_for(data))
    assert splits.validation is not None and splits.labels == ("other", "up")
    assert splits.window.channels == (CHANNEL,)
    shared = {*splits.train.groups.tolist()} & {*splits.validation.groups.tolist()}
    assert not shared
