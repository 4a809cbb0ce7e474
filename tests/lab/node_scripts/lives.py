# Runs in MicroPython: programs one after the other, a push under way in the second. Prints the free
# heap after each; then what net.json gives on a board without sockets.
import gc
import sys

from xnornode import Classifier, Link
from xnornode.model_store import Store

folder = sys.argv[1]
store = Store(folder + "/models", folder + "/model.bnn")


def live(pushes):
    link = Link(Classifier(store))
    if pushes:
        begin = {"length": 4000, "sha256": "ab" * 32, "revision": 9}
        assert "push" in link._connection.receiver._begin(begin)
    link.close()


for pushes in (False, True, False):
    live(pushes)
    gc.collect()
    print(gc.mem_free())


with open(folder + "/socket.py", "w") as f:
    f.write("raise ImportError(\"no module named 'socket'\")\n")
sys.path.insert(0, folder)
from xnornode.net_config import links  # noqa: E402

with open(folder + "/net.json", "w") as f:
    f.write('{"port": 5000}')
print(links(folder + "/net.json"))
