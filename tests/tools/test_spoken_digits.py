"""The bench of spoken digits, on words of tones."""

import wave
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.lab.core import core
from tools.bench import spoken_digits
from tools.bench.spoken_digits import FEW, KNOWN, MOST_BYTES, NEW, SPEAKERS, main, missed, split
from xnornode.errors import DataError
from xnornode.export.fold import fold
from xnornode.model.file_format import to_bytes
from xnornode.recipes.settings import SPOKEN_DIGITS, Recipe
from xnornode.training.trainer import train

RATE = 8000
DIGITS = ("0", "1", "2")
SHORT = Recipe(replace(SPOKEN_DIGITS.config, epochs=24, batch=8), SPOKEN_DIGITS.options)


def word(digit: str, speaker: int, rng: np.random.Generator) -> np.ndarray:
    """A tone that stays, rises or falls; each speaker has a voice, a loudness and a room."""
    t = np.arange(int(RATE * rng.uniform(0.25, 0.4))) / RATE
    middle = (500 + 60 * speaker) * rng.uniform(0.97, 1.03)
    bend = {"0": 0, "1": 900, "2": -900}[digit] * (t - t[-1] / 2)
    tone = np.sin(2 * np.pi * np.cumsum(middle + bend) / RATE) * np.hanning(len(t))
    loud = 200 * 2.5**speaker
    return loud * tone + rng.normal(0, 1 + loud * 1e-3 * speaker, len(t))


def write_wav(path: Path, samples: np.ndarray, rate: int) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.rint(samples).astype("<i2").tobytes())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(5)
    made = tmp_path_factory.mktemp("recordings")
    for digit in DIGITS:
        for i, speaker in enumerate((*SPEAKERS, "somebody")):
            for number in (0, 1, 2, 3, 10):
                write_wav(made / f"{digit}_{speaker}_{number}.wav", word(digit, i, rng), RATE)
    return made


@pytest.fixture(scope="module")
def dataset(folder: Path):
    return spoken_digits.read_digits(folder)


def test_both_layouts_and_a_zip_file_are_the_same(folder, dataset, tmp_path):
    path = tmp_path / "digits.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for file in folder.iterdir():
            digit, speaker, _ = file.stem.split("_")
            packed.write(file, f"{digit}/{speaker}/{file.name}")
    other = spoken_digits.read_digits(path)
    assert len(dataset.items) == 3 * 4 * 5 and set(dataset.groups) == set(SPEAKERS)
    assert list(dataset.labels) == list(other.labels) and dataset.groups == other.groups
    assert all((a == b).all() for a, b in zip(dataset.items, other.items, strict=True))


def test_what_is_held_out(dataset):
    new = split(dataset, NEW, "george", SHORT, 0)
    assert set(new.test.groups) == {"george"} and "george" not in new.train.groups
    few = split(dataset, FEW, "george", SHORT, 0)
    assert (
        len(few.test) == 3 * (5 - 3)
        and len(few.train) == len(new.train) + 3 * 3 * spoken_digits.TIMES
    )
    # The first recordings by number, not by name: 0, 1, 2, and not 0, 1, 10.
    tenth = [i for i, name in enumerate(dataset.names) if name.endswith("0_george_10.wav")]
    assert len(tenth) == 1 and spoken_digits.number(dataset.names[tenth[0]]) == 10
    groups = np.array(few.train.groups)
    assert set(groups) == {*SPEAKERS[1:], "first of george"}
    known = split(dataset, KNOWN, "all", SHORT, 0)
    assert len(known.test) == pytest.approx(0.2 * 60, abs=1) and known.validation is None
    again = split(dataset, KNOWN, "all", SHORT, 1)
    assert (
        known.test.items.shape != again.test.items.shape
        or (known.test.items != again.test.items).any()
    )


def test_the_recipe_hears_a_new_speaker_as_the_c_core_does(dataset):
    splits = split(dataset, NEW, "nicolas", SHORT, 0)
    model = fold(train(splits, SHORT.config))
    test = splits.tested()
    scores = model.scores(test.items)
    assert (scores.argmax(1) == test.labels).mean() > 0.7
    answer = core().classify(to_bytes(model), test.items, len(model.labels))
    assert answer.reason == "ok" and answer.selftest
    np.testing.assert_array_equal(answer.scores, scores)
    frames, bands, channels = model.layers[0].input_shape
    assert (frames, bands) == (31, SHORT.config.features.bands) and channels == 1
    assert len(to_bytes(model)) < MOST_BYTES


@pytest.mark.quick
def test_table_and_bars():
    one = {"right": 0.9, "size": 9000, "milliseconds": 20.4, "cpu": 30.0}
    results = {
        (task, speaker, seed): {**one, "right": 0.9 + 0.02 * seed + 0.05 * (speaker == "jackson")}
        for seed in (0, 1)
        for task in (NEW, FEW, KNOWN)
        for speaker in (SPEAKERS[:2] if task != KNOWN else ("all",))
    }
    text = spoken_digits.table(results)
    assert "| new speaker: george | 91.0% | 90.0% to 92.0% |  |" in text
    assert "| new speaker: mean | 93.5% | 92.5% to 94.5% | 85% |" in text
    assert "9,000 bytes; an estimated 20 ms" in text
    assert missed(results) == [
        "3 recordings a word: 93.5%, the bar is 94%",
        "split by recording: 91.0%, the bar is 97%",
    ]
    large = {key: {**r, "right": 1.0, "size": 10001} for key, r in results.items()}
    assert missed(large) == ["10001 bytes: at most 10000"]


def test_all_is_trained_and_kept(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(spoken_digits, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(spoken_digits, "MODELS", tmp_path / "models")
    short = replace(SHORT, config=replace(SHORT.config, epochs=1))
    assert main([str(folder), "--seeds", "1"], short) == 1  # an epoch is too short for the bars
    told = capsys.readouterr()
    assert "| split by recording |" in told.out and "the bar is 85%" in told.err
    assert len(list((tmp_path / "models").iterdir())) == 9
    main([str(folder), "--seeds", "1"], short)  # from what is kept
    assert capsys.readouterr().out == told.out


@pytest.mark.quick
def test_other_speakers_are_refused(tmp_path):
    rng = np.random.default_rng(0)
    for digit in DIGITS[:2]:
        write_wav(tmp_path / f"{digit}_somebody_0.wav", word(digit, 0, rng), RATE)
    with pytest.raises(DataError, match="has not the speakers george"):
        main([str(tmp_path)])
