"""Chunks decoded by machine code, against the twin that the protocol's tests drive."""

import subprocess

import numpy as np
import pytest

from tests.lab.livenode import DEVICE
from tools.firmware.build import build
from xnornode.link.send_window import escape

PROGRAM = """
from xnornode import escapes, push
assert push.decode is escapes.decode
for text in {texts}:
    view = memoryview(text)[1:]
    out, twin = bytearray(push.decoded_length(view)), bytearray(push.decoded_length(view))
    said = []
    for decode, to in ((push.decode, out), (push.decode_slowly, twin)):
        try:
            decode(view, memoryview(to))
            said.append(bytes(to))
        except ValueError:
            said.append(None)
    assert said[0] == said[1], text
    print(said[0] is None)
"""


@pytest.mark.quick
def test_machine_code_and_its_twin_agree():
    rng = np.random.default_rng(0)
    data = [bytes(range(256)), b"", b"=" * 200, rng.bytes(1000), rng.bytes(127), rng.bytes(128)]
    right = [b"x" + bytes(escape(one)) for one in data]
    wrong = [b"x=", b"x==a", b"xabc=", b"x" + b"a" * 127 + b"==", b"xa=b=="]
    code = PROGRAM.format(texts=right + wrong)
    done = subprocess.run(
        [str(build("unix")), "-c", code],
        env={"MICROPYPATH": str(DEVICE)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["False"] * len(right) + ["True"] * len(wrong)
