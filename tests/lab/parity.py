"""Compares a board's scores with the reference, over serial."""

from binascii import a2b_base64, b2a_base64

import numpy as np

from xnornode.link.repl import Board
from xnornode.model.file_format import to_bytes
from xnornode.model.model import Model

PIECE = 1536
AT_ONCE = 1000  # characters of code, when there are several windows

# The board keeps the last window; `more` shifts in what is new of the next one and classifies.
SETUP = """
import bnn, gc
from array import array
from binascii import a2b_base64 as d, b2a_base64 as e
def load():
    global m, w, v, out
    m = bnn.Model(file)
    assert m.selftest()
    w = bytearray(2 * m.length * len(m.channels))
    v = memoryview(w)
    out = array('i', bytes(4 * len(m.labels)))
def more(text):
    new = d(text)
    n = len(new)
    v[:-n] = v[n:]
    v[-n:] = new
def scores():
    i = m.scores(w, out)
    assert m.predict(w) == i
    print(i, str(e(out), 'ascii').strip())
"""


def send_model(board: Board, model: Model) -> None:
    """Give the board a model, in its RAM."""
    data = to_bytes(model)
    board.run(SETUP)
    board.run(f"m = w = v = out = file = None\ngc.collect()\nfile = bytearray({len(data)})")
    for at in range(0, len(data), PIECE):
        text = b2a_base64(data[at : at + PIECE], newline=False).decode()
        board.run(f"file[{at}:{min(at + PIECE, len(data))}] = d('{text}')")
    board.run("load()")


def board_scores(board: Board, model: Model, windows: np.ndarray, hop: int) -> np.ndarray:
    """The board's scores, int32 (n, classes), of int16 windows (n, length, channels).

    hop: how many samples of a window are new against the one before it; the rest is not sent.
    The class that the board names is checked against its own scores on the way.
    """
    rows = []
    code = ""
    for i in range(len(windows)):
        code += _more(windows, i, hop)
        if len(code) < AT_ONCE and i < len(windows) - 1:
            continue
        for line in board.run(code).splitlines():
            index, text = line.split()
            row = np.frombuffer(a2b_base64(text), "<i4")
            assert int(index) == row.argmax()
            rows.append(row)
        code = ""
    return np.array(rows)


def _more(windows: np.ndarray, i: int, hop: int) -> str:
    """Code that gives the board what is new of the i-th window and has it classified."""
    overlap = i > 0 and (windows[i - 1][hop:] == windows[i][:-hop]).all()
    new = (windows[i][-hop:] if overlap else windows[i]).astype("<i2").tobytes()
    pieces = [new[at : at + PIECE] for at in range(0, len(new), PIECE)]
    more = [f"more('{b2a_base64(piece, newline=False).decode()}')" for piece in pieces]
    return "\n".join([*more, "scores()\n"])


def disagreements(board: Board, model: Model, windows: np.ndarray, hop: int) -> int:
    """On how many windows any score differs from the reference."""
    send_model(board, model)
    differ = board_scores(board, model, windows, hop) != model.scores(windows)
    return int(differ.any(axis=1).sum())
