"""Windows of levels on this computer's MicroPythons against the twin: 0 of N differ."""

import json

import pytest

from tests.lab.stream_sessions import as_json, node_state, session
from tests.lab.targets import INTERPRETERS, interpreter
from tests.lab.window_sessions import SCRIPT as WINDOWS

SESSIONS = 12
SCRIPT = WINDOWS.with_name("level_window.py")


@pytest.fixture(scope="module")
def made():
    return [session(seed, node_state) for seed in range(SESSIONS)]


@pytest.fixture(scope="module", params=INTERPRETERS)
def micropython(request):
    return interpreter(request.param)


def test_random_sessions(made, micropython, tmp_path):
    lines = [json.dumps(as_json(*given)) + "\n" for given, _ in made]
    (tmp_path / "sessions").write_text("".join(lines))
    states = [
        json.loads(line)
        for line in micropython.run(SCRIPT, tmp_path / "sessions").split("\n")
        if line
    ]
    assert sum(a != b for a, (_, b) in zip(states, made, strict=True)) == 0
    assert sum(state[1] for _, wanted in made for state in wanted) > 50, "complete windows"
