"""Windows of levels on this computer's MicroPythons against the twin: 0 of N differ."""

import json
from base64 import b64encode

import pytest

from tests.lab.stream_sessions import as_json, model, node_state, session
from tests.lab.targets import INTERPRETERS, interpreter
from tests.lab.window_sessions import SCRIPT as WINDOWS
from xnornode.model.file_format import to_bytes
from xnornode.model.level_window import hop_work
from xnornode.model.spectrum import Spectrum, band_edges
from xnornode.model.work import work

SESSIONS = 12
NODE = WINDOWS.parent
SCRIPT = WINDOWS.with_name("level_window.py")


@pytest.fixture(scope="module")
def made():
    return [session(seed, node_state) for seed in range(SESSIONS)]


@pytest.fixture(scope="module", params=INTERPRETERS)
def micropython(request):
    return interpreter(request.param)


def test_random_sessions_and_errors(made, micropython, tmp_path):
    features = Spectrum(64, 32, band_edges(64, 6, 8000, 60, 4000))
    lines = [b64encode(to_bytes(model(features, 200, 64, 2))).decode() + "\n"]  # for errors
    lines += [json.dumps(as_json(*given)) + "\n" for given, _ in made]
    (tmp_path / "sessions").write_text("".join(lines))
    states = [
        json.loads(line)
        for line in micropython.run(SCRIPT, tmp_path / "sessions").split("\n")
        if line
    ]
    assert sum(a != b for a, (_, b) in zip(states, made, strict=True)) == 0
    assert sum(state[1] for _, wanted in made for state in wanted) > 50, "complete windows"


def test_the_work_of_a_hop_leaves_known_frames_out(micropython, tmp_path):
    features = Spectrum(64, 16, band_edges(64, 6, 8000, 60, 4000))
    found = {}
    for hop in (16, 32, 144, 24):  # with the last one, windows do not begin with a frame
        made = model(features, 150, hop, 2)
        (tmp_path / "m.bnn").write_bytes(to_bytes(made))
        said = micropython.run(NODE / "hop_work.py", tmp_path / "m.bnn").split()
        found[hop] = hop_work(made)
        assert [int(n) for n in said] == [found[hop], work_of(made)]
    assert found[16] < found[32] < found[144] == found[24]


def work_of(made):
    w = made.window
    return work(made.features, made.encoding, made.layers, w.length, len(w.channels))
