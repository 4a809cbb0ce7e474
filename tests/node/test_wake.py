"""A keyword's events on the node: one for each utterance."""

import pytest

from tests.lab import chirps
from tests.lab.targets import interpreter
from tests.node.test_module import NODE
from xnornode.model.answers import AnswerStream
from xnornode.model.model_file import save_model
from xnornode.recipes.wake_streams import scores_of

UTTERANCES = 6


@pytest.mark.parametrize("target", ["unix"])
def test_a_word_that_is_said_so_often_wakes_so_often(target, tmp_path):
    _, woken = chirps.woken()
    model, window = woken.model, woken.model.window
    save_model(model, tmp_path / "m.bnn")
    samples = chirps.stream(UTTERANCES, seed=3)
    (tmp_path / "samples").write_bytes(samples.astype("<i2").tobytes())
    run = interpreter(target).run
    lines = run(NODE / "wake.py", tmp_path / "m.bnn", tmp_path / "samples").splitlines()
    stream = AnswerStream(model.answers, 2)
    rows = enumerate(scores_of(model, samples))
    expected = [
        f"{window.length + i * window.hop} up" for i, row in rows if stream.add(row).detected
    ]
    assert lines == expected
    # One in each second and a half, and none at the other words between them
    assert [int(line.split()[0]) // (1.5 * chirps.RATE) for line in lines] == [*range(UTTERANCES)]
