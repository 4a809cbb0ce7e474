# Runs in MicroPython: what a node has loaded that classifies without a network.
import sys

from xnornode import Classifier, Link
from xnornode.model_store import Store
from xnornode.supervisor import supervise

folder = sys.argv[1]
Link(Classifier(Store(folder + "/models", folder + "/model.bnn"))).step()
supervise(lambda: None)
print([name for name in sys.modules if name in ("xnornode.wires", "xnornode.net", "socket")])
