"""Train on NumPy data and write a model for a node. Runs on the PC.

python examples/train_from_python.py model.bnn
xnornode info model.bnn
xnornode push model.bnn
"""

import sys

import numpy as np

from xnornode import XnorClassifier

# Put your own data here. X: windows (n, length, channels) in counts of the sensor; y: a label each.
rng = np.random.default_rng(0)
time = np.arange(64)[None, :, None]
speed = np.repeat([0.2, 0.5], 200)[:, None, None]
phase = rng.uniform(0, 6, (400, 1, 2))
X = np.rint(1000 * np.sin(speed * time + phase) + rng.normal(0, 200, (400, 64, 2)))
y = np.repeat(["slow", "fast"], 200)

# Test on windows that training has not seen. With people or places, hold whole ones out.
order = rng.permutation(len(X))
training, test = order[:300], order[300:]

classifier = XnorClassifier(layers="conv 16x5/2 pool 2, dense 32", epochs=20, random_state=0)
classifier.fit(X[training], y[training])

# `score` uses the integer network: the node gives the same answers, bit for bit.
print(f"accuracy {classifier.score(X[test], y[test]):.1%} on {len(test)} windows")
size = classifier.save(sys.argv[1], "speeds")
print(f"{sys.argv[1]}: {size} bytes")
