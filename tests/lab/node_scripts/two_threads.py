# Runs in MicroPython with threads: two of them call one model, each with its own window. Each call
# gives its own scores, or RuntimeError. Prints the calls that came through, refused, and wrong.
import _thread
import sys
import time
from array import array

import bnn

CALLS = 3000
with open(sys.argv[1], "rb") as f:
    model = bnn.Model(f.read())
size = model.length * len(model.channels)
windows = [array("h", (i * k % 4001 - 2000 for i in range(size))) for k in (37, 1009)]
expected = []
for window in windows:
    scores = array("i", (0 for _ in model.labels))
    model.scores(window, scores)
    expected.append(scores)
counts = [[0, 0, 0], [0, 0, 0]]  # of each thread: good, refused, wrong
outs = [array("i", (0 for _ in model.labels)) for _ in windows]
ended = [0, 0]
texts = set()


def work(which):
    window, right, out, count = windows[which], expected[which], outs[which], counts[which]
    try:
        while count[0] < CALLS:
            try:
                model.scores(window, out)
            except RuntimeError as error:
                texts.add(str(error))
                count[1] += 1
                time.sleep_us(50)
                continue
            count[0] += 1
            count[2] += out != right
    finally:
        ended[which] = 1


_thread.start_new_thread(work, (1,))
work(0)
for _ in range(60_000):
    if ended[1]:
        break
    time.sleep_ms(1)
assert texts <= {"model is busy in another thread"}, texts
print([counts[0][i] + counts[1][i] for i in range(3)])
