"""Follow a node's predictions and act on them. Runs on the PC.

python examples/follow_predictions.py /dev/ttyACM0
python examples/follow_predictions.py socket://bridge:5000 --count 100
"""

import argparse
from collections import Counter
from itertools import islice

from xnornode import Monitor

parser = argparse.ArgumentParser(description="Follow a node's predictions until Ctrl-C.")
parser.add_argument("port", help="serial port or pyserial URL")
parser.add_argument("--count", type=int, help="end after so many predictions")
options = parser.parse_args()

seen = Counter()
last = None
with Monitor(options.port) as node:
    try:
        for p in islice(node, options.count):
            seen[p.label] += 1
            if p.label != last:  # act where the class changes
                print(f"{p.label}: scores {p.scores}, {p.us} us", flush=True)
                last = p.label
            if p.lost:  # the node made them, and they did not arrive
                print(f"{p.lost} predictions were lost", flush=True)
    except KeyboardInterrupt:
        pass
    print(f"{node.predictions} predictions, {node.lost} lost, {node.restarts} restarts")
for label, count in seen.most_common():
    print(f"{count:6} {label}")
