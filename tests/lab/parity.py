"""Compares a board's scores with the reference, over serial."""

from ast import literal_eval
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterable, Iterator

import numpy as np

from xnornode.link.repl import Board
from xnornode.model.drift import DriftStream
from xnornode.model.file_format import to_bytes
from xnornode.model.model import Model

PIECE = 1536
AT_ONCE = 2200  # characters of code, for which any board has the RAM to parse it

# The board keeps the last window; `more` shifts in what is new of the next one and classifies.
SETUP = """
import bnn, gc
from array import array
from binascii import a2b_base64 as d, b2a_base64 as e
def begin(size):
    global m, w, v, out, file
    m = w = v = out = file = None
    gc.collect()
    file = bytearray(size)
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

DRIFT = """
def drift():
    m.scores(w, out, k)
    moved = []
    while k.moved(len(moved)):
        moved.append(k.moved(len(moved)))
    print((k.level, k.flagged, moved))
"""


def disagreements(board: Board, model: Model, windows: np.ndarray, hop: int) -> int:
    """On how many of the int16 windows (n, length, channels) any score differs from the reference.

    hop: how many samples of a window are new against the one before it; the rest is not sent.
    """
    board.run(SETUP)
    return _disagreements(board, model, windows, hop, model.scores(windows))


def disagreeing(board: Board, jobs: Iterable[tuple[Model, np.ndarray, np.ndarray]]) -> list[Model]:
    """Of models, with windows and the reference's scores of them: those of which any differs."""
    board.run(SETUP)
    return [
        model
        for model, windows, scores in jobs
        if _disagreements(board, model, windows, model.window.length, scores)
    ]


def drift_disagreements(board: Board, model: Model, windows: np.ndarray) -> int:
    """After how many of the windows the board's drift is not that of the reference."""
    board.run(SETUP)
    board.run(DRIFT)
    said: list[str] = []
    for code in _lumps([*_load(model), "k = bnn.Drift(m)", *_classify(windows, len(windows[0]))]):
        said += board.run(code.replace("scores()", "drift()")).splitlines()
    stream, wrong = DriftStream(model.drift), 0
    for line, values in zip(said, model.features.values(windows), strict=True):
        stream.add(values)
        moved = [(*n, m) for n, m in zip(model.drift.watched, stream.moved, strict=True)]
        wrong += literal_eval(line) != (stream.level, stream.flagged, moved)
    return wrong


def _disagreements(
    board: Board, model: Model, windows: np.ndarray, hop: int, scores: np.ndarray
) -> int:
    differ = _board_scores(board, model, windows, hop) != scores
    return int(differ.any(axis=1).sum())


def _board_scores(board: Board, model: Model, windows: np.ndarray, hop: int) -> np.ndarray:
    """The board's scores, int32 (n, classes), of a model that goes into its RAM.

    The class that the board names is checked against its own scores on the way.
    """
    rows = []
    for code in _lumps([*_load(model), *_classify(windows, hop)]):
        for line in board.run(code).splitlines():
            index, text = line.split()
            row = np.frombuffer(a2b_base64(text), "<i4")
            assert int(index) == row.argmax()
            rows.append(row)
    return np.array(rows)


def _lumps(lines: Iterable[str]) -> Iterator[str]:
    """Lines of code, as many in one as the board takes at once."""
    code = ""
    for line in lines:
        if code and len(code) + len(line) > AT_ONCE:
            yield code
            code = ""
        code += line + "\n"
    yield code


def _load(model: Model) -> Iterator[str]:
    """Code that gives the board a model."""
    data = to_bytes(model)
    yield f"begin({len(data)})"
    for at, text in _pieces(data):
        yield f"file[{at}:{min(at + PIECE, len(data))}] = d('{text}')"
    yield "load()"


def _classify(windows: np.ndarray, hop: int) -> Iterator[str]:
    """Code that gives the board what is new of each window and has it classified."""
    for i, window in enumerate(windows):
        overlap = i > 0 and (windows[i - 1][hop:] == window[:-hop]).all()
        new = (window[-hop:] if overlap else window).astype("<i2").tobytes()
        yield from (f"more('{text}')" for _, text in _pieces(new))
        yield "scores()"


def _pieces(data: bytes) -> Iterator[tuple[int, str]]:
    """Where each piece begins, and it as text."""
    for at in range(0, len(data), PIECE):
        yield at, b2a_base64(data[at : at + PIECE], newline=False).decode()
