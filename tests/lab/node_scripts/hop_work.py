# Runs in MicroPython: the operations of a hop and of a window of a model.
import sys

import bnn

with open(sys.argv[1], "rb") as f:
    model = bnn.Model(f.read())
print(model.hop_work, model.work)
