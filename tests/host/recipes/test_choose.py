"""Candidates, folds, and the choice among candidates by cross-validation."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from xnornode.data.dataset import from_windows
from xnornode.data.prepare import prepare
from xnornode.data.sound_augment import SoundAugment
from xnornode.data.splits import Splits
from xnornode.data.windows import Texts
from xnornode.errors import DataError
from xnornode.model.model import Window
from xnornode.nn.layer_spec import Dense
from xnornode.recipes.candidates import Candidate, candidates
from xnornode.recipes.choose import Tried, best_of, choose, standard_error
from xnornode.recipes.defaults import default_config
from xnornode.recipes.folds import Units, folds_of, units_of
from xnornode.recipes.plan import SECONDS as USUAL
from xnornode.recipes.plan import TOO_LONG, plan
from xnornode.recipes.work import CHANGED, SPECTRUM, seconds_of

SECONDS = 0.5


def table(count=240, seed=0):
    """A class is the sign of a product of two columns, which a small network learns slowly."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 100, (count, 1, 4))
    return prepare(from_windows("table", x, np.where(x[:, 0, 0] > 0, "up", "down").tolist()))


def tones(people=6, each=24, length=128, rate=1000):
    """Vibrations: two tones in one octave, of any strength, in noise and above a strong hum."""
    rng = np.random.default_rng(0)
    windows, labels, groups = [], [], []
    for person in range(people):
        for i in range(each):
            at = np.arange(length) / rate
            tone, hum = (
                np.sin(2 * np.pi * (hertz * at + rng.random()))
                for hertz in ((150, 210)[i % 2] + rng.uniform(-2, 2), rng.uniform(10, 40))
            )
            strength = rng.uniform(50, 200)
            windows.append(strength * tone + 800 * hum + rng.normal(0, 40, length))
            labels.append(("low", "high")[i % 2])
            groups.append(f"machine {person}")
    samples = np.array(windows)[:, :, None]
    return prepare(from_windows("tones", samples, labels, groups, rate_mhz=rate * 1000))


def texts():
    rng = np.random.default_rng(0)
    words = {"fruit": ["apple", "pear", "plum", "fig"], "tool": ["saw", "drill", "file", "axe"]}
    labels = ["fruit", "tool"] * 60
    lines = tuple(" ".join(rng.choice(words[label], 5)).encode() for label in labels)
    index = np.array([("fruit", "tool").index(label) for label in labels])
    part = Texts(lines, index, np.array([str(i) for i in range(120)]), ("fruit", "tool"))
    return Splits("texts", Window(("text",), 64, 64, 0, (0,)), ("fruit", "tool"), part, test=part)


def images(size):
    pixels = np.random.default_rng(0).integers(0, 256, (40, size * size, 1))
    labels = ["dark", "light"] * 20
    return prepare(from_windows("images", pixels, labels, image_shape=(size, size)))


def short(splits, *names, epochs=20):
    """Candidates of these names, trained shortly."""
    found = [c for c in candidates(splits) if not names or any(n in c.name for n in names)]
    return [replace(c, config=replace(c.config, epochs=epochs)) for c in found]


@pytest.mark.parametrize("make", [table, tones, texts, lambda: images(8), lambda: images(20)])
def test_candidates_start_with_the_default_and_can_all_be_trained(make):
    splits = make()
    found = candidates(splits)
    assert 2 <= len(found) <= 5 and len({c.name for c in found}) == len(found)
    assert found[0].config == default_config(splits)
    assert all(seconds_of(c.config, splits, 100, 1) > 0 for c in found)


def test_vibrations_are_told_by_their_spectrum():
    splits = tones()
    choice = choose(splits, short(splits, "statistics, binary 128", "spectrum"), seconds=SECONDS)
    by_name = {tried.name.split(",")[0]: tried for tried in choice.tried}
    assert by_name["spectrum"].accuracy > by_name["statistics"].accuracy + 0.1
    assert choice.tried[choice.best].name.startswith("spectrum")
    assert choice.config.epochs == 20 and "groups" in choice.why


def test_of_equal_candidates_the_smallest_is_chosen():
    splits = table()
    tries = [
        Candidate(str(n), replace(default_config(splits), layers=(Dense(n),), epochs=20))
        for n in (64, 32)
    ]
    steps = []
    choice = choose(splits, tries, seconds=SECONDS, progress=steps.append)
    assert [t.bytes for t in choice.tried] == sorted((t.bytes for t in choice.tried), reverse=True)
    best = choice.tried[choice.best]
    assert best.behind <= best.behind_error or best.behind == 0
    assert {s.number for s in steps} == set(range(1, steps[0].of + 1))
    again = choose(splits, tries, seconds=SECONDS)
    assert [(t.accuracy, t.error) for t in again.tried] == [
        (t.accuracy, t.error) for t in choice.tried
    ]


def test_the_rule_takes_the_smallest_within_one_standard_error():
    config = default_config(table())

    def tried(accuracy, behind, error, size):
        return Tried("", config, accuracy, 0.02, behind, error, size, 1.0, 1.0)

    large, middle = tried(0.9, 0.0, 0.0, 9000), tried(0.89, 0.01, 0.011, 3000)
    small = tried(0.8, 0.1, 0.02, 1000)
    assert best_of([small, large, middle]) == 2
    assert best_of([small, large]) == 1
    assert best_of([large, replace(large, accuracy=0.95)]) == 1  # as small, and more accurate


def test_texts_are_compared_too():
    choice = choose(texts(), short(texts(), epochs=5), seconds=SECONDS)
    assert len(choice.tried) == 3 and max(t.accuracy for t in choice.tried) > 0.97


def test_folds_keep_groups_whole_and_classes_in_each():
    rng = np.random.default_rng(0)
    groups, labels = np.repeat(np.arange(9), 20), rng.integers(0, 3, 180)
    folds = folds_of(Units("group", groups), labels, 3)
    assert all(len({*folds[groups == g].tolist()}) == 1 for g in range(9))
    counts = [np.bincount(labels[folds == k], minlength=3) for k in range(3)]
    assert np.min(counts) > 10 and set(folds.tolist()) == {0, 1, 2}


def test_the_only_group_of_a_class_is_always_trained_on():
    groups, labels = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 0, 1, 2, 2])
    assert folds_of(Units("group", groups), labels, 2)[4:].tolist() == [-1, -1]


def test_units_are_groups_then_recordings_then_equal_windows():
    splits = tones(people=4, each=8)
    assert units_of(splits.train).kind == "group"
    alone = replace(splits.train, groups=np.full(len(splits.train), "one"))
    assert units_of(alone).kind == "window"
    places = np.stack([np.arange(len(alone)) // 2, np.zeros(len(alone), int)], axis=1)
    assert units_of(replace(alone, places=places)).kind == "recording"
    twice = replace(alone, items=np.repeat(alone.items[::2], 2, axis=0)[: len(alone)])
    assert len(set(units_of(twice).of.tolist())) == (len(alone) + 1) // 2


def test_a_plan_counts_work_and_keeps_recordings_whole():
    splits = tones(people=6, each=400, length=32)
    configs = [replace(c.config, epochs=40) for c in candidates(splits)[:2]]
    whole, little = (plan(splits, configs, 4, 0, seconds) for seconds in (1e6, 1.5))
    assert (len(whole.part), whole.count, whole.share) == (len(splits.train), 4, 1)
    assert little.count == 3 and 900 <= len(little.part) < len(whole.part) and little.share < 1
    assert little.epochs_of(configs[0]) == 10


def test_errors_of_a_mean_grow_where_windows_depend_on_each_other():
    values = np.repeat([0.0, 1.0, 0.0, 1.0], 25)
    alone = standard_error(values, np.arange(100))
    assert alone == pytest.approx(0.05, rel=0.02)
    assert standard_error(values, np.repeat(np.arange(4), 25)) == pytest.approx(0.289, rel=0.01)
    assert standard_error(values, np.zeros(100, int)) == 0


def test_nothing_can_be_compared_where_each_class_has_one_recording():
    splits = tones(people=4, each=8)
    places = np.stack([splits.train.labels, np.arange(len(splits.train))], axis=1)
    alone = np.full(len(places), "one")
    one = replace(splits, train=replace(splits.train, places=places, groups=alone))
    with pytest.raises(DataError, match="no data can be left out"):
        choose(one, candidates(one)[:2])


def long_windows(count=300, length=1000, channels=3):
    """Slow movements, so that convolutions along time are a candidate."""
    rng = np.random.default_rng(0)
    samples = np.cumsum(rng.normal(0, 20, (count, length, channels)), axis=1).astype(np.int16)
    return prepare(from_windows("long", samples, ["a", "b"] * (count // 2), rate_mhz=500_000))


def total(splits, configs, planned):
    each = len(planned.part) * (planned.count - 1) // planned.count
    return sum(
        planned.count * seconds_of(c, splits, each, planned.epochs_of(c))
        for c in (configs[i] for i in planned.tried)
    )


def test_spectra_and_changed_windows_have_their_price():
    splits = long_windows(length=512, channels=1)
    found = {c.name.split(",")[0]: c.config for c in candidates(splits)}
    config = replace(found["spectrum"], augment=None)

    def features(augment, epochs):
        work = [seconds_of(replace(config, augment=a), splits, 64, epochs) for a in (augment, None)]
        return work[0] - work[1]

    once, changed = 64 * 512 * SPECTRUM, 64 * 512 * (SPECTRUM + CHANGED)
    one, two = (seconds_of(config, splits, 64, epochs) for epochs in (1, 2))
    assert 2 * one - two == pytest.approx(once)  # not again in the second epoch
    assert features(SoundAugment(gain=6), 10) == pytest.approx(10 * changed - once)
    assert features(SoundAugment(gain=6, versions=4), 10) == pytest.approx(4 * changed - once)
    assert features(SoundAugment(band_shift=1), 10) == pytest.approx(0)


def test_a_plan_that_takes_too_long_leaves_the_dearest_out_but_never_the_first():
    splits = long_windows()
    configs = [c.config for c in candidates(splits)]
    all_of_them = plan(splits, configs, 4, 0, 1e6)
    assert all_of_them.tried == (0, 1, 2, 3) and not all_of_them.left_out
    planned = plan(splits, configs, 4, 0, USUAL / 3)
    assert planned.tried == (0, 1, 2) and planned.left_out[0][0] == 3
    assert planned.left_out[0][1] > total(splits, configs, planned)
    assert total(splits, configs, planned) <= TOO_LONG * USUAL / 3
    turned = plan(splits, configs[::-1], 4, 0, 0.1)
    assert turned.tried[0] == 0 and len(turned.tried) == 2


def test_two_that_take_too_long_are_tried_on_fewer_windows():
    splits = long_windows(1400, 64, 1)
    configs = [c.config for c in candidates(splits)]
    fewer = plan(splits, configs, 4, 0, 0.5)
    assert len(fewer.tried) == 2 and 280 <= len(fewer.part) < 600


def test_what_is_left_out_is_said():
    splits = table()
    tries = short(splits, epochs=4)
    choice = choose(splits, tries, seconds=0.02)
    assert len(choice.tried) == 2 and choice.tried[0].name == tries[0].name
    missing = {c.name for c in tries} - {t.name for t in choice.tried}
    assert missing and all(
        f"left out, as trying it would take some 0 s: {name}" in choice.why for name in missing
    )


def test_groups_that_are_recordings_are_called_so():
    splits = tones(people=6, each=8)
    configs = [candidates(splits)[0].config]
    for grouping, said in (("group", "whole groups"), ("recording", "whole recordings")):
        of = replace(splits, understood=SimpleNamespace(grouping=grouping))
        assert said in plan(of, configs, 4, 0, 1e6).describe()
