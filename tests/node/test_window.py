"""bnn.Window on this computer's MicroPythons against its twin: 0 of N differ."""

import json

import pytest

from tests.lab.targets import INTERPRETERS, interpreter
from tests.lab.window_sessions import SCRIPT, expected, sessions

SESSIONS, OPERATIONS = 150, 60
ERRORS = SCRIPT.with_name("window_errors.py")


@pytest.fixture(scope="module", params=INTERPRETERS)
def micropython(request):
    return interpreter(request.param)


def test_random_sessions(micropython, tmp_path):
    made = sessions(SESSIONS, OPERATIONS)
    (tmp_path / "sessions").write_text("".join(session.text + "\n" for session in made))
    lines = micropython.run(SCRIPT, tmp_path / "sessions").splitlines()
    states = [json.loads(line) for line in lines]
    wanted = [expected(session) for session in made]
    assert sum(a != b for a, b in zip(states, wanted, strict=True)) == 0
    assert sum(state[-1][3] for state in wanted) > 2_000, "clipped values"
    assert sum(state[2] for session in wanted for state in session) > 2_000, "complete windows"


def test_what_is_refused_leaves_the_window_as_it_was(micropython):
    assert micropython.run(ERRORS).strip() == "ok"
