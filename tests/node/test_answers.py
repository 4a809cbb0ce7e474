"""A node's predictions with answers, and their lines, against the reference on a PC."""

import ast
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.lab.nets import random_model
from tests.lab.targets import INTERPRETERS, interpreter
from tests.node.test_module import NODE, classify_script, write_recording
from xnornode.model.answers import Answers
from xnornode.model.classifier import Classifier, thousandths
from xnornode.model.model_file import save_model

LENGTH, HOP, COUNT = 8, 3, 8 + 3 * 30
RULES = Answers(*Answers.scaled(0.02), windows=3, threshold=40_000, hold_off=2, background=(1,))


@pytest.fixture(scope="module", params=[name for name in INTERPRETERS if "xtensa" not in name])
def micropython(request):
    return interpreter(request.param)


def answering(seed, answers):
    model = random_model(seed, LENGTH, 2, 3, (16, 3))
    return replace(model, window=replace(model.window, hop=HOP), answers=answers)


def shown(predictions):
    """As tests/lab/node_scripts/predictions.py prints them."""
    found = []
    for p in filter(None, predictions):
        sure = None if p.confidence is None else thousandths(p.confidence)
        rest = (p.likely, sure, p.unknown, p.detected, p.answer, str(p))
        found.append((p.label, p.index, list(p.scores), *rest))
    return found


def expected(model, other):
    """Of the samples before the gap, after it, and after the change to the other model."""
    at = np.arange(1, 3 * COUNT + 1)[:, None]
    samples = (37 * at * at + 11 * np.arange(2)) % 4001 - 2000
    clf = Classifier(model)
    found = [clf.feed(sample) for sample in (*samples[:COUNT], None, *samples[COUNT : 2 * COUNT])]
    # The window goes on; the answers do not.
    clf = Classifier(other)
    found += [clf.feed(sample) for sample in samples[2 * COUNT - (LENGTH - HOP) :]]
    return shown(found)


@pytest.mark.parametrize("how", ["classifier", "background"])
@pytest.mark.parametrize("plain", [False, True])
def test_predictions(micropython, tmp_path, how, plain):
    if how == "background" and "native" in str(micropython.path):
        how = "classifier"  # a release's interpreter has no threads without the GIL
    model = answering(5, None if plain else RULES)
    other = answering(6, replace(RULES, windows=1, background=()))
    save_model(model, tmp_path / "m.bnn")
    save_model(other, tmp_path / "o.bnn")
    files = (tmp_path / "m.bnn", tmp_path / "o.bnn")
    output = micropython.run(NODE / "predictions.py", how, *files, str(COUNT))
    got = [ast.literal_eval(line) for line in output.splitlines()]
    assert got == expected(model, other)
    assert {row[5] for row in got} == {row[6] for row in got} == {False, True}


def test_lines(micropython, tmp_path):
    """`classify.py` on recordings: each starts anew."""
    model = answering(5, RULES)
    save_model(model, tmp_path / "model.bnn")
    (tmp_path / "recordings").mkdir()
    clf, lines = Classifier(model), []
    rng = np.random.default_rng(0)
    for i in range(3):
        samples = rng.integers(-2000, 2000, (95, 2)).astype(np.int16)
        path = tmp_path / "recordings" / f"r{i}.rec"
        write_recording(path, samples, model.window.channels)
        for sample in (None, *samples):
            if p := clf.feed(sample):
                lines.append(("prediction", p.label, thousandths(p.confidence), p.answer))
                if p.detected:
                    lines.append(("detected", p.answer, thousandths(p.confidence)))
    got = lines_of(micropython.run(classify_script(tmp_path, realtime=False)))
    assert got == lines
    assert {line[-1] for line in got if line[0] == "prediction"} > {"unknown"}
    assert any(line[0] == "detected" for line in got)


def lines_of(output: str) -> list[tuple[object, ...]]:
    found, newest = [], {}
    for line in map(json.loads, output.splitlines()):
        if line["event"] == "prediction":
            newest = line
            found.append(("prediction", line["label"], line["confidence"], line["answer"]))
        elif line["event"] == "detected":
            assert (line["seq"], line["ms"]) == (newest["seq"], newest["ms"])
            found.append(("detected", line["label"], line["confidence"]))
    return found


def test_a_model_without_answers_has_the_lines_of_before(micropython, tmp_path: Path):
    save_model(answering(5, None), tmp_path / "model.bnn")
    (tmp_path / "recordings").mkdir()
    samples = np.random.default_rng(0).integers(-2000, 2000, (95, 2)).astype(np.int16)
    channels = answering(5, None).window.channels
    write_recording(tmp_path / "recordings" / "r.rec", samples, channels)
    output = micropython.run(classify_script(tmp_path, realtime=False))
    lines = [json.loads(line) for line in output.splitlines()]
    keys = {"event", "seq", "ms", "label", "index", "scores", "us", "crc"}
    assert {tuple(sorted(x)) for x in lines if x["event"] == "prediction"} == {tuple(sorted(keys))}
    assert not any(line["event"] == "detected" for line in lines)
